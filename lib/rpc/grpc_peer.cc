#include "rpc/grpc_peer.h"

#include <grpc/support/time.h>
#include <grpcpp/grpcpp.h>

#include <list>
#include <string>
#include <utility>

#include "absl/base/thread_annotations.h"
#include "absl/strings/str_cat.h"
#include "base/blocking.h"
#include "base/mutex.h"
#include "base/outcome_mark.h"
#include "kvroute/v1/kvroute.grpc.pb.h"
#include "rpc/wire.h"

namespace kv::internal {
namespace {

// A peer that comes back is noticed after at most the longest pause and its
// jitter of 20 %.
constexpr int kFirstReconnectMs = 100;
constexpr int kLongestReconnectMs = 500;
constexpr int kDnsPauseMs = 1000;

grpc::ChannelArguments arguments(const ChannelOptions& options) {
  grpc::ChannelArguments args;
  args.SetInt(GRPC_ARG_INITIAL_RECONNECT_BACKOFF_MS, kFirstReconnectMs);
  args.SetInt(GRPC_ARG_MAX_RECONNECT_BACKOFF_MS, kLongestReconnectMs);
  // In truth the time limit of a connection attempt.
  args.SetInt(GRPC_ARG_MIN_RECONNECT_BACKOFF_MS,
              static_cast<int>(options.connect_timeout.count()));
  args.SetInt(GRPC_ARG_DNS_MIN_TIME_BETWEEN_RESOLUTIONS_MS, kDnsPauseMs);
  // Several nodes in one process share nothing.
  args.SetInt(GRPC_ARG_USE_LOCAL_SUBCHANNEL_POOL, 1);
  // What may have run is never sent again, and a peer is dialled as it is
  // named, whatever http_proxy says.
  args.SetInt(GRPC_ARG_ENABLE_RETRIES, 0);
  args.SetInt(GRPC_ARG_ENABLE_HTTP_PROXY, 0);
  args.SetMaxReceiveMessageSize(static_cast<int>(options.max_message_bytes));
  args.SetMaxSendMessageSize(static_cast<int>(options.max_message_bytes));
  return args;
}

gpr_timespec to_gpr(Clock::time_point deadline) {
  if (deadline == Clock::time_point::max()) {
    return gpr_inf_future(GPR_CLOCK_MONOTONIC);
  }
  const auto left = std::chrono::nanoseconds(deadline - Clock::now());
  return gpr_time_add(gpr_now(GPR_CLOCK_MONOTONIC),
                      gpr_time_from_nanos(left.count(), GPR_TIMESPAN));
}

std::string trailer(const grpc::ClientContext& context, const char* key) {
  const auto& trailers = context.GetServerTrailingMetadata();
  const auto it = trailers.find(key);
  if (it == trailers.end()) return {};
  return {it->second.data(), it->second.size()};
}

}  // namespace

struct GrpcPeer::Channel {
  Channel(const NodeName& name, const ChannelOptions& options)
      : target(name.address()),
        channel(grpc::CreateCustomChannel(
            target, grpc::InsecureChannelCredentials(), arguments(options))),
        stub(v1::Peer::NewStub(channel)) {}

  const std::string target;
  const std::shared_ptr<grpc::Channel> channel;
  const std::unique_ptr<v1::Peer::Stub> stub;
};

// Calls under way, so that close() can end them.
class GrpcPeer::CallList {
 public:
  using Place = std::list<std::weak_ptr<UnaryCall>>::iterator;

  Place add(const std::shared_ptr<UnaryCall>& call) {
    const MutexLock lock(mutex_);
    return calls_.insert(calls_.end(), call);
  }
  void remove(Place place) {
    const MutexLock lock(mutex_);
    calls_.erase(place);
  }
  std::list<std::weak_ptr<UnaryCall>> copy() const {
    const MutexLock lock(mutex_);
    return calls_;
  }

 private:
  mutable Mutex mutex_;
  std::list<std::weak_ptr<UnaryCall>> calls_ ABSL_GUARDED_BY(mutex_);
};

class GrpcPeer::UnaryCall final
    : public Cancellable,
      public std::enable_shared_from_this<UnaryCall> {
 public:
  UnaryCall(NodeName name, std::shared_ptr<Channel> channel,
            std::shared_ptr<CallList> calls, const Request& request, Done done)
      : name_(std::move(name)),
        channel_(std::move(channel)),
        calls_(std::move(calls)),
        request_(to_message(request)),
        done_(std::move(done)) {
    context_.set_deadline(to_gpr(request.deadline));
  }

  void start() {
    place_ = calls_->add(shared_from_this());
    channel_->stub->async()->Route(
        &context_, &request_, &reply_,
        [self = shared_from_this()](const grpc::Status& status) {
          self->calls_->remove(self->place_);
          self->finish(status);
        });
  }

  void cancel() override { context_.TryCancel(); }

  void close() {
    closed_.store(true, std::memory_order_relaxed);
    cancel();
  }

 private:
  void finish(const grpc::Status& status) {
    const Done done = std::move(done_);
    if (status.ok()) return done(from_message(std::move(reply_)));
    FailureMessage failure;
    failure.status = status;
    failure.executed_no = trailer(context_, kExecutedKey) == "no";
    failure.failure = trailer(context_, kFailureKey);
    if (closed_.load(std::memory_order_relaxed) && failure.failure.empty()) {
      failure.status = grpc::Status(grpc::StatusCode::UNAVAILABLE,
                                    "disconnect() was called");
    }
    // A call that was given to a connection knows the connection's address,
    // which gRPC writes with a scheme; one that was not only knows the
    // channel's target.
    const bool left = context_.peer() != channel_->target;
    done(from_failure(failure, name_, left));
  }

  const NodeName name_;
  const std::shared_ptr<Channel> channel_;
  const std::shared_ptr<CallList> calls_;
  CallList::Place place_;
  std::atomic<bool> closed_{false};

  grpc::ClientContext context_;
  v1::RouteRequest request_;
  v1::RouteReply reply_;
  Done done_;
};

GrpcPeer::GrpcPeer(NodeName name, const ChannelOptions& options)
    : name_(std::move(name)),
      channel_(std::make_shared<Channel>(name_, options)),
      calls_(std::make_shared<CallList>()) {}

GrpcPeer::~GrpcPeer() = default;

std::shared_ptr<Cancellable> GrpcPeer::send(const Request& request, Done done) {
  auto call = std::make_shared<UnaryCall>(name_, channel_, calls_, request,
                                          std::move(done));
  call->start();
  return call;
}

absl::Status GrpcPeer::connect(Clock::time_point deadline) {
  grpc::Channel& channel = *channel_->channel;
  const BlockingRegion region;
  for (;;) {
    const grpc_connectivity_state state = channel.GetState(true);
    if (state == GRPC_CHANNEL_READY) return absl::OkStatus();
    if (state == GRPC_CHANNEL_TRANSIENT_FAILURE) {
      return not_run(
          absl::UnavailableError(absl::StrCat(name_.str(), " is unreachable")));
    }
    if (!channel.WaitForStateChange(state, to_gpr(deadline))) {
      return not_run(absl::DeadlineExceededError(
          absl::StrCat("no connection to ", name_.str(), " in time")));
    }
  }
}

bool GrpcPeer::connected() const {
  return channel_->channel->GetState(false) == GRPC_CHANNEL_READY;
}

void GrpcPeer::close() {
  for (const std::weak_ptr<UnaryCall>& call : calls_->copy()) {
    if (const std::shared_ptr<UnaryCall> it = call.lock()) it->close();
  }
}

}  // namespace kv::internal
