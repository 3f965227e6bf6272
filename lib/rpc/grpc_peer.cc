#include "rpc/grpc_peer.h"

#include <grpc/support/time.h>
#include <grpcpp/grpcpp.h>

#include <algorithm>
#include <atomic>
#include <functional>
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

// Trips under way, so that close() can end them.
class GrpcPeer::CallList {
 public:
  using Place = std::list<std::weak_ptr<Trip>>::iterator;

  Place add(const std::shared_ptr<Trip>& trip) {
    const MutexLock lock(mutex_);
    return trips_.insert(trips_.end(), trip);
  }
  void remove(Place place) {
    const MutexLock lock(mutex_);
    trips_.erase(place);
  }
  std::list<std::weak_ptr<Trip>> copy() const {
    const MutexLock lock(mutex_);
    return trips_;
  }

 private:
  mutable Mutex mutex_;
  std::list<std::weak_ptr<Trip>> trips_ ABSL_GUARDED_BY(mutex_);
};

// One gRPC call.
class GrpcPeer::Trip : public std::enable_shared_from_this<Trip> {
 public:
  Trip(NodeName name, std::shared_ptr<Channel> channel,
       std::shared_ptr<CallList> trips, Clock::time_point deadline)
      : name_(std::move(name)),
        channel_(std::move(channel)),
        trips_(std::move(trips)) {
    context_.set_deadline(to_gpr(deadline));
  }
  virtual ~Trip() = default;

  void start() {
    place_ = trips_->add(shared_from_this());
    start_rpc([self = shared_from_this()](const grpc::Status& status) {
      self->trips_->remove(self->place_);
      self->finish(status);
    });
  }

  void stop() { context_.TryCancel(); }
  void close() {
    closed_.store(true, std::memory_order_relaxed);
    stop();
  }

 protected:
  // Calls `done` once.
  virtual void start_rpc(std::function<void(grpc::Status)> done) = 0;
  virtual void finish(const grpc::Status& status) = 0;

  // What a failed trip means for each of its calls.
  Response failure(const grpc::Status& status) const {
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
    return from_failure(failure, name_, left);
  }

  const NodeName& name() const { return name_; }
  class v1::Peer::Stub::async& stub() {
    return *channel_->stub->async();
  }
  grpc::ClientContext& context() { return context_; }

 private:
  const NodeName name_;
  const std::shared_ptr<Channel> channel_;
  const std::shared_ptr<CallList> trips_;
  CallList::Place place_;
  std::atomic<bool> closed_{false};
  grpc::ClientContext context_;
};

class GrpcPeer::SingleTrip final : public Trip, public Cancellable {
 public:
  SingleTrip(NodeName name, std::shared_ptr<Channel> channel,
             std::shared_ptr<CallList> trips, const Request& request, Done done)
      : Trip(std::move(name), std::move(channel), std::move(trips),
             request.deadline),
        request_(to_message(request)),
        done_(std::move(done)) {}

  void cancel() override { stop(); }

 private:
  void start_rpc(std::function<void(grpc::Status)> done) override {
    stub().Route(&context(), &request_, &reply_, std::move(done));
  }
  void finish(const grpc::Status& status) override {
    const Done done = std::move(done_);
    done(status.ok() ? from_message(std::move(reply_)) : failure(status));
  }

  v1::RouteRequest request_;
  v1::RouteReply reply_;
  Done done_;
};

class GrpcPeer::SharedTrip final : public Trip {
 public:
  SharedTrip(NodeName name, std::shared_ptr<Channel> channel,
             std::shared_ptr<CallList> trips, std::vector<Outgoing> calls)
      : Trip(std::move(name), std::move(channel), std::move(trips),
             last_deadline(calls)),
        wanted_(calls.size()) {
    for (Outgoing& call : calls) {
      *request_.add_requests() = to_message(call.request);
      done_.push_back(std::move(call.done));
    }
  }

  // One of those that share it; the trip ends once nobody wants it.
  class Part final : public Cancellable {
   public:
    explicit Part(std::shared_ptr<SharedTrip> trip) : trip_(std::move(trip)) {}
    void cancel() override {
      if (!cancelled_.exchange(true)) trip_->cancel_one();
    }

   private:
    const std::shared_ptr<SharedTrip> trip_;
    std::atomic<bool> cancelled_{false};
  };

 private:
  static Clock::time_point last_deadline(const std::vector<Outgoing>& calls) {
    Clock::time_point last = Clock::time_point::min();
    for (const Outgoing& call : calls) {
      last = std::max(last, call.request.deadline);
    }
    return last;
  }

  void cancel_one() {
    if (wanted_.fetch_sub(1) == 1) stop();
  }

  void start_rpc(std::function<void(grpc::Status)> done) override {
    stub().RouteMany(&context(), &request_, &reply_, std::move(done));
  }
  void finish(const grpc::Status& status) override {
    const std::vector<Done> done = std::move(done_);
    for (std::size_t i = 0; i < done.size(); ++i) {
      const int place = static_cast<int>(i);
      if (!status.ok()) {
        done[i](failure(status));
      } else if (place < reply_.results_size()) {
        done[i](from_result_message(std::move(*reply_.mutable_results(place)),
                                    name()));
      } else {
        done[i](from_result_message({}, name()));
      }
    }
  }

  v1::RouteManyRequest request_;
  v1::RouteManyReply reply_;
  std::vector<Done> done_;
  std::atomic<std::size_t> wanted_;
};

GrpcPeer::GrpcPeer(NodeName name, const ChannelOptions& options)
    : name_(std::move(name)),
      channel_(std::make_shared<Channel>(name_, options)),
      calls_(std::make_shared<CallList>()) {}

GrpcPeer::~GrpcPeer() = default;

std::shared_ptr<Cancellable> GrpcPeer::send(const Request& request, Done done) {
  auto trip = std::make_shared<SingleTrip>(name_, channel_, calls_, request,
                                           std::move(done));
  trip->start();
  return trip;
}

std::vector<std::shared_ptr<Cancellable>> GrpcPeer::send_all(
    std::vector<Outgoing> calls) {
  if (calls.size() == 1) return Peer::send_all(std::move(calls));
  const std::size_t count = calls.size();
  auto trip =
      std::make_shared<SharedTrip>(name_, channel_, calls_, std::move(calls));
  trip->start();
  std::vector<std::shared_ptr<Cancellable>> parts;
  for (std::size_t i = 0; i < count; ++i) {
    parts.push_back(std::make_shared<SharedTrip::Part>(trip));
  }
  return parts;
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
  for (const std::weak_ptr<Trip>& trip : calls_->copy()) {
    if (const std::shared_ptr<Trip> it = trip.lock()) it->close();
  }
}

}  // namespace kv::internal
