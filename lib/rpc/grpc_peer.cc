#include "rpc/grpc_peer.h"

#include <grpcpp/client_context.h>
#include <grpcpp/support/async_unary_call.h>
#include <grpcpp/support/byte_buffer.h>

#include <algorithm>
#include <atomic>
#include <cstdint>
#include <list>
#include <optional>
#include <string>
#include <utility>

#include "absl/base/thread_annotations.h"
#include "absl/strings/str_cat.h"
#include "base/mutex.h"
#include "base/outcome_mark.h"
#include "base/run_on.h"
#include "rpc/wire.h"
#include "rpc/wire_call.h"
#include "rpc/wire_trip.h"

namespace kv::internal {
namespace {

std::string trailer(const grpc::ClientContext& context, const char* key) {
  const auto& trailers = context.GetServerTrailingMetadata();
  const auto it = trailers.find(key);
  if (it == trailers.end()) return {};
  return {it->second.data(), it->second.size()};
}

}  // namespace

// gRPC calls under way, so that close() can end them; and the bytes of their
// messages.
class GrpcPeer::List {
 public:
  using Place = std::list<std::weak_ptr<Outgoing>>::iterator;

  std::atomic<std::uint64_t> sent_bytes{0};
  std::atomic<std::uint64_t> received_bytes{0};

  // False: it is closed.
  bool add(const std::shared_ptr<Outgoing>& call, Place& place) {
    const MutexLock lock(mutex_);
    if (closed_) return false;
    place = calls_.insert(calls_.end(), call);
    return true;
  }
  void remove(Place place) {
    const MutexLock lock(mutex_);
    calls_.erase(place);
  }
  std::list<std::weak_ptr<Outgoing>> close() {
    const MutexLock lock(mutex_);
    closed_ = true;
    return calls_;
  }
  bool empty() const {
    const MutexLock lock(mutex_);
    return calls_.empty();
  }

