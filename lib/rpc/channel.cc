#include "rpc/channel.h"

#include <grpcpp/alarm.h>

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
// After a new link that would not come about, this share of the age passes
// before the next.
constexpr double kRetryRenewal = 0.1;

bool failed(grpc_connectivity_state state) {
  return state == GRPC_CHANNEL_TRANSIENT_FAILURE ||
         state == GRPC_CHANNEL_SHUTDOWN;
}

// It will not let this node in, or knows no greeting.
bool refuses(const absl::Status& status) {
  return absl::IsUnauthenticated(status) || absl::IsPermissionDenied(status) ||
         absl::IsUnimplemented(status) || absl::IsResourceExhausted(status);
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
  std::shared_ptr<Link> greet;
  std::uint64_t number = 0;
  bool patient = false;
};

// An alarm for the channel, unless it has gone by then.
class Channel::Wake final : public IoEvent {
 public:
  // REQUIRES: io has been entered.
  static std::shared_ptr<Wake> at(Clock::time_point time, Channel& channel) {
    auto wake = std::make_shared<Wake>(channel);
    wake->self_ = wake;
    wake->alarm_.Set(&channel.io_->any_queue(), to_gpr(time),
                     static_cast<IoEvent*>(wake.get()));
    return wake;
  }
  explicit Wake(Channel& channel)
      : io_(channel.io_), channel_(channel.weak_from_this()) {}

  void cancel() { alarm_.Cancel(); }

 private:
  void ended(bool ok) override {
    const std::shared_ptr<Wake> self = std::move(self_);
    const std::shared_ptr<Io> io = io_;
    if (ok) {
      if (const auto channel = channel_.lock()) channel->tick();
    }
    io->leave();
  }

  const std::shared_ptr<Io> io_;
  const std::weak_ptr<Channel> channel_;
  grpc::Alarm alarm_;
  std::shared_ptr<Wake> self_;  // while gRPC has it
};

std::shared_ptr<Channel> Channel::open(const NodeName& name,
                                       std::shared_ptr<Io> io,
                                       const ChannelOptions& options) {
  auto link = std::make_shared<Link>(name, *io, options);
  return std::shared_ptr<Channel>(
      new Channel(name, std::move(io), options, std::move(link)));
}

Channel::Channel(const NodeName& name, std::shared_ptr<Io> io,
                 const ChannelOptions& options, std::shared_ptr<Link> link)
    : name_(name),
      io_(std::move(io)),
      options_(options),
      only_link_(options.credentials.max_connection_age().has_value()
                     ? nullptr
                     : link.get()),
      link_(std::move(link)),
      attempt_(kNever),
      random_(std::random_device()()),
      give_up_at_(kNever),
      renew_at_(kNever),
      greet_at_(kNever),
      wake_at_(kNever) {}

Channel::~Channel() {
  if (wake_ != nullptr) wake_->cancel();
}

std::shared_ptr<Link> Channel::link() const {
  // Borrowed: a count that all calls share would cost each of them.
  if (only_link_ != nullptr) return {std::shared_ptr<Link>(), only_link_};
  const MutexLock lock(mutex_);
  return link_;
}

bool Channel::ready() {
  // gRPC may have connected for who asked here before: that is no greeting.
  return tried_.load(std::memory_order_relaxed) &&
         link()->state_or_connect() == GRPC_CHANNEL_READY;
}

bool Channel::connected() const {
  return link()->state() == GRPC_CHANNEL_READY;
}

PeerStats Channel::report() const {
  PeerStats report;
  const MutexLock lock(mutex_);
  switch (phase_) {
    case Phase::kNew:
      report.state = number_ == 0 ? PeerState::kIdle : PeerState::kConnecting;
      break;
    case Phase::kUp:
      report.state = refused_ ? PeerState::kDown : PeerState::kUp;
      break;
    case Phase::kLost:
      report.state = PeerState::kConnecting;
      break;
    case Phase::kDown:
      report.state = PeerState::kDown;
      break;
  }
  if (!last_failure_.ok()) {
    report.last_error = std::string(last_failure_.message());
    report.last_error_age = Clock::now() - last_failure_time_;
  }
  return report;
}

