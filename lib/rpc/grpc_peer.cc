#include "rpc/grpc_peer.h"

#include <grpcpp/client_context.h>

#include <algorithm>
#include <atomic>
#include <functional>
#include <list>
#include <optional>
#include <string>
#include <utility>

#include "absl/base/thread_annotations.h"
#include "absl/strings/str_cat.h"
#include "base/mutex.h"
#include "base/outcome_mark.h"
#include "kvroute/v1/kvroute.grpc.pb.h"
#include "rpc/wire.h"

namespace kv::internal {
namespace {

std::string trailer(const grpc::ClientContext& context, const char* key) {
  const auto& trailers = context.GetServerTrailingMetadata();
  const auto it = trailers.find(key);
  if (it == trailers.end()) return {};
  return {it->second.data(), it->second.size()};
}

}  // namespace

// Trips under way, so that close() can end them.
class GrpcPeer::TripList {
 public:
  using Place = std::list<std::weak_ptr<Trip>>::iterator;

  // False: it is closed.
  bool add(const std::shared_ptr<Trip>& trip, Place& place) {
    const MutexLock lock(mutex_);
    if (closed_) return false;
    place = trips_.insert(trips_.end(), trip);
    return true;
  }
  void remove(Place place) {
    const MutexLock lock(mutex_);
    trips_.erase(place);
  }
  std::list<std::weak_ptr<Trip>> close() {
    const MutexLock lock(mutex_);
    closed_ = true;
    return trips_;
  }
  bool empty() const {
    const MutexLock lock(mutex_);
    return trips_.empty();
  }

 private:
  mutable Mutex mutex_;
  bool closed_ ABSL_GUARDED_BY(mutex_) = false;
  std::list<std::weak_ptr<Trip>> trips_ ABSL_GUARDED_BY(mutex_);
};

// One gRPC call.
class GrpcPeer::Trip : public Departure,
                       public std::enable_shared_from_this<Trip> {
 public:
  Trip(NodeName name, std::shared_ptr<Channel> channel,
       std::shared_ptr<TripList> trips, Clock::time_point deadline)
      : name_(std::move(name)),
        channel_(std::move(channel)),
        trips_(std::move(trips)),
        deadline_(deadline) {}

  void start() {
    if (!trips_->add(shared_from_this(), place_)) return finish(closed(false));
    channel_->depart(shared_from_this());
  }
  // Ends with kCancelled.
  void stop() { stop(absl::CancelledError("the call was cancelled")); }
  // Ends with kUnavailable.
  void close() {
    closed_.store(true, std::memory_order_relaxed);
    stop(absl::UnavailableError(kClosed));
  }

 protected:
  // Calls `done` once.
  virtual void start_rpc(std::function<void(grpc::Status)> done) = 0;
  // nullopt: there is a reply. Else what the failed trip means for each call.
  virtual void finish(const std::optional<Response>& failure) = 0;

  const NodeName& name() const { return name_; }
  auto stub() { return channel_->stub(); }
  grpc::ClientContext& context() { return context_; }

 private:
  static constexpr char kClosed[] = "disconnect() was called";

  Clock::time_point deadline() const override { return deadline_; }

  void go() override {
    context_.set_deadline(to_gpr(deadline_));
    channel_->sign(context_);
    start_rpc([self = shared_from_this()](const grpc::Status& status) {
      self->trips_->remove(self->place_);
      self->finish(status.ok() ? std::nullopt : self->failure(status));
    });
  }
  void stay(absl::Status why) override {
    trips_->remove(place_);
    Response response;
    response.answer.status = not_run(std::move(why));
    finish(response);
  }

  void stop(const absl::Status& why) {
    channel_->call_back(*this, why);
    context_.TryCancel();
  }

  std::optional<Response> closed(bool left) const {
    Response response;
    response.answer.status =
        marked(absl::UnavailableError(absl::StrCat(name_.str(), ": ", kClosed)),
               left ? Outcome::kUnknown : Outcome::kNotRun);
    return response;
  }
  std::optional<Response> failure(const grpc::Status& status) const {
    FailureMessage message;
    message.status = status;
    message.executed_no = trailer(context_, kExecutedKey) == "no";
    message.failure = trailer(context_, kFailureKey);
    if (closed_.load(std::memory_order_relaxed) && message.failure.empty()) {
      return closed(true);
    }
    return from_failure(message, name_);
  }

  const NodeName name_;
  const std::shared_ptr<Channel> channel_;
  const std::shared_ptr<TripList> trips_;
  const Clock::time_point deadline_;
  TripList::Place place_;
  std::atomic<bool> closed_{false};
  grpc::ClientContext context_;
};

class GrpcPeer::SingleTrip final : public Trip, public Cancellable {
 public:
  SingleTrip(NodeName name, std::shared_ptr<Channel> channel,
             std::shared_ptr<TripList> trips, const Request& request, Done done)
      : Trip(std::move(name), std::move(channel), std::move(trips),
             request.deadline),
        request_(to_message(request)),
        done_(std::move(done)) {}

  void cancel() override { stop(); }

 private:
  void start_rpc(std::function<void(grpc::Status)> done) override {
    stub()->async()->Route(&context(), &request_, &reply_, std::move(done));
  }
  void finish(const std::optional<Response>& failure) override {
    const Done done = std::move(done_);
    done(failure.has_value() ? *failure : from_message(std::move(reply_)));
  }

  v1::RouteRequest request_;
  v1::RouteReply reply_;
  Done done_;
};

class GrpcPeer::SharedTrip final : public Trip {
 public:
  SharedTrip(NodeName name, std::shared_ptr<Channel> channel,
             std::shared_ptr<TripList> trips, std::vector<Outgoing> calls)
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
    stub()->async()->RouteMany(&context(), &request_, &reply_, std::move(done));
  }
  void finish(const std::optional<Response>& failure) override {
    const std::vector<Done> done = std::move(done_);
    for (std::size_t i = 0; i < done.size(); ++i) {
      const int place = static_cast<int>(i);
      if (failure.has_value()) {
        done[i](*failure);
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
      channel_(Channel::open(name_, options)),
      trips_(std::make_shared<TripList>()) {}

GrpcPeer::~GrpcPeer() = default;

std::shared_ptr<Cancellable> GrpcPeer::send(const Request& request, Done done) {
  auto trip = std::make_shared<SingleTrip>(name_, channel_, trips_, request,
                                           std::move(done));
  trip->start();
  return trip;
}

std::vector<std::shared_ptr<Cancellable>> GrpcPeer::send_all(
    std::vector<Outgoing> calls) {
  if (calls.size() == 1) return Peer::send_all(std::move(calls));
  const std::size_t count = calls.size();
  auto trip =
      std::make_shared<SharedTrip>(name_, channel_, trips_, std::move(calls));
  trip->start();
  std::vector<std::shared_ptr<Cancellable>> parts;
  for (std::size_t i = 0; i < count; ++i) {
    parts.push_back(std::make_shared<SharedTrip::Part>(trip));
  }
  return parts;
}

absl::Status GrpcPeer::connect(Clock::time_point deadline) {
  return not_run(channel_->connect(deadline));
}

bool GrpcPeer::connected() const { return channel_->connected(); }

bool GrpcPeer::idle() const { return !connected() && trips_->empty(); }

void GrpcPeer::close() {
  channel_->close();
  for (const std::weak_ptr<Trip>& trip : trips_->close()) {
    if (const std::shared_ptr<Trip> it = trip.lock()) it->close();
  }
}

}  // namespace kv::internal
