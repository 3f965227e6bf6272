#include "exec/line.h"

#include <algorithm>
#include <atomic>
#include <chrono>
#include <utility>

#include "absl/status/statusor.h"
#include "base/outcome_mark.h"
#include "base/run_on.h"

namespace kv::internal {
namespace {

// Deadlines that are no further apart count as one.
constexpr std::chrono::milliseconds kSameTime{1};
// A peer that says nothing for so long does not just have much to do.
constexpr std::chrono::milliseconds kSilence{250};

Response failure(absl::Status status) {
  Response response;
  response.answer.status = std::move(status);
  return response;
}

}  // namespace

// Calls that have left together.
class Line::Trip final : public Cancellable {
 public:
  Trip(std::vector<std::shared_ptr<Passenger>> the_passengers,
       Peer::Trip the_kind)
      : passengers(std::move(the_passengers)),
        kind(the_kind),
        size(passengers.size()),
        wanted_(size) {}

  // For one of the calls, each once; the trip ends with the last of them.
  void cancel() override {
    if (wanted_.fetch_sub(1) > 1) return;
    std::shared_ptr<Cancellable> at_peer;
    {
      const MutexLock lock(mutex_);
      unwanted_ = true;
      at_peer = at_peer_;
    }
    if (at_peer != nullptr) at_peer->cancel();
  }
  void left(std::shared_ptr<Cancellable> at_peer) {
    {
      const MutexLock lock(mutex_);
      if (!unwanted_) {
        at_peer_ = std::move(at_peer);
        return;
      }
    }
    at_peer->cancel();
  }
  // Of the line's thread that sends it, and then of the answers, one at a time.
  std::vector<std::shared_ptr<Passenger>> passengers;
  const Peer::Trip kind;
  const std::size_t size;  // when it was made
  std::size_t answers = 0;

  // Of the line's lock.
  std::list<std::shared_ptr<Trip>>::iterator place;
  Clock::time_point first_deadline = Clock::time_point::max();

