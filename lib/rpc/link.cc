#include "rpc/link.h"

#include <grpc/support/time.h>
#include <grpcpp/create_channel.h>
#include <grpcpp/support/async_stream.h>

#include <algorithm>
#include <atomic>
#include <climits>
#include <utility>

#include "absl/strings/str_cat.h"
#include "rpc/channel_arguments.h"
#include "rpc/doorkeeper.h"

namespace kv::internal {
namespace {

constexpr std::chrono::milliseconds kDnsPause{1000};
constexpr std::size_t kMaxCauseBytes = 256;

constexpr char kRoute[] = "/kvroute.v1.Peer/Route";
constexpr char kRouteMany[] = "/kvroute.v1.Peer/RouteMany";

grpc::ChannelArguments arguments(const ChannelOptions& options) {
  const auto ms = [](std::chrono::milliseconds time) {
    return static_cast<int>(time.count());
  };
  grpc::ChannelArguments args;
  args.SetInt(GRPC_ARG_INITIAL_RECONNECT_BACKOFF_MS,
              ms(std::min(kFirstReconnect, options.max_reconnect_pause)));
  args.SetInt(GRPC_ARG_MAX_RECONNECT_BACKOFF_MS,
              ms(options.max_reconnect_pause));
  // In truth the time limit of a connection attempt.
  args.SetInt(GRPC_ARG_MIN_RECONNECT_BACKOFF_MS, ms(options.connect_timeout));
  args.SetInt(GRPC_ARG_DNS_MIN_TIME_BETWEEN_RESOLUTIONS_MS, ms(kDnsPause));
  args.SetInt(GRPC_ARG_CLIENT_IDLE_TIMEOUT_MS, INT_MAX);  // never
  // Several nodes in one process share nothing.
  args.SetInt(GRPC_ARG_USE_LOCAL_SUBCHANNEL_POOL, 1);
  // What may have run is never sent again, and a peer is dialled as it is
  // named, whatever http_proxy says.
  args.SetInt(GRPC_ARG_ENABLE_RETRIES, 0);
  args.SetInt(GRPC_ARG_ENABLE_HTTP_PROXY, 0);
  const auto set = [&](const char* name, int value) {
    args.SetInt(name, value);
  };
  set_keepalive(options.keepalive, options.keepalive / 2, set);
  set_transport(set);
  options.credentials.set_arguments(args);
  args.SetMaxReceiveMessageSize(static_cast<int>(options.max_message_bytes));
  args.SetMaxSendMessageSize(static_cast<int>(options.max_message_bytes));
  return args;
}

// What lies behind gRPC's "failed to connect to all addresses; last error: ".
std::string cause_of(const std::string& message) {
  constexpr char kLast[] = "last error: ";
  const std::size_t at = message.rfind(kLast);
  return at == std::string::npos
             ? message.substr(0, kMaxCauseBytes)
             : message.substr(at + sizeof kLast - 1, kMaxCauseBytes);
}

}  // namespace

void sign(const ChannelOptions& options, grpc::ClientContext& context) {
  if (options.cookie.empty()) return;
  context.AddMetadata(kCookieKey, options.cookie);
}

gpr_timespec to_gpr(Clock::time_point deadline) {
  constexpr std::chrono::hours kYears{24 * 365 * 30};
  const Clock::time_point now = Clock::now();
  if (deadline > now + kYears) return gpr_inf_future(GPR_CLOCK_MONOTONIC);
  const auto left = std::max<std::chrono::nanoseconds>(
      deadline - now, std::chrono::nanoseconds(0));
  return gpr_time_add(gpr_now(GPR_CLOCK_MONOTONIC),
                      gpr_time_from_nanos(left.count(), GPR_TIMESPAN));
}

// Keeps itself until gRPC is done with it. One event at a time is under way.
class Link::Greeting final : public IoEvent,
                             public std::enable_shared_from_this<Greeting> {
 public:
  Greeting(Io& io, Greeted greeted, Ended ended)
      : io_(io), greeted_(std::move(greeted)), ended_(std::move(ended)) {}

  // REQUIRES: io has been entered.
  void start(::kvroute::v1::Peer::Stub& stub, const ChannelOptions& options,
             bool patient) {
    self_ = shared_from_this();
    context_.set_wait_for_ready(patient);
    sign(options, context_);
    reader_ = stub.PrepareAsyncHello(&context_, ::kvroute::v1::HelloRequest(),
                                     &io_.any_queue());
    reader_->StartCall(tag());
  }
  void stop() {
    wanted_.store(false, std::memory_order_relaxed);
    context_.TryCancel();
  }

 private:
  enum class Step { kStart, kRead, kFinish };

  void* tag() { return static_cast<IoEvent*>(this); }
  bool wanted() const { return wanted_.load(std::memory_order_relaxed); }

  void ended(bool ok) override {
    if (step_ == Step::kFinish) return finished();
    if (step_ == Step::kRead && ok && wanted()) greeted_(reply_.incarnation());
    step_ = ok ? Step::kRead : Step::kFinish;
    if (ok) {
      reader_->Read(&reply_, tag());
    } else {
      reader_->Finish(&status_, tag());
    }
  }
  void finished() {
    if (wanted()) {
      ended_(absl::Status(static_cast<absl::StatusCode>(status_.error_code()),
                          cause_of(status_.error_message())));
    }
    Io& io = io_;
    { const std::shared_ptr<Greeting> self = std::move(self_); }
    io.leave();
  }

  Io& io_;
  const Greeted greeted_;
  const Ended ended_;
  std::atomic<bool> wanted_{true};
  Step step_ = Step::kStart;  // that is under way
  std::shared_ptr<Greeting> self_;
  grpc::ClientContext context_;
  ::kvroute::v1::HelloReply reply_;
  grpc::Status status_;
  std::unique_ptr<grpc::ClientAsyncReader<::kvroute::v1::HelloReply>> reader_;
};

Link::Link(const NodeName& name, Io& io, const ChannelOptions& options)
    : io_(io),
      channel_(grpc::CreateCustomChannel(std::string(name.address()),
                                         options.credentials.channel(),
                                         arguments(options))),
      stub_(::kvroute::v1::Peer::NewStub(channel_)),
      route_(kRoute, grpc::internal::RpcMethod::NORMAL_RPC, channel_),
      route_many_(kRouteMany, grpc::internal::RpcMethod::NORMAL_RPC, channel_) {
}

Link::~Link() { leave(); }

bool Link::greet(const ChannelOptions& options, bool patient, Greeted greeted,
                 Ended ended) {
  if (!io_.enter()) return false;
  auto greeting =
      std::make_shared<Greeting>(io_, std::move(greeted), std::move(ended));
  replace(greeting);
  greeting->start(*stub_, options, patient);
  return true;
}

void Link::replace(std::shared_ptr<Greeting> by) {
  {
    const MutexLock lock(mutex_);
    greeting_.swap(by);
  }
  if (by != nullptr) by->stop();
}

}  // namespace kv::internal