 private:
  mutable Mutex mutex_;
  bool closed_ ABSL_GUARDED_BY(mutex_) = false;
  std::list<std::weak_ptr<Outgoing>> calls_ ABSL_GUARDED_BY(mutex_);
};

// One gRPC call.
class GrpcPeer::Outgoing : public Departure,
                           public IoEvent,
                           public Cancellable,
                           public std::enable_shared_from_this<Outgoing> {
 public:
  using Method = const grpc::internal::RpcMethod& (Link::*)() const;

  Outgoing(NodeName name, std::shared_ptr<Channel> channel,
           std::shared_ptr<List> list, Clock::time_point deadline,
           Method method, const grpc::ByteBuffer& request)
      : name_(std::move(name)),
        channel_(std::move(channel)),
        list_(std::move(list)),
        deadline_(deadline),
        method_(method),
        request_(request) {}

  // As soon as there is a connection.
  void start() {
    if (!list_->add(shared_from_this(), place_)) return finish(closed(false));
    channel_->depart(shared_from_this());
  }

  void cancel() override {
    stop(absl::CancelledError("the call was cancelled"));
  }
  // Ends with kUnavailable.
  void close() {
    closed_.store(true, std::memory_order_relaxed);
    stop(absl::UnavailableError(kClosed));
  }

 protected:
  // nullopt: there is a reply. Else what the failed call means.
  virtual void finish(std::optional<Response> failure) = 0;

  const NodeName& name() const { return name_; }
  const grpc::ByteBuffer& reply() const { return reply_; }

 private:
  using Helper = grpc::internal::ClientAsyncResponseReaderHelper;
  static constexpr char kClosed[] = "disconnect() was called";

  Clock::time_point deadline() const override { return deadline_; }

  void go() override {
    if (!channel_->io().enter()) {
      return stay(absl::UnavailableError("the node has stopped"));
    }
    context_.set_deadline(to_gpr(deadline_));
    channel_->sign(context_);
    self_ = shared_from_this();
    const std::shared_ptr<Link> link = channel_->link();
    count(list_->sent_bytes, request_);
    reader_.reset(Helper::Create<grpc::ByteBuffer, grpc::ByteBuffer>(
        &link->channel(), &channel_->io().any_queue(), (*link.*method_)(),
        &context_, request_));
    request_.Clear();  // gRPC has it
    reader_->StartCall();
    reader_->Finish(&reply_, &status_, static_cast<IoEvent*>(this));
  }
  void stay(absl::Status why) override {
    list_->remove(place_);
    Response response;
    response.answer.status = not_run(std::move(why));
    finish(std::move(response));
  }
  void ended(bool /*ok*/) override {
    const std::shared_ptr<Outgoing> self = std::move(self_);
    const std::shared_ptr<Channel> channel = channel_;
    conclude(status_);
    channel->io().leave();
  }
  void conclude(const grpc::Status& status) {
    list_->remove(place_);
    if (status.ok()) count(list_->received_bytes, reply_);
    finish(status.ok() ? std::nullopt : failure(status));
  }
  static void count(std::atomic<std::uint64_t>& bytes,
                    const grpc::ByteBuffer& message) {
    bytes.fetch_add(message.Length(), std::memory_order_relaxed);
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
  const std::shared_ptr<List> list_;
  const Clock::time_point deadline_;
  const Method method_;
  List::Place place_;
  std::atomic<bool> closed_{false};
  grpc::ByteBuffer request_;
  grpc::ByteBuffer reply_;
  grpc::ClientContext context_;
  grpc::Status status_;
  std::unique_ptr<grpc::ClientAsyncResponseReader<grpc::ByteBuffer>> reader_;
  std::shared_ptr<Outgoing> self_;  // while gRPC has it
};

class GrpcPeer::OutgoingCall final : public Outgoing {
 public:
  OutgoingCall(NodeName name, std::shared_ptr<Channel> channel,
               std::shared_ptr<List> list,
               const std::shared_ptr<const Request>& request, Done done)
      : Outgoing(std::move(name), std::move(channel), std::move(list),
                 request->deadline, &Link::route, write_request(request)),
        done_(std::move(done)) {}

 private:
  void finish(std::optional<Response> failure) override {
    Done done = std::move(done_);
    done(failure.has_value() ? *std::move(failure) : read_reply(reply()));
  }

  Done done_;
};

class GrpcPeer::OutgoingTrip final : public Outgoing {
 public:
  OutgoingTrip(NodeName name, std::shared_ptr<Channel> channel,
               std::shared_ptr<List> list,
               const std::vector<const Request*>& requests, Trip kind,
               DoneEach done)
      : Outgoing(std::move(name), std::move(channel), std::move(list),
                 last_deadline(requests), &Link::route_many,
                 write_trip(requests, kind, Clock::now())),
        count_(requests.size()),
        done_(std::move(done)) {}

 private:
  static Clock::time_point last_deadline(
      const std::vector<const Request*>& requests) {
    Clock::time_point last = Clock::time_point::min();
    for (const Request* const request : requests) {
      last = std::max(last, request->deadline);
    }
    return last;
  }

  void finish(std::optional<Response> failure) override {
    DoneEach done = std::move(done_);
    const Gathering gathering;
    if (!failure.has_value()) {
      return read_results(reply(), count_, name(),
                          [&](std::size_t place, Response&& response) {
                            done(place, std::move(response));
                          });
    }
    for (std::size_t i = 0; i < count_; ++i) done(i, Response(*failure));
  }

  const std::size_t count_;
  DoneEach done_;
};

GrpcPeer::GrpcPeer(NodeName name, std::shared_ptr<Io> io,
                   const ChannelOptions& options)
    : name_(std::move(name)),
      channel_(Channel::open(name_, std::move(io), options)),
      list_(std::make_shared<List>()) {}

GrpcPeer::~GrpcPeer() = default;

std::shared_ptr<Cancellable> GrpcPeer::send(
    std::shared_ptr<const Request> request, Done done) {
  auto call = std::make_shared<OutgoingCall>(name_, channel_, list_, request,
                                             std::move(done));
  call->start();
  return call;
}

std::shared_ptr<Cancellable> GrpcPeer::send_trip(
    const std::vector<const Request*>& requests, Trip kind, DoneEach done) {
  auto trip = std::make_shared<OutgoingTrip>(name_, channel_, list_, requests,
                                             kind, std::move(done));
  trip->start();
  return trip;
}

absl::Status GrpcPeer::connect(Clock::time_point deadline) {
  return not_run(channel_->connect(deadline));
}

bool GrpcPeer::connected() const { return channel_->connected(); }

PeerStats GrpcPeer::stats() const {
  PeerStats stats = channel_->report();
  stats.node = name_;
  stats.sent_bytes = list_->sent_bytes.load(std::memory_order_relaxed);
  stats.received_bytes = list_->received_bytes.load(std::memory_order_relaxed);
  return stats;
}

bool GrpcPeer::idle() const { return !connected() && list_->empty(); }

void GrpcPeer::close() {
  channel_->close();
  for (const std::weak_ptr<Outgoing>& call : list_->close()) {
    if (const std::shared_ptr<Outgoing> it = call.lock()) it->close();
  }
}

}  // namespace kv::internal
