#include "node/call.h"

#include <algorithm>

#include "absl/strings/str_cat.h"
#include "base/outcome_mark.h"
#include "node/call_checks.h"

namespace kv::internal {
namespace {

constexpr char kTooLate[] = "the time was up before the operation began";

// To a peer.
absl::Status stopping(const NodeName& self) {
  return not_run(
      absl::UnavailableError(absl::StrCat(self.str(), " is stopping")));
}

}  // namespace

std::shared_ptr<Call> Call::start(std::shared_ptr<Core> core, Request&& request,
                                  std::optional<NodeName> destination,
                                  Clock::time_point begun, Done done,
                                  Batch* batch) {
  auto call = std::make_shared<Call>(std::move(core), std::move(request),
                                     std::move(destination), begun,
                                     std::move(done), From::kHere);
  Core& it = *call->core_;
  it.retries().earn();
  call->trace_whole();
  const absl::Status admitted = it.calls().add(call, size_of(call->request_));
  if (admitted.ok()) {
    call->advance(batch, call->begun_);
  } else if (absl::IsCancelled(admitted)) {
    call->turn_away(admitted);
  } else {
    call->turn_away(too_many(it.self(), admitted.message()));
  }
  return call;
}

std::shared_ptr<Call> Call::receive(std::shared_ptr<Core> core, Request request,
                                    Done done) {
  auto call =
      std::make_shared<Call>(std::move(core), std::move(request), std::nullopt,
                             Clock::now(), std::move(done), From::kPeer);
  Core& it = *call->core_;
  const Request& come = call->request_;
  absl::Status admitted = check_received(it.limits(), come);
  if (!admitted.ok()) {
    call->turn_away(not_run(
        absl::Status(admitted.code(),
                     absl::StrCat(it.self().str(), ": ", admitted.message()))));
    return call;
  }
  const NodeName peer = come.path.empty() ? NodeName() : come.path.back();
  call->trace_whole();
  call->place_at_peer_ = it.callers().enter(peer);
  if (!call->place_at_peer_) {
    call->turn_away(
        too_many(it.self(), absl::StrCat("as many calls from ", peer.str(),
                                         " are under way as its NodeOptions::"
                                         "max_calls_per_peer allows")));
    return call;
  }
  admitted = it.calls().add(call, size_of(come));
  if (admitted.ok()) {
    call->advance(nullptr, call->begun_);
  } else if (absl::IsCancelled(admitted)) {
    call->turn_away(stopping(it.self()));
  } else {
    call->turn_away(too_many(it.self(), admitted.message()));
  }
  return call;
}

void Call::turn_away(absl::Status status) {
  Done done;
  {
    const MutexLock lock(mutex_);
    done = std::exchange(done_, nullptr);
  }
  core_->note(request_.op,
              from_ == From::kHere ? CallPath::kLocal : CallPath::kServed,
              status, std::nullopt);
  if (whole_ != nullptr) core_->tracer().end(*whole_, status);
  place_at_peer_ = {};
  Response response;
  if (absl::IsResourceExhausted(status)) {
    response.room = core_->op_threads().room();
  }
  response.answer.status = std::move(status);
  done(std::move(response));
}

void Call::trace_whole() {
  const Tracer& tracer = core_->tracer();
  if (!tracer.on()) return;
  const NodeName* const sender =
      request_.path.empty() ? nullptr : &request_.path.back();
  whole_ = std::make_unique<const OpenSpan>(tracer.begin(
      from_ == From::kHere ? Span::Kind::kCall : Span::Kind::kServe, request_,
      sender, request_.trace, begun_));
  request_.trace = whole_->span.context;
}

void Call::trace_part(Span::Kind kind, const NodeName* peer,
                      std::optional<Clock::time_point> begun) {
  if (whole_ == nullptr) return;
  auto part = std::make_unique<const OpenSpan>(
      core_->tracer().begin(kind, request_, peer, whole_->span.context,
                            begun.has_value() ? *begun : Clock::now()));
  request_.trace = part->span.context;
  {
    const MutexLock lock(mutex_);
    if (done_) {
      part_ = std::move(part);
      return;
    }
  }
  core_->tracer().end(*part, absl::CancelledError("the call has ended"));
}

void Call::end_part(const absl::Status& status) {
  std::unique_ptr<const OpenSpan> part;
  {
    const MutexLock lock(mutex_);
    part = std::move(part_);
  }
  if (part != nullptr) core_->tracer().end(*part, status);
}

void Call::run_begins(std::optional<Clock::time_point> begun) {
  trace_part(Span::Kind::kRun, nullptr, begun);
}

std::optional<Response> Call::answer_now(Core& core, const Request& request) {
  Response response;
  absl::Status& status = response.answer.status;
  const Clock::time_point arrived = Clock::now();
  if (core.calls().closed()) {
    status = stopping(core.self());
    return response;
  }
  status = check_received(core.limits(), request);
  if (!status.ok()) return response;
  if (request.deadline <= arrived) {
    status = not_run(absl::DeadlineExceededError(kTooLate));
    return response;
  }
  if (!request.held.empty()) return std::nullopt;
  Hop hop;
  if (!request.here) {
    const TableCell::View& view = core.table().view();
    const std::size_t index = view.table.find_index(request.bucket);
    if (index == RoutingTable::kNone ||
        view.table.entries()[index].node != core.self()) {
      return std::nullopt;
    }
    if (request.want_trace) {
      hop.table_version = view.table.version();
      hop.matched = view.table.entries()[index].range;
    }
  }
  std::optional<Answer> answer;
  if (std::holds_alternative<Whoami>(request.op)) {
    answer = Answer{absl::OkStatus(), Value(core.self().str())};
  } else {
    answer = run_builtin_now(core.home(), {request.bucket, request.bucket_id},
                             request.op);
  }
  if (!answer.has_value()) return std::nullopt;
  response.answer = *std::move(answer);
  if (request.want_trace) {
    hop.node = core.self();
    hop.time = Clock::now() - arrived;
    response.hops.push_back(std::move(hop));
  }
  return response;
}

void Call::advance(Batch* batch, Clock::time_point now) {
  if (now >= request_.deadline) {
    return refuse(absl::DeadlineExceededError(kTooLate));
  }
  if (request_.want_trace) {
    const MutexLock lock(mutex_);
    if (hop_ == nullptr) hop_ = std::make_unique<TracedHop>();
    hop_->hop = Hop();
    hop_->hop.node = core_->self();
  }
  if (destination_.has_value() && *destination_ != core_->self()) {
    return forward(*destination_, batch);
  }
  if (request_.here) return run_here();

  const TableCell::View& view = core_->table().view();
  const std::size_t index = view.table.find_index(request_.bucket);
  if (request_.want_trace) {
    const MutexLock lock(mutex_);
    hop_->hop.table_version = view.table.version();
    if (index != RoutingTable::kNone) {
      hop_->hop.matched = view.table.entries()[index].range;
    }
  }
  if (index == RoutingTable::kNone) {
    return refuse(no_entry(request_.bucket, view.table));
  }
  const NodeName& owner = view.table.entries()[index].node;
  if (owner == core_->self()) return run_here();
  forward(owner, batch);
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
  Ending ending;
  if (!end(ending)) return;
  Response response;
  response.answer = std::move(result);
  response.out = std::move(out);
  answer(ending, std::move(response));
}

void Call::refuse(absl::Status status, bool look_again) {
  Ending ending;
  if (!end(ending)) return;
  Response response;
  response.answer.status = not_run(std::move(status));
  response.look_again = look_again;
  answer(ending, std::move(response));
}

void Call::refuse_for_load(absl::Status status) {
  Ending ending;
  if (!end(ending)) return;
  Response response;
  response.answer.status = not_run(std::move(status));
  response.room = core_->op_threads().room();
  answer(ending, std::move(response));
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
  Ending ending;
  if (!end(ending)) return;
  {
    const MutexLock lock(mutex_);
    given_up_ = true;
    inner.swap(inner_);
  }
  const std::shared_ptr<Cancellable> at_peer = std::move(ending.at_peer);
  Response response;
  response.answer.status = marked(
      std::move(status), ending.away ? Outcome::kUnknown : Outcome::kNotRun);
  answer(ending, std::move(response));
  if (at_peer != nullptr) at_peer->cancel();
  for (const std::weak_ptr<Cancellable>& it : inner) {
    if (const std::shared_ptr<Cancellable> call = it.lock()) call->cancel();
  }
}

bool Call::end(Ending& ending) {
  const MutexLock lock(mutex_);
  if (!done_) return false;
  ending.done = std::exchange(done_, nullptr);
  ending.away = away_;
  ending.hop = std::move(hop_);
  ending.part = std::move(part_);
  ending.line = std::exchange(line_, nullptr);
  ending.round = round_;
  ending.at_peer = std::move(at_peer_);
  ending.timer = timer_;
  ending.bucket = std::move(bucket_);
  ending.ticket = ticket_;
  return true;
}

void Call::note(const Ending& ending, const absl::Status& status) {
  if (ending.part != nullptr) core_->tracer().end(*ending.part, status);
  if (whole_ != nullptr) core_->tracer().end(*whole_, status);
  const bool sent = ending.line != nullptr;
  if (sent) ending.line->note(status);
  core_->note(request_.op,
              from_ == From::kHere
                  ? (sent ? CallPath::kRemote : CallPath::kLocal)
                  : (sent ? CallPath::kForwarded : CallPath::kServed),
              status, begun_);
}

void Call::answer(Ending& ending, Response&& response) {
  if (ending.timer.has_value()) core_->timers().cancel(*ending.timer);
  if (ending.bucket != nullptr) ending.bucket->withdraw(ending.ticket);
  if (ending.line != nullptr) {
    if (!ending.away) ending.line->withdraw(*this);
    leave(*ending.line);
  }
  if (ending.hop != nullptr) {
    ending.hop->hop.time = Clock::now() - ending.hop->arrived;
    response.hops.insert(response.hops.begin(), std::move(ending.hop->hop));
  }
  note(ending, response.answer.status);
  core_->calls().leave(*this);
  place_at_peer_ = {};
  constexpr std::size_t kSmall = 1024;  // it no longer counts for the limits
  if (from_ == From::kHere && bytes() <= kSmall) {
    response.call = shared_from_this();
  }
  ending.done(std::move(response));
  CallSet::remove(*this);
}

}  // namespace kv::internal
