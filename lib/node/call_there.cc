// A call on its way to a peer, and back.
#include <algorithm>

#include "absl/strings/str_cat.h"
#include "base/outcome_mark.h"
#include "node/call.h"
#include "node/call_checks.h"

namespace kv::internal {
namespace {

// Tables that disagree may be two in the middle of a change: the node where the
// call was made looks again after 1, 2, 4, ... ms, so for 63 ms in all.
constexpr int kMaxLooks = 6;
constexpr std::chrono::milliseconds kFirstPause{1};

}  // namespace

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
  if (!make_ready_to_travel()) return;

  request_.sender = &core_->self();
  std::shared_ptr<Line> line = core_->lines().find(node);
  std::uint32_t round = 0;
  absl::Status entered = enter(*line, round);
  if (!entered.ok()) return refuse(std::move(entered));
  bool wanted = false;
  {
    const MutexLock lock(mutex_);
    wanted = static_cast<bool>(done_);
    if (wanted) {
      line_ = line.get();
      keeps_line_ = line;
      round_ = round;
    }
  }
  if (!wanted) return leave(*line);
  trace_part(Span::Kind::kSend, &node);
  if (batch != nullptr) {
    batch->add(std::move(line), shared_from_this());
  } else {
    line->send(shared_from_this());
  }
}

absl::Status Call::enter(Line& line, std::uint32_t& round) const {
  switch (line.throttle().enter(Throttle::concerns(request_), round)) {
    case Throttle::Verdict::kGo:
      break;
    case Throttle::Verdict::kTooMany:
      return too_many(core_->self(),
                      absl::StrCat("as many calls to ", line.name().str(),
                                   " are under way as its NodeOptions::"
                                   "max_calls_per_peer allows"));
    case Throttle::Verdict::kHoldBack:
      return too_many(
          core_->self(),
          absl::StrCat(line.name().str(),
                       " has too much to do, and is not asked for now"));
  }
  return absl::OkStatus();
}

void Call::leave(Line& line) const {
  line.throttle().leave(Throttle::concerns(request_));
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

std::uint64_t Call::leave(std::shared_ptr<Cancellable> at_peer) {
  const MutexLock lock(mutex_);
  if (!done_) return 0;
  away_ = true;
  at_peer_ = std::move(at_peer);
  return ++sends_;
}

void Call::left(std::uint64_t number, std::shared_ptr<Cancellable> at_peer) {
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

void Call::answered(Response&& response) {
  if (response.look_again && wait_and_look_again(response.answer.status)) {
    return;
  }
  Ending ending;
  if (!end(ending)) return;
  if (ending.line != nullptr && Throttle::concerns(request_)) {
    Throttle& throttle = ending.line->throttle();
    if (response.room != 0) {
      throttle.refused(ending.round, response.room, Clock::now());
    } else if (outcome(response.answer.status) == Outcome::kRan) {
      throttle.taken(Clock::now());
    }
  }
  response.room = 0;  // the peer has too much to do, this node has not
  answer(ending, std::move(response));
}

void Call::expired() {
  give_up(absl::DeadlineExceededError("no answer from the peer in time"));
}

void Call::kept_back(const NodeName& peer) {
  refuse(too_many(
      core_->self(),
      absl::StrCat("operations for ", peer.str(),
                   " come faster than they can leave for it, and wait too "
                   "long: see the NodeOptions::max_queue_delay of this node")));
}

bool Call::wait_and_look_again(const absl::Status& status) {
  // Only where the call was made, since a mended table may send it another way
  // from the beginning.
  if (!request_.path.empty() || looks_ == kMaxLooks) return false;
  const Clock::time_point next =
      Clock::now() + kFirstPause * (std::int64_t{1} << looks_);
  if (next >= request_.deadline) return false;
  if (!core_->retries().spend(Clock::now())) return false;
  ++looks_;
  Line* line = nullptr;
  {
    const MutexLock lock(mutex_);
    away_ = false;
    at_peer_ = nullptr;
    line = std::exchange(line_, nullptr);
  }
  end_part(status);
  if (line != nullptr) leave(*line);
  core_->timers().at(next, [self = shared_from_this()] {
    if (!self->ended()) self->advance(nullptr, Clock::now());
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

}  // namespace kv::internal
