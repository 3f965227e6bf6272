// Running a call's operation on this node.
#include <type_traits>
#include <variant>

#include "absl/strings/str_cat.h"
#include "base/outcome_mark.h"
#include "base/strings.h"
#include "data/builtin.h"
#include "node/call.h"
#include "node/call_checks.h"
#include "node/host_op.h"
#include "node/node_ops.h"

namespace kv::internal {

// The turn of a built-in operation that found the bucket taken.
class Call::BuiltinTurn final : public Turn {
 public:
  explicit BuiltinTurn(std::shared_ptr<Call> call) : call_(std::move(call)) {}

  bool run(StoredBucket& bucket) override {
    if (bucket.contents().dropped) {
      call_->look_for_bucket_again();
    } else if (call_->begin()) {
      call_->run_begins();
      call_->complete(*run_builtin_in_turn(call_->core().home(), bucket,
                                           call_->op_to_run()));
    }
    return true;
  }

 private:
  const std::shared_ptr<Call> call_;
};

// The turn of an operation of the host: as long as the operation takes, on a
// thread of the pool.
class Call::HostOpTurn final : public Turn,
                               public std::enable_shared_from_this<HostOpTurn> {
 public:
  HostOpTurn(std::shared_ptr<Call> call, std::shared_ptr<const HostOp> host_op,
             Payload args, std::shared_ptr<StoredBucket> bucket)
      : call_(std::move(call)),
        host_op_(std::move(host_op)),
        args_(std::move(args)),
        bucket_(std::move(bucket)) {}
  // A pool that stops may drop it.
  ~HostOpTurn() override { end_turn(); }

  bool run(StoredBucket& bucket) override {
    if (bucket.contents().dropped) {
      call_->look_for_bucket_again();
      return true;
    }
    if (call_->ended()) return true;
    has_turn_ = true;
    if (post()) return false;
    has_turn_ = false;
    return true;
  }

  // False: there is no room, and the call has ended with that.
  bool post() {
    Job job = [self = shared_from_this()] { self->execute(); };
    // One that others wait for is let on: their work would be lost.
    const std::size_t depth = call_->request().held.size();
    Job refusal;
    if (depth == 0) refusal = [self = shared_from_this()] { self->refuse(); };
    if (call_->core().op_threads().post(depth, job, std::move(refusal))) {
      return true;
    }
    call_->refuse_for_load(absl::ResourceExhaustedError(absl::StrCat(
        "too many operations wait for a thread of ", call_->core().self().str(),
        ": see its NodeOptions::max_queued_ops")));
    return false;
  }

 private:
  void refuse() {
    call_->refuse_for_load(absl::ResourceExhaustedError(absl::StrCat(
        "operations wait too long for a thread of ", call_->core().self().str(),
        ": see its NodeOptions::max_queue_delay")));
    end_turn();
  }
  void execute() {
    if (call_->begin()) {
      call_->run_begins();
      execute_host_op(*call_, *host_op_, args_, bucket_.get());
    }
    end_turn();
  }
  void end_turn() {
    if (std::exchange(has_turn_, false)) bucket_->end_turn();
  }

  const std::shared_ptr<Call> call_;
  const std::shared_ptr<const HostOp> host_op_;
  const Payload args_;
  const std::shared_ptr<StoredBucket> bucket_;  // nullptr: it needs none
  bool has_turn_ = false;
};

void Call::look_for_bucket_again() {
  {
    const MutexLock lock(mutex_);
    bucket_ = nullptr;
    ticket_ = 0;
  }
  run_here();
}

void Call::run_here() {
  if (ended()) return;
  const Clock::time_point begun = whole_ == nullptr ? begun_ : Clock::now();
  if (auto answer = run_node_op(*core_, request_.op)) {
    run_begins(begun);
    return complete(*std::move(answer));
  }
  absl::Status status = check_not_held();
  if (!status.ok()) return refuse(std::move(status));
  if (const auto* const apply = std::get_if<Apply>(&request_.op)) {
    return run_host_op(apply->name);
  }
  if (const auto* const apply = std::get_if<TypedApply>(&request_.op)) {
    return run_host_op(apply->name);
  }
  run_builtin();
}

absl::Status Call::check_not_held() const {
  if (request_.held.size() >= kMostHops) {
    return absl::AbortedError(absl::StrCat("more than ", kMostHops,
                                           " operations wait for each other"));
  }
  const auto is_this = [this](const Held& held) {
    return held.node == core_->self() && held.bucket == request_.bucket;
  };
  if (request_.bucket.empty() ||
      std::none_of(request_.held.begin(), request_.held.end(), is_this)) {
    return absl::OkStatus();
  }
  std::string chain;
  for (const Held& held : request_.held) {
    absl::StrAppend(&chain, quoted(held.bucket), " on ", held.node.str(),
                    " -> ");
  }
  return absl::AbortedError(absl::StrCat(
      "the call would wait for the operation that made it: ", chain,
      quoted(request_.bucket), " on ", core_->self().str()));
}

void Call::run_builtin() {
  if (!begin()) return;
  const Home home = core_->home();
  const BucketId id{request_.bucket, request_.bucket_id};
  const Clock::time_point begun = whole_ == nullptr ? begun_ : Clock::now();
  std::optional<Answer> result =
      may_be_shared() ? run_builtin_now(home, id, std::as_const(request_.op))
                      : run_builtin_now(home, id, std::move(request_.op));
  if (result.has_value()) {
    run_begins(begun);
    return complete(*std::move(result));
  }
  if (!take_back_begin()) return;  // somebody has the bucket

  auto bucket =
      find_bucket(home, id, std::holds_alternative<Create>(request_.op));
  if (!bucket.ok()) return complete({std::move(bucket).status(), {}});
  wait_for_turn(*std::move(bucket),
                std::make_shared<BuiltinTurn>(shared_from_this()));
}

void Call::run_host_op(const std::string& name) {
  std::shared_ptr<const HostOp> host_op = core_->ops().find(name);
  if (host_op == nullptr) {
    return refuse(no_such_op(core_->self(), name));
  }
  absl::StatusOr<Payload> args = args_of(*host_op, request_.op);
  if (!args.ok()) return refuse(std::move(args).status());
  std::shared_ptr<StoredBucket> bucket;
  if (!request_.bucket.empty()) {
    auto found = find_bucket(core_->home(),
                             {request_.bucket, request_.bucket_id}, false);
    if (found.ok()) {
      bucket = *std::move(found);
    } else if (request_.bucket_id != 0) {
      return refuse(std::move(found).status());
    }
  }
  watch_deadline();
  auto turn = std::make_shared<HostOpTurn>(
      shared_from_this(), std::move(host_op), *std::move(args), bucket);
  if (bucket == nullptr) {
    turn->post();
  } else {
    wait_for_turn(std::move(bucket), std::move(turn));
  }
}

void Call::wait_for_turn(std::shared_ptr<StoredBucket> bucket,
                         std::shared_ptr<Turn> turn) {
  const std::optional<std::uint64_t> ticket = bucket->take_turn(
      std::move(turn), core_->limits().calls_per_bucket, request_.deadline);
  if (!ticket.has_value()) {
    return refuse(absl::ResourceExhaustedError(
        absl::StrCat("too many calls wait for bucket ", quoted(bucket->name()),
                     " on ", core_->self().str(),
                     ": its turn would come late, "
                     "or see NodeOptions::max_calls_per_bucket")));
  }
  if (*ticket == 0) return;
  watch_deadline();
  {
    const MutexLock lock(mutex_);
    if (ticket_ != 0) return;  // it has been in line here, and is elsewhere now
    if (done_) {
      bucket_ = std::move(bucket);
      ticket_ = *ticket;
      return;
    }
  }
  bucket->withdraw(*ticket);
}

void Call::watch_deadline() {
  {
    const MutexLock lock(mutex_);
    if (timer_.has_value() || !done_) return;
  }
  const Timers::Id timer =
      core_->timers().at(request_.deadline, [call = weak_from_this()] {
        if (const std::shared_ptr<Call> it = call.lock()) {
          it->give_up(absl::DeadlineExceededError(
              absl::StrCat("the operation did not end in time on ",
                           it->core_->self().str())));
        }
      });
  {
    const MutexLock lock(mutex_);
    if (done_) {
      timer_ = timer;
      return;
    }
  }
  core_->timers().cancel(timer);
}

}  // namespace kv::internal
