#include "node/call.h"

#include <algorithm>

#include "absl/strings/str_cat.h"
#include "base/outcome_mark.h"
#include "base/strings.h"
#include "node/call_checks.h"

namespace kv::internal {
namespace {

// Tables that disagree may be two in the middle of a change: the node where the
// call was made looks again after 1, 2, 4, ... ms, so for 63 ms in all.
constexpr int kMaxLooks = 6;
constexpr std::chrono::milliseconds kFirstPause{1};

}  // namespace

struct Call::Ending {
  Done done;
  bool away;
  Hop hop;
  std::shared_ptr<Cancellable> at_peer;
  std::optional<Timers::Id> timer;
  std::shared_ptr<StoredBucket> bucket;
  std::uint64_t ticket;
};

std::shared_ptr<Call> Call::start(std::shared_ptr<Core> core, Request request,
                                  std::optional<NodeName> destination,
                                  Done done, Batch* batch) {
  auto call = std::make_shared<Call>(std::move(core), std::move(request),
                                     std::move(destination), std::move(done));
  const absl::Status admitted = call->core_->calls().add(call, call->place_);
  if (admitted.ok()) {
    call->advance(batch);
  } else {
    call->turn_away(admitted);
  }
  return call;
}

std::shared_ptr<Call> Call::receive(std::shared_ptr<Core> core, Request request,
                                    Done done) {
  auto call = std::make_shared<Call>(std::move(core), std::move(request),
                                     std::nullopt, std::move(done));
  Core& it = *call->core_;
  absl::Status admitted = check_received(it.limits(), call->request_);
  if (admitted.ok()) admitted = it.calls().add(call, call->place_);
  if (admitted.ok()) {
    call->advance();
  } else if (absl::IsCancelled(admitted)) {
    call->turn_away(not_run(
        absl::UnavailableError(absl::StrCat(it.self().str(), " is stopping"))));
  } else {
    // To the caller "the node" would be its own.
    call->turn_away(not_run(
        absl::Status(admitted.code(),
                     absl::StrCat(it.self().str(), ": ", admitted.message()))));
  }
  return call;
}

void Call::turn_away(absl::Status status) {
  Done done;
  {
    const MutexLock lock(mutex_);
    done = std::exchange(done_, nullptr);
  }
  Response response;
  response.answer.status = std::move(status);
  done(std::move(response));
}

void Call::advance(Batch* batch) {
  if (Clock::now() >= request_.deadline) {
    return refuse(absl::DeadlineExceededError(
        "the time was up before the operation began"));
  }
  {
    const MutexLock lock(mutex_);
    hop_ = Hop();
    hop_.node = core_->self();
  }
  if (destination_.has_value() && *destination_ != core_->self()) {
    return forward(*destination_, batch);
  }
  if (request_.here) return run_here();

  const TableCell::View& view = core_->table().view();
  const std::size_t index = view.table.find_index(request_.bucket);
  {
    const MutexLock lock(mutex_);
    hop_.table_version = view.table.version();
    if (request_.want_trace && index != RoutingTable::kNone) {
      hop_.matched = view.table.entries()[index].range;
    }
  }
  if (index == RoutingTable::kNone) {
    return refuse(no_entry(request_.bucket, view.table));
  }
  const NodeName owner = view.table.entries()[index].node;
  if (owner == core_->self()) return run_here();
  forward(owner, batch);
}

void Call::forward(const NodeName& node, Batch* batch) {
  if (std::count(request_.path.begin(), request_.path.end(), node) > 0) {
    return refuse(absl::AbortedError(absl::StrCat(
                      "the tables send the call in a circle: ", way_to(node))),
                  /*look_again=*/true);
  }
  if (request_.path.size() >= request_.max_hops) {
    return refuse(absl::AbortedError(absl::StrCat("the call needs more than ",
                                                  request_.max_hops,
                                                  " hops: ", way_to(node))));
  }
  absl::StatusOr<std::shared_ptr<Peer>> peer = core_->peers().find(node);
  if (!peer.ok()) return refuse(std::move(peer).status());

  if (!make_ready_to_travel()) return;

  request_.path.push_back(core_->self());
  std::uint64_t number = 0;
  {
    const MutexLock lock(mutex_);
    if (!done_) return;
    away_ = true;
    number = ++sends_;
  }
  Done done = [self = shared_from_this()](Response response) {
    self->answered(std::move(response));
  };
  if (batch == nullptr) {
    sent(number, (*peer)->send(request_, std::move(done)));
  } else {
    watch_deadline();  // a trip ends with the last of its calls
    batch->add(*std::move(peer), request_, std::move(done),
               [self = shared_from_this(),
                number](std::shared_ptr<Cancellable> at_peer) {
                 self->sent(number, std::move(at_peer));
               });
  }
}

// An object of the host's becomes bytes, whose size shows only now.
bool Call::make_ready_to_travel() {
  auto* const typed = std::get_if<TypedApply>(&request_.op);
  if (typed == nullptr || typed->args.object() == nullptr) return true;
  typed->args = Payload(typed->args.bytes());
  absl::Status status = check_args(core_->limits(), typed->args.bytes().size());
  if (status.ok()) return true;
  refuse(std::move(status));
  return false;
}

void Call::sent(std::uint64_t number, std::shared_ptr<Cancellable> at_peer) {
  {
    const MutexLock lock(mutex_);
    if (number != sends_ || (done_ && !away_)) return;  // answered already
    if (done_) {
      at_peer_ = std::move(at_peer);
      return;
    }
  }
  at_peer->cancel();
}

void Call::answered(Response response) {
  if (response.look_again && wait_and_look_again()) return;
  std::optional<Ending> ending = end();
  if (ending.has_value()) answer(*std::move(ending), std::move(response));
}

bool Call::wait_and_look_again() {
  // Only where the call was made, since a mended table may send it another way
  // from the beginning.
  if (request_.path.size() != 1 || request_.path[0] != core_->self() ||
      looks_ == kMaxLooks) {
    return false;
  }
  const Clock::time_point next =
      Clock::now() + kFirstPause * (std::int64_t{1} << looks_);
  if (next >= request_.deadline) return false;
  ++looks_;
  request_.path.clear();
  {
    const MutexLock lock(mutex_);
    away_ = false;
    at_peer_ = nullptr;
  }
  core_->timers().at(next, [self = shared_from_this()] {
    if (!self->ended()) self->advance();
  });
  return true;
}

std::string Call::way_to(const NodeName& next) const {
  std::string way;
  for (const NodeName& node : request_.path) {
    absl::StrAppend(&way, node.str(), " -> ");
  }
  absl::StrAppend(&way, core_->self().str(), " -> ", next.str());
  return way;
}

void Call::cancel() { give_up(absl::CancelledError("the call was cancelled")); }

bool Call::ended() const {
  const MutexLock lock(mutex_);
  return !done_;
}

bool Call::begin() {
  if (Clock::now() >= request_.deadline) {
    give_up(absl::DeadlineExceededError(
        "the time was up before the operation began"));
    return false;
  }
  const MutexLock lock(mutex_);
  if (!done_) return false;
  away_ = true;
  return true;
}

bool Call::take_back_begin() {
  const MutexLock lock(mutex_);
  away_ = false;
  return static_cast<bool>(done_);
}

void Call::complete(Answer result, std::string out) {
  std::optional<Ending> ending = end();
  if (!ending.has_value()) return;
  Response response;
  response.answer = std::move(result);
  response.out = std::move(out);
  answer(*std::move(ending), std::move(response));
}

void Call::refuse(absl::Status status, bool look_again) {
  std::optional<Ending> ending = end();
  if (!ending.has_value()) return;
  Response response;
  response.answer.status = not_run(std::move(status));
  response.look_again = look_again;
  answer(*std::move(ending), std::move(response));
}

void Call::adopt(const std::shared_ptr<Cancellable>& inner) {
  {
    const MutexLock lock(mutex_);
    if (!given_up_) {
      if (inner_.size() == inner_.capacity()) {  // before it grows
        inner_.erase(
            std::remove_if(inner_.begin(), inner_.end(),
                           [](const auto& it) { return it.expired(); }),
            inner_.end());
      }
      if (done_) inner_.push_back(inner);
      return;
    }
  }
  inner->cancel();
}

void Call::give_up(absl::Status status) {
  std::vector<std::weak_ptr<Cancellable>> inner;
  std::optional<Ending> ending = end();
  if (!ending.has_value()) return;
  {
    const MutexLock lock(mutex_);
    given_up_ = true;
    inner.swap(inner_);
  }
  const std::shared_ptr<Cancellable> at_peer = std::move(ending->at_peer);
  Response response;
  response.answer.status = marked(
      std::move(status), ending->away ? Outcome::kUnknown : Outcome::kNotRun);
  answer(*std::move(ending), std::move(response));
  if (at_peer != nullptr) at_peer->cancel();
  for (const std::weak_ptr<Cancellable>& it : inner) {
    if (const std::shared_ptr<Cancellable> call = it.lock()) call->cancel();
  }
}

std::optional<Call::Ending> Call::end() {
  const MutexLock lock(mutex_);
  if (!done_) return std::nullopt;
  return Ending{std::exchange(done_, nullptr),
                away_,
                std::move(hop_),
                std::move(at_peer_),
                timer_,
                std::move(bucket_),
                ticket_};
}

void Call::answer(Ending ending, Response response) {
  if (ending.timer.has_value()) core_->timers().cancel(*ending.timer);
  if (ending.bucket != nullptr) ending.bucket->withdraw(ending.ticket);
  if (request_.want_trace) {
    ending.hop.time = Clock::now() - arrived_;
    response.hops.insert(response.hops.begin(), std::move(ending.hop));
  }
  core_->calls().leave();
  ending.done(std::move(response));
  core_->calls().remove(place_);
}

}  // namespace kv::internal
