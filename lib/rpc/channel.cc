#include "rpc/channel.h"

#include <algorithm>
#include <utility>

#include "absl/strings/str_cat.h"
#include "base/blocking.h"

namespace kv::internal {
namespace {

constexpr Clock::time_point kNever = Clock::time_point::max();

// A lost connection has this many times as long to come back as it took to come
// about, and at least the second, before the peer is down.
constexpr int kPatience = 3;
constexpr std::chrono::milliseconds kLeastPatience{250};
// After a new line that would not come about, this share of the age passes
// before the next.
constexpr double kRetryRenewal = 0.1;

bool failed(grpc_connectivity_state state) {
  return state == GRPC_CHANNEL_TRANSIENT_FAILURE ||
         state == GRPC_CHANNEL_SHUTDOWN;
}

absl::Status unreachable(const NodeName& name, absl::string_view cause) {
  return absl::UnavailableError(
      absl::StrCat(name.str(), " is unreachable: ", cause));
}

absl::Status closed() {
  return absl::CancelledError("disconnect() was called");
}

absl::Status no_connection_in_time(const NodeName& name) {
  return absl::DeadlineExceededError(
      absl::StrCat("no connection to ", name.str(), " in time"));
}

}  // namespace

struct Channel::Actions {
  Waiting go;
  Waiting stay;
  absl::Status why;  // they stay
  Waiting late;
  std::shared_ptr<Line> greet;
  std::uint64_t number = 0;
  bool patient = false;
};

std::shared_ptr<Channel> Channel::open(const NodeName& name,
                                       const ChannelOptions& options) {
  return std::shared_ptr<Channel>(
      new Channel(name, options, std::make_shared<Line>(name, options)));
}

Channel::Channel(const NodeName& name, const ChannelOptions& options,
                 std::shared_ptr<Line> line)
    : name_(name),
      options_(options),
      only_line_(options.credentials.max_connection_age().has_value()
                     ? nullptr
                     : line.get()),
      line_(std::move(line)),
      attempt_(kNever),
      random_(std::random_device()()),
      give_up_at_(kNever),
      renew_at_(kNever),
      greet_at_(kNever),
      alarm_at_(kNever) {}

Channel::~Channel() = default;

std::shared_ptr<Line> Channel::line() const {
  const MutexLock lock(mutex_);
  return line_;
}

std::shared_ptr<Line::Stub> Channel::stub() {
  if (only_line_ != nullptr) {
    return {std::shared_ptr<Line>(), &only_line_->stub()};
  }
  std::shared_ptr<Line> line = this->line();
  Line::Stub* const stub = &line->stub();
  return {std::move(line), stub};
}

bool Channel::ready_or_connect() {
  const grpc_connectivity_state state = only_line_ != nullptr
                                            ? only_line_->state_or_connect()
                                            : line()->state_or_connect();
  return state == GRPC_CHANNEL_READY;
}

bool Channel::connected() const {
  return line()->state() == GRPC_CHANNEL_READY;
}

void Channel::depart(std::shared_ptr<Departure> departure) {
  if (ready_or_connect()) return departure->go();
  Actions actions;
  {
    const MutexLock lock(mutex_);
    if (closed_ || phase_ == Phase::kDown) {
      actions.why = closed_ ? unreachable(name_, closed().message()) : reason_;
      actions.stay.push_back(std::move(departure));
    } else if (is_up()) {  // by now
      actions.go.push_back(std::move(departure));
    } else {
      wake_at(departure->deadline());
      waiting_.push_back(std::move(departure));
      want(actions);
    }
  }
  act(std::move(actions));
}

void Channel::call_back(const Departure& departure, const absl::Status& why) {
  Waiting found;
  {
    const MutexLock lock(mutex_);
    for (auto it = waiting_.begin(); it != waiting_.end(); ++it) {
      if (it->get() != &departure) continue;
      found.splice(found.end(), waiting_, it);
      break;
    }
  }
  if (!found.empty()) found.front()->stay(why);
}

absl::Status Channel::connect(Clock::time_point deadline) {
  const BlockingRegion region;
  if (!region.allowed()) return BlockingRegion::refusal();
  Actions actions;
  {
    const MutexLock lock(mutex_);
    want(actions);
  }
  act(std::move(actions));
  // A failure may be an old one: then the next attempt counts.
  const Clock::time_point next_attempt =
      Clock::now() + options_.max_reconnect_pause * 6 / 5;
  bool first = true;
  for (;;) {
    const std::shared_ptr<Line> line = this->line();
    const grpc_connectivity_state state = line->state_or_connect();
    if (state == GRPC_CHANNEL_READY) return absl::OkStatus();
    if (failed(state) && !first) break;
    const Clock::time_point end =
        failed(state) ? std::min(deadline, next_attempt) : deadline;
    first = false;
    if (line->channel().WaitForStateChange(state, to_gpr(end))) continue;
    if (failed(state)) break;
    return no_connection_in_time(name_);
  }
  const MutexLock lock(mutex_);
  return reason_.ok() ? unreachable(name_, "no connection") : reason_;
}

void Channel::close() {
  std::shared_ptr<Line> line;
  std::shared_ptr<Line> new_line;
  {
    const MutexLock lock(mutex_);
    if (closed_) return;
    closed_ = true;
    number_ = new_number_ = 0;
    give_up_at_ = greet_at_ = renew_at_ = kNever;
    line = line_;
    new_line = std::move(new_line_);
    if (phase_ == Phase::kUp || phase_ == Phase::kLost) tell_down(closed());
  }
  line->leave();
}

void Channel::greeted(std::uint64_t number, std::uint64_t incarnation) {
  Actions actions;
  std::shared_ptr<Line> unwanted;  // dies after the lock
  {
    const MutexLock lock(mutex_);
    if (closed_) return;
    if (number == new_number_) {
      unwanted = std::exchange(line_, std::move(new_line_));
      number_ = std::exchange(new_number_, 0);
    }
    if (number != number_) return;
    set_up(actions);
    if (options_.listener != nullptr) {
      options_.listener->up(name_, incarnation);
    }
  }
  act(std::move(actions));
}

void Channel::ended(std::uint64_t number, const absl::Status& why) {
  Actions actions;
  std::shared_ptr<Line> unwanted;  // dies after the lock
  {
    const MutexLock lock(mutex_);
    if (closed_) return;
    if (number == new_number_) {
      unwanted = std::move(new_line_);
      new_number_ = 0;
      renew_later(kRetryRenewal);
    }
    if (number != number_) return;
    number_ = 0;
    if (phase_ == Phase::kUp) {
      set_lost(actions);
    } else if (absl::IsUnavailable(why)) {
      set_down(why.message(), actions);
      greet_later();
    } else {
      // The peer is there, and refuses: each call hears so itself.
      set_up(actions);
      tell_down(absl::Status(why.code(),
                             absl::StrCat(name_.str(), ": ", why.message())));
    }
  }
  act(std::move(actions));
}

void Channel::tick() {
  Actions actions;
  Actions renewal;
  {
    const MutexLock lock(mutex_);
    const Clock::time_point now = Clock::now();
    alarm_at_ = kNever;
    if (give_up_at_ <= now) {  // but what has been begun goes on
      set_down("the connection broke, and no other has come about", actions);
    }
    if (greet_at_ <= now) start_greeting(actions);
    if (renew_at_ <= now) start_renewal(renewal);
    Clock::time_point next = std::min({give_up_at_, greet_at_, renew_at_});
    for (auto it = waiting_.begin(); it != waiting_.end();) {
      const auto here = it++;
      if ((*here)->deadline() <= now) {
        actions.late.splice(actions.late.end(), waiting_, here);
      } else {
        next = std::min(next, (*here)->deadline());
      }
    }
    wake_at(next);
  }
  act(std::move(actions));
  act(std::move(renewal));
}

void Channel::act(Actions actions) {
  for (const auto& departure : actions.go) departure->go();
  for (const auto& departure : actions.stay) departure->stay(actions.why);
  for (const auto& departure : actions.late) {
    departure->stay(no_connection_in_time(name_));
  }
  if (actions.greet == nullptr) return;
  actions.greet->greet(
      options_, actions.patient,
      [weak = weak_from_this(),
       number = actions.number](std::uint64_t incarnation) {
        if (const auto it = weak.lock()) it->greeted(number, incarnation);
      },
      [weak = weak_from_this(),
       number = actions.number](const absl::Status& why) {
        if (const auto it = weak.lock()) it->ended(number, why);
      });
}

bool Channel::is_up() const {
  return phase_ == Phase::kUp && line_->state() == GRPC_CHANNEL_READY;
}

// Somebody wants a connection.
void Channel::want(Actions& actions) {
  if (closed_) return;
  if (phase_ == Phase::kUp && !is_up()) set_lost(actions);
  if (phase_ == Phase::kNew && number_ == 0) start_greeting(actions);
}

void Channel::set_phase(Phase phase) {
  phase_ = phase;
  attempt_ = kNever;
  give_up_at_ = kNever;
  greet_at_ = kNever;
}

void Channel::set_up(Actions& actions) {
  if (attempt_ != kNever && phase_ != Phase::kDown) {
    connect_took_ = Clock::now() - attempt_;
  }
  set_phase(Phase::kUp);
  reason_ = absl::OkStatus();
  actions.go.splice(actions.go.end(), waiting_);
  renew_later(1.0);
}

void Channel::set_lost(Actions& actions) {
  set_phase(Phase::kLost);
  start_greeting(actions);
  give_up_at_ = attempt_ + std::clamp<Clock::duration>(
                               kPatience * connect_took_, kLeastPatience,
                               std::max<Clock::duration>(
                                   options_.connect_timeout, kLeastPatience));
  wake_at(give_up_at_);
}

void Channel::set_down(absl::string_view cause, Actions& actions) {
  set_phase(Phase::kDown);
  renew_at_ = kNever;
  reason_ = unreachable(name_, cause);
  actions.why = reason_;
  actions.stay.splice(actions.stay.end(), waiting_);
  tell_down(reason_);
}

void Channel::tell_down(const absl::Status& reason) {
  if (options_.listener != nullptr) options_.listener->down(name_, reason);
}

// Of a peer that is down it waits for a connection, however long that takes.
void Channel::start_greeting(Actions& actions) {
  attempt_ = Clock::now();
  greet_at_ = kNever;
  number_ = ++last_number_;
  actions.greet = line_;
  actions.number = number_;
  actions.patient = phase_ == Phase::kDown;
}

// By chance, so that not all peers of a node come at once when it does.
void Channel::greet_later() {
  std::uniform_real_distribution<double> about(0.8, 1.2);
  greet_at_ = Clock::now() + std::chrono::duration_cast<Clock::duration>(
                                 options_.max_reconnect_pause * about(random_));
  wake_at(greet_at_);
}

// A new line is greeted over; once that is answered it takes the old one's
// place.
void Channel::start_renewal(Actions& actions) {
  renew_at_ = kNever;
  new_line_ = std::make_shared<Line>(name_, options_);
  new_number_ = ++last_number_;
  actions.greet = new_line_;
  actions.number = new_number_;
}

// After that share of the age, less a fifth by chance: nodes that have started
// together don't renew together.
void Channel::renew_later(double share) {
  const auto age = options_.credentials.max_connection_age();
  if (!age.has_value()) return;
  std::uniform_real_distribution<double> less(0.8, 1.0);
  renew_at_ = Clock::now() + std::chrono::duration_cast<Clock::duration>(
                                 *age * (share * less(random_)));
  wake_at(renew_at_);
}

void Channel::wake_at(Clock::time_point time) {
  if (time >= alarm_at_) return;
  alarm_at_ = time;
  alarm_ = std::make_unique<grpc::Alarm>();
  alarm_->Set(to_gpr(time), [weak = weak_from_this()](bool ok) {
    if (!ok) return;  // another has taken its place
    if (const auto channel = weak.lock()) channel->tick();
  });
}

}  // namespace kv::internal