 private:
  std::atomic<std::size_t> wanted_;
  Mutex mutex_;
  bool unwanted_ ABSL_GUARDED_BY(mutex_) = false;
  std::shared_ptr<Cancellable> at_peer_ ABSL_GUARDED_BY(mutex_);
};

Line::Line(NodeName name, Peers& peers, Timers& timers, const Options& options)
    : name_(std::move(name)),
      peers_(peers),
      timers_(timers),
      options_(options),
      throttle_(options.max_calls),
      window_(options.max_calls),
      crowd_(options.max_delay, /*jump=*/AckWindow::kPortion) {}

bool Line::may_share(const Request& request, std::size_t bytes) const {
  constexpr std::size_t kShare = 4;  // of a trip's bytes, for one call
  return is_quick(request.op) && request.held.empty() &&
         bytes <= options_.max_trip_bytes / kShare;
}

void Line::send(std::shared_ptr<Passenger> passenger) {
  const Request& request = passenger->request();
  if (Throttle::concerns(request)) return send_op(std::move(passenger));
  const std::size_t bytes = size_of(request);
  Single how = Single::kAlone;
  std::shared_ptr<Trip> trip;
  {
    const MutexLock lock(mutex_);
    if (!may_share(request, bytes)) {
      how = Single::kBeside;
      ++beside_;
    } else if (trips_ == 0 && alone_ == 0) {
      ++alone_;
    } else {
      wait_for_trip(passenger, bytes);
      if (!worth_a_trip()) return watch(request.deadline);
      trip = next_trip();
    }
  }
  if (trip != nullptr) {
    depart(trip);
  } else {
    send_single(std::move(passenger), how);
  }
}

void Line::wait_in(Queue& queue, const std::shared_ptr<Passenger>& passenger) {
  if (spare_.empty()) spare_.emplace_back();
  *spare_.begin() = passenger;
  passenger->place_ = spare_.begin();
  passenger->waits_in_ = &queue;
  queue.splice(queue.end(), spare_, spare_.begin());
}

std::shared_ptr<Passenger> Line::take_first(Queue& queue) {
  queue.front()->waits_in_ = nullptr;
  std::shared_ptr<Passenger> first = std::move(queue.front());
  spare_.splice(spare_.begin(), queue, queue.begin());
  if (spare_.size() > options_.max_trip_ops) spare_.pop_back();
  return first;
}

void Line::wait_for_trip(const std::shared_ptr<Passenger>& passenger,
                         std::size_t bytes) {
  wait_in(waiting_, passenger);
  passenger->bytes_ = bytes;
  waiting_bytes_ += bytes;
  level_ = std::max(level_, away_ + waiting_.size());
}

void Line::send_single(std::shared_ptr<Passenger> passenger, Single how) {
  const auto done = [self = shared_from_this(), passenger,
                     how](Response&& response) {
    {
      const MutexLock lock(self->mutex_);
      --(how == Single::kAlone ? self->alone_ : self->beside_);
    }
    const bool ran = outcome(response.answer.status) == Outcome::kRan;
    passenger->answered(std::move(response));
    if (how == Single::kOp) self->op_ended(ran);
  };
  const std::uint64_t number = passenger->leave(nullptr);
  auto peer = peers_.find(name_);
  if (number == 0 || !peer.ok()) {
    return done(failure(number == 0 ? absl::CancelledError("")
                                    : std::move(peer).status()));
  }
  passenger->left(number, (*peer)->send(passenger->share_request(), done));
}

void Line::send_together(std::vector<std::shared_ptr<Passenger>> passengers) {
  auto trip =
      std::make_shared<Trip>(std::move(passengers), Peer::Trip::kTogether);
  {
    const MutexLock lock(mutex_);
    trip->place = under_way_.insert(under_way_.end(), trip);
  }
  depart(trip);
}

// How many calls will soon wait for a trip while another one is away: half of
// those there are, where they are few. More of them wait for two thirds, since
// a trip costs the processors as much as some dozens of calls: so there are
// fewer trips, and now and then only one at a time.
std::size_t Line::expected() const {
  constexpr std::size_t kFew = 5;
  return level_ <= kFew ? level_ / 2 : level_ * 2 / 3;
}

bool Line::worth_a_trip() const {
  if (trips_ == 0 || trips_ >= options_.max_trips) return trips_ == 0;
  return waiting_.size() >= std::max(away_, expected()) ||
         waiting_.size() >= options_.max_trip_ops ||
         waiting_bytes_ >= options_.max_trip_bytes;
}

std::shared_ptr<Line::Trip> Line::next_trip() {
  std::vector<std::shared_ptr<Passenger>> passengers;
  passengers.reserve(std::min(waiting_.size(), options_.max_trip_ops));
  std::size_t bytes = 0;
  while (!waiting_.empty() && passengers.size() < options_.max_trip_ops) {
    const std::size_t size = waiting_.front()->bytes_;
    if (bytes + size > options_.max_trip_bytes && !passengers.empty()) break;
    bytes += size;
    passengers.push_back(take_first(waiting_));
  }
  waiting_bytes_ -= bytes;
  level_ = std::max(away_ + passengers.size() + waiting_.size(),
                    level_ - (level_ + 7) / 8);
  ++trips_;
  away_ += passengers.size();
  auto trip = std::make_shared<Trip>(std::move(passengers), Peer::Trip::kFast);
  trip->place = under_way_.insert(under_way_.end(), trip);
  return trip;
}

void Line::depart(const std::shared_ptr<Trip>& trip) {
  std::vector<const Request*> requests;
  requests.reserve(trip->passengers.size());
  auto& passengers = trip->passengers;
  passengers.erase(std::remove_if(passengers.begin(), passengers.end(),
                                  [&](const std::shared_ptr<Passenger>& it) {
                                    if (it->leave(trip) != 0) return false;
                                    trip->cancel();
                                    return true;
                                  }),
                   passengers.end());
  Clock::time_point first = Clock::time_point::max();
  Clock::time_point last = Clock::time_point::min();
  for (const std::shared_ptr<Passenger>& it : passengers) {
    requests.push_back(&it->request());
    first = std::min(first, it->request().deadline);
    last = std::max(last, it->request().deadline);
  }
  if (requests.empty()) return end_of(*trip);
  if (last - first > kSameTime) {  // either may be max()
    const MutexLock lock(mutex_);
    trip->first_deadline = first;
    watch(first);
  }
  auto peer = peers_.find(name_);
  if (!peer.ok()) {
    for (std::size_t i = 0; i < requests.size(); ++i) {
      arrived(*trip, i, failure(peer.status()));
    }
    return;
  }
  trip->left((*peer)->send_trip(requests, trip->kind,
                                [self = shared_from_this(), trip](
                                    std::size_t place, Response&& response) {
                                  self->arrived(*trip, place,
                                                std::move(response));
                                }));
}

void Line::arrived(Trip& trip, std::size_t place, Response&& response) {
  // The next trip leaves before this one's calls go on.
  if (trip.answers++ == 0) end_of(trip);
  std::shared_ptr<Passenger> passenger = std::move(trip.passengers[place]);
  if (response.handed_back) {
    {
      const MutexLock lock(mutex_);
      ++beside_;
    }
    send_single(std::move(passenger), Single::kBeside);
  } else {
    passenger->answered(std::move(response));
  }
}

void Line::end_of(Trip& trip) {
  std::shared_ptr<Trip> next;
  {
    const MutexLock lock(mutex_);
    under_way_.erase(trip.place);
    if (trip.kind == Peer::Trip::kFast) {
      --trips_;
      away_ -= trip.size;
      if (!waiting_.empty() && worth_a_trip()) next = next_trip();
    }
  }
  if (next != nullptr) depart(next);
}

void Line::withdraw(Passenger& passenger) {
  Queue gone;  // dies after the lock
  const MutexLock lock(mutex_);
  Queue* const queue = std::exchange(passenger.waits_in_, nullptr);
  if (queue == nullptr) return;
  gone.splice(gone.end(), *queue, passenger.place_);
  if (queue == &waiting_) waiting_bytes_ -= passenger.bytes_;
}

void Line::send_op(std::shared_ptr<Passenger> passenger) {
  std::vector<std::shared_ptr<Passenger>> late;
  bool ask = false;
  {
    const MutexLock lock(mutex_);
    if (!ops_.empty() || ops_depart_ || !window_.open()) {
      wait_in(ops_, passenger);
      passenger->since_ = Clock::now();
      watch(passenger->request().deadline);
      late = take_late(passenger->since_);
      passenger = nullptr;
    } else {
      ++beside_;
      ask = window_.leave(++ops_away_);
    }
  }
  if (passenger != nullptr) depart_op(std::move(passenger), ask);
  for (const auto& it : late) it->kept_back(name_);
}

// Those that wait behind them will be in time. Where the peer says nothing
// there may be no connection, or it is frozen, which is no overload.
std::vector<std::shared_ptr<Passenger>> Line::take_late(Clock::time_point now) {
  std::vector<std::shared_ptr<Passenger>> late;
  const bool heard =
      first_is_late(now) && (heard_at_ > ops_.front()->since_ ||
                             (crowd_.overload() && now - heard_at_ < kSilence));
  if (!crowd_.too_many(now, heard, ops_.size())) return late;
  while (first_is_late(now)) late.push_back(take_first(ops_));
  return late;
}

bool Line::first_is_late(Clock::time_point now) const {
  return !ops_.empty() && now - ops_.front()->since_ > options_.max_delay;
}

void Line::depart_op(std::shared_ptr<Passenger> passenger, bool ask) {
  const NodeName* const sender = passenger->request().sender;
  send_single(std::move(passenger), Single::kOp);
  if (ask) ask_for_acknowledgement(sender);
}

void Line::ask_for_acknowledgement(const NodeName* sender) {
  const Clock::time_point now = Clock::now();
  const auto question = std::make_shared<Request>();
  question->acknowledge = true;
  question->op = Whoami{};
  question->here = true;
  question->max_hops = 1;
  question->sender = sender;
  auto peer = peers_.find(name_);
  if (!peer.ok()) return acknowledged(false, now);
  const std::shared_ptr<Cancellable> at_peer = (*peer)->send(
      question, [self = shared_from_this(), now](const Response& response) {
        self->acknowledged(response.answer.status.ok(), now);
      });
  {
    const MutexLock lock(mutex_);
    questions_.erase(
        std::remove_if(questions_.begin(), questions_.end(),
                       [](const auto& it) { return it.expired(); }),
        questions_.end());
    if (ops_away_ > 0) return questions_.push_back(at_peer);
  }
  at_peer->cancel();
}

void Line::acknowledged(bool answered, Clock::time_point asked) {
  {
    const MutexLock lock(mutex_);
    if (answered) {
      heard_at_ = Clock::now();
      window_.acknowledged(heard_at_ - asked, heard_at_, !ops_.empty());
    } else {
      window_.lost();
    }
    if (ops_depart_) return;  // another thread sees to it
    ops_depart_ = true;
  }
  let_ops_leave();
}

// As many as may, one portion at a time: where all fail at once and are sent
// again this would have no end, and others need the thread. What they set off
// comes after them. REQUIRES: ops_depart_, which tells others not to.
void Line::let_ops_leave() {
  const Gathering gathering;
  for (std::size_t i = 0; i < AckWindow::kPortion; ++i) {
    std::shared_ptr<Passenger> next;
    bool ask = false;
    {
      const MutexLock lock(mutex_);
      ops_depart_ = !ops_.empty() && window_.open();
      if (!ops_depart_) return;
      next = take_first(ops_);
      ++beside_;
      ask = window_.leave(++ops_away_);
    }
    depart_op(std::move(next), ask);
  }
  timers_.at(Clock::now(), [line = weak_from_this()] {
    if (const std::shared_ptr<Line> it = line.lock()) it->let_ops_leave();
  });
}

void Line::op_ended(bool ran) {
  std::vector<std::weak_ptr<Cancellable>> unwanted;
  {
    const MutexLock lock(mutex_);
    if (ran && !ops_.empty()) heard_at_ = Clock::now();
    if (--ops_away_ > 0) return;
    unwanted.swap(questions_);
  }
  for (const std::weak_ptr<Cancellable>& it : unwanted) {
    if (const std::shared_ptr<Cancellable> call = it.lock()) call->cancel();
  }
}

void Line::note(const absl::Status& status) {
  if (outcome(status) == Outcome::kRan) {
    answered_.fetch_add(1, std::memory_order_relaxed);
    return;
  }
  failed_.fetch_add(1, std::memory_order_relaxed);
  const MutexLock lock(failure_mutex_);
  last_failure_ = std::string(status.message());
  last_failure_time_ = Clock::now();
}

Line::Load Line::load() const {
  Load load;
  load.name = name_;
  load.answered = answered_.load(std::memory_order_relaxed);
  load.failed = failed_.load(std::memory_order_relaxed);
  {
    const MutexLock lock(failure_mutex_);
    load.last_failure = last_failure_;
    load.last_failure_time = last_failure_time_;
  }
  const MutexLock lock(mutex_);
  load.away = alone_ + beside_;
  for (const auto& trip : under_way_) load.away += trip->size;
  load.waiting = waiting_.size() + ops_.size();
  return load;
}

void Line::watch(Clock::time_point deadline) {
  if (timer_.has_value()) {
    if (timer_->first <= deadline) return;
    timers_.cancel(*timer_);
  }
  timer_ = timers_.at(deadline, [line = weak_from_this()] {
    if (const std::shared_ptr<Line> it = line.lock()) it->look_at_deadlines();
  });
}

void Line::look_at_deadlines() {
  std::vector<std::shared_ptr<Passenger>> late;
  const Clock::time_point now = Clock::now();
  Clock::time_point next = Clock::time_point::max();
  const auto look_at = [&](const std::shared_ptr<Passenger>& it) {
    if (it == nullptr) return;  // it has its answer
    const Clock::time_point deadline = it->request().deadline;
    if (deadline <= now) {
      late.push_back(it);
    } else {
      next = std::min(next, deadline);
    }
  };
  {
    const MutexLock lock(mutex_);
    timer_ = std::nullopt;
    for (const auto& passenger : waiting_) look_at(passenger);
    for (const auto& passenger : ops_) look_at(passenger);
    for (const auto& trip : under_way_) {
      if (trip->first_deadline == Clock::time_point::max()) continue;
      for (const auto& passenger : trip->passengers) look_at(passenger);
    }
    if (next != Clock::time_point::max()) {
      watch(std::max(next, now + kSameTime));
    }
  }
  for (const std::shared_ptr<Passenger>& it : late) it->expired();
}

}  // namespace kv::internal