void Channel::depart(std::shared_ptr<Departure> departure) {
  if (ready()) return departure->go();
  Actions actions;
  {
    const MutexLock lock(mutex_);
    if (closed_ || phase_ == Phase::kDown) {
      actions.why = closed_ ? unreachable(name_, closed().message()) : reason_;
      actions.stay.push_back(std::move(departure));
    } else if (is_up()) {  // by now
      actions.go.push_back(std::move(departure));
    } else {
      wake_up_at(departure->deadline());
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
  if (!region.allowed()) return region.refusal();
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
    const std::shared_ptr<Link> link = this->link();
    const grpc_connectivity_state state = link->state_or_connect();
    if (state == GRPC_CHANNEL_READY) return absl::OkStatus();
    if (failed(state) && !first) break;
    const Clock::time_point end =
        failed(state) ? std::min(deadline, next_attempt) : deadline;
    first = false;
    if (link->channel().WaitForStateChange(state, to_gpr(end))) continue;
    if (failed(state)) break;
    return no_connection_in_time(name_);
  }
  const MutexLock lock(mutex_);
  return reason_.ok() ? unreachable(name_, "no connection") : reason_;
}

void Channel::close() {
  std::shared_ptr<Link> link;
  std::shared_ptr<Link> new_link;
  {
    const MutexLock lock(mutex_);
    if (closed_) return;
    closed_ = true;
    number_ = new_number_ = 0;
    give_up_at_ = greet_at_ = renew_at_ = kNever;
    link = link_;
    new_link = std::move(new_link_);
    if (wake_ != nullptr) wake_->cancel();
    if (phase_ == Phase::kUp || phase_ == Phase::kLost) tell_down(closed());
  }
  link->leave();
}

void Channel::greeted(std::uint64_t number, std::uint64_t incarnation) {
  Actions actions;
  std::shared_ptr<Link> unwanted;  // dies after the lock
  {
    const MutexLock lock(mutex_);
    if (closed_) return;
    if (number == new_number_) {
      unwanted = std::exchange(link_, std::move(new_link_));
      number_ = std::exchange(new_number_, 0);
    }
    if (number != number_) return;
    set_up(actions);
    if (options_.listener != nullptr) {
      options_.listener->up(name_, incarnation);
    }
  }
  if (unwanted != nullptr) unwanted->leave();  // calls may have it still
  act(std::move(actions));
}

void Channel::ended(std::uint64_t number, const absl::Status& why) {
  Actions actions;
  std::shared_ptr<Link> unwanted;  // dies after the lock
  {
    const MutexLock lock(mutex_);
    if (closed_) return;
    if (number == new_number_) {
      unwanted = std::move(new_link_);
      new_number_ = 0;
      renew_later(kRetryRenewal);
    }
    if (number != number_) return;
    number_ = 0;
    if (refuses(why)) {
      // The peer is there: each call hears so itself.
      set_up(actions);
      refused_ = true;
      greet_later(options_.keepalive);
      tell_down(absl::Status(why.code(),
                             absl::StrCat(name_.str(), ": ", why.message())));
    } else if (phase_ == Phase::kUp) {
      set_lost(actions);
    } else {
      set_down(why.message(), actions);
      greet_later(options_.max_reconnect_pause);
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
    wake_at_ = kNever;
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
    wake_up_at(next);
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
  const bool began = actions.greet->greet(
      options_, actions.patient,
      [weak = weak_from_this(),
       number = actions.number](std::uint64_t incarnation) {
        if (const auto it = weak.lock()) it->greeted(number, incarnation);
      },
      [weak = weak_from_this(),
       number = actions.number](const absl::Status& why) {
        if (const auto it = weak.lock()) it->ended(number, why);
      });
  if (!began) {
    ended(actions.number, absl::UnavailableError("the node has stopped"));
  }
}

bool Channel::is_up() const {
  return phase_ == Phase::kUp && link_->state() == GRPC_CHANNEL_READY;
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
  refused_ = false;
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
  wake_up_at(give_up_at_);
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
  last_failure_ = reason;
  last_failure_time_ = Clock::now();
  if (options_.listener != nullptr) options_.listener->down(name_, reason);
}

// Of a peer that is down it waits for a connection, however long that takes.
void Channel::start_greeting(Actions& actions) {
  tried_.store(true, std::memory_order_relaxed);
  attempt_ = Clock::now();
  greet_at_ = kNever;
  number_ = ++last_number_;
  actions.greet = link_;
  actions.number = number_;
  actions.patient = phase_ == Phase::kDown;
}

// By chance, so that not all peers of a node come at once when it does.
void Channel::greet_later(std::chrono::milliseconds pause) {
  std::uniform_real_distribution<double> about(0.8, 1.2);
  greet_at_ = Clock::now() + std::chrono::duration_cast<Clock::duration>(
                                 pause * about(random_));
  wake_up_at(greet_at_);
}

// A new link is greeted over; once that is answered it takes the old one's
// place.
void Channel::start_renewal(Actions& actions) {
  renew_at_ = kNever;
  new_link_ = std::make_shared<Link>(name_, *io_, options_);
  new_number_ = ++last_number_;
  actions.greet = new_link_;
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
  wake_up_at(renew_at_);
}

void Channel::wake_up_at(Clock::time_point time) {
  if (time >= wake_at_ || closed_ || !io_->enter()) return;
  if (wake_ != nullptr) wake_->cancel();
  wake_at_ = time;
  wake_ = Wake::at(time, *this);
}

}  // namespace kv::internal
