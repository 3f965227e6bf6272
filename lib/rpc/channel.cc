#include "rpc/channel.h"

#include <grpc/support/time.h>
#include <grpcpp/grpcpp.h>

#include <algorithm>
#include <string>
#include <utility>

#include "absl/strings/str_cat.h"
#include "base/blocking.h"
#include "rpc/gate.h"

namespace kv::internal {
namespace {

// A peer that comes back is noticed after at most the longest pause and its
// jitter of 20 %.
constexpr std::chrono::milliseconds kFirstReconnect{100};
constexpr std::chrono::milliseconds kLongestReconnect{500};
constexpr std::chrono::milliseconds kDnsPause{1000};

// How often to look whether a connection has come about.
constexpr std::chrono::milliseconds kFirstLook{1};
constexpr std::chrono::milliseconds kLongestLook{8};

grpc::ChannelArguments arguments(const ChannelOptions& options) {
  const auto ms = [](std::chrono::milliseconds time) {
    return static_cast<int>(time.count());
  };
  grpc::ChannelArguments args;
  args.SetInt(GRPC_ARG_INITIAL_RECONNECT_BACKOFF_MS, ms(kFirstReconnect));
  args.SetInt(GRPC_ARG_MAX_RECONNECT_BACKOFF_MS, ms(kLongestReconnect));
  // In truth the time limit of a connection attempt.
  args.SetInt(GRPC_ARG_MIN_RECONNECT_BACKOFF_MS, ms(options.connect_timeout));
  args.SetInt(GRPC_ARG_DNS_MIN_TIME_BETWEEN_RESOLUTIONS_MS, ms(kDnsPause));
  // Several nodes in one process share nothing.
  args.SetInt(GRPC_ARG_USE_LOCAL_SUBCHANNEL_POOL, 1);
  // What may have run is never sent again, and a peer is dialled as it is
  // named, whatever http_proxy says.
  args.SetInt(GRPC_ARG_ENABLE_RETRIES, 0);
  args.SetInt(GRPC_ARG_ENABLE_HTTP_PROXY, 0);
  options.credentials.set_arguments(args);
  args.SetMaxReceiveMessageSize(static_cast<int>(options.max_message_bytes));
  args.SetMaxSendMessageSize(static_cast<int>(options.max_message_bytes));
  return args;
}

}  // namespace

gpr_timespec to_gpr(Clock::time_point deadline) {
  constexpr std::chrono::hours kYears{24 * 365 * 30};
  const Clock::time_point now = Clock::now();
  if (deadline > now + kYears) return gpr_inf_future(GPR_CLOCK_MONOTONIC);
  const auto left = std::max<std::chrono::nanoseconds>(
      deadline - now, std::chrono::nanoseconds(0));
  return gpr_time_add(gpr_now(GPR_CLOCK_MONOTONIC),
                      gpr_time_from_nanos(left.count(), GPR_TIMESPAN));
}

Channel::Channel(const NodeName& name, const ChannelOptions& options)
    : name_(name),
      cookie_(options.cookie),
      channel_(grpc::CreateCustomChannel(std::string(name.address()),
                                         options.credentials.channel(),
                                         arguments(options))),
      stub_(::kvroute::v1::Peer::NewStub(channel_)) {}

void Channel::sign(grpc::ClientContext& context) const {
  if (!cookie_.empty()) context.AddMetadata(kCookieKey, cookie_);
}

absl::Status Channel::unreachable() const {
  return absl::UnavailableError(
      absl::StrCat(name_.str(), " is unreachable: no connection"));
}

bool Channel::connected() const {
  return channel_->GetState(false) == GRPC_CHANNEL_READY;
}

void Channel::depart(std::shared_ptr<Departure> departure) {
  switch (channel_->GetState(true)) {
    case GRPC_CHANNEL_READY:
      return departure->go();
    case GRPC_CHANNEL_TRANSIENT_FAILURE:
    case GRPC_CHANNEL_SHUTDOWN:
      return departure->stay(unreachable());
    case GRPC_CHANNEL_IDLE:
    case GRPC_CHANNEL_CONNECTING:
      break;
  }
  const MutexLock lock(mutex_);
  waiting_.push_back(std::move(departure));
  if (looking_) return;
  looking_ = true;
  pause_ = kFirstLook;
  look_later();
}

void Channel::look_later() {
  Clock::time_point next = Clock::now() + pause_;
  for (const auto& departure : waiting_) {
    next = std::min(next, departure->deadline());
  }
  pause_ = std::min(pause_ * 2, kLongestLook);
  alarm_ = std::make_unique<grpc::Alarm>();
  alarm_->Set(to_gpr(next),
              [self = shared_from_this()](bool /*ok*/) { self->look(); });
}

void Channel::look() {
  const grpc_connectivity_state state = channel_->GetState(true);
  const bool over =
      state == GRPC_CHANNEL_TRANSIENT_FAILURE || state == GRPC_CHANNEL_SHUTDOWN;
  const bool ready = state == GRPC_CHANNEL_READY;
  const Clock::time_point now = Clock::now();
  Waiting decided;
  {
    const MutexLock lock(mutex_);
    for (auto it = waiting_.begin(); it != waiting_.end();) {
      const auto here = it++;
      if (ready || over || (*here)->deadline() <= now) {
        decided.splice(decided.end(), waiting_, here);
      }
    }
    looking_ = !waiting_.empty();
    if (looking_) {
      look_later();
    } else {
      alarm_ = nullptr;  // its callback holds this channel
    }
  }
  for (const std::shared_ptr<Departure>& departure : decided) {
    if (departure->deadline() <= now) {
      departure->stay(absl::DeadlineExceededError(
          absl::StrCat("no connection to ", name_.str(), " in time")));
    } else if (ready) {
      departure->go();
    } else {
      departure->stay(unreachable());
    }
  }
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
  // A failure may be an old one: then the next attempt counts.
  const Clock::time_point next_attempt =
      Clock::now() + kLongestReconnect * 6 / 5;
  bool first = true;
  for (;;) {
    const grpc_connectivity_state state = channel_->GetState(true);
    if (state == GRPC_CHANNEL_READY) return absl::OkStatus();
    const bool failed = state == GRPC_CHANNEL_TRANSIENT_FAILURE;
    if (failed && !first) return unreachable();
    const Clock::time_point end =
        failed ? std::min(deadline, next_attempt) : deadline;
    first = false;
    if (channel_->WaitForStateChange(state, to_gpr(end))) continue;
    if (failed) return unreachable();
    return absl::DeadlineExceededError(
        absl::StrCat("no connection to ", name_.str(), " in time"));
  }
}

}  // namespace kv::internal
