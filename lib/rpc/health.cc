#include "rpc/health.h"

#include <grpcpp/impl/rpc_method.h>
#include <grpcpp/impl/rpc_service_method.h>
#include <grpcpp/support/async_unary_call.h>

#include <optional>
#include <string>

#include "rpc/server_stream.h"

namespace kv::internal {
namespace {

using grpc::internal::RpcMethod;
using grpc::internal::RpcServiceMethod;

// The methods, in the order in which they are added.
constexpr int kCheck = 0;
constexpr int kWatch = 1;
constexpr std::size_t kMaxWatches = 1024;

// As grpc.health.v1 numbers them.
enum Status { kServing = 1, kNotServing = 2, kServiceUnknown = 3 };

bool is_known(const std::string& service) {
  return service.empty() || service == "kvroute.v1.Peer";
}

Health::Reply reply_of(Status status) {
  Health::Reply reply;
  reply.set_status(status);
  return reply;
}
Health::Reply reply_of(bool serving) {
  return reply_of(serving ? kServing : kNotServing);
}

}  // namespace

// One question. Deletes itself.
class Health::Check final : public IoEvent {
 public:
  static void expect(Health& health, Io& io,
                     grpc::ServerCompletionQueue& queue) {
    if (!io.enter()) return;
    auto* const check = new Check(health, io, queue);
    health.RequestAsyncUnary(kCheck, &check->context_, &check->request_,
                             &check->writer_, &queue, &queue,
                             static_cast<IoEvent*>(check));
  }

 private:
  Check(Health& health, Io& io, grpc::ServerCompletionQueue& queue)
      : health_(health), io_(io), queue_(queue) {}
  ~Check() override { io_.leave(); }

  // It has come, and then: it has been answered.
  void ended(bool ok) override {
    if (come_ || !ok) {
      delete this;
      return;
    }
    come_ = true;
    expect(health_, io_, queue_);
    if (is_known(request_.service())) {
      writer_.Finish(reply_of(health_.serving()), grpc::Status::OK,
                     static_cast<IoEvent*>(this));
    } else {
      writer_.FinishWithError(
          {grpc::StatusCode::NOT_FOUND, "there is no such service"},
          static_cast<IoEvent*>(this));
    }
  }

  Health& health_;
  Io& io_;
  grpc::ServerCompletionQueue& queue_;
  bool come_ = false;
  grpc::ServerContext context_;
  Request request_;
  grpc::ServerAsyncResponseWriter<Reply> writer_{&context_};
};

// Tells a watcher the present status, and each new one.
class Health::Watch final : public ServerStream<Request, Reply> {
 public:
  static void expect(Health& health, Io& io,
                     grpc::ServerCompletionQueue& queue) {
    if (!io.enter()) return;
    const auto watch = std::make_shared<Watch>(health, io, queue);
    watch->keep();
    health.RequestAsyncServerStreaming(kWatch, &watch->context_,
                                       &watch->request_, &watch->writer_,
                                       &queue, &queue, watch->tag());
  }
  Watch(Health& health, Io& io, grpc::ServerCompletionQueue& queue)
      : ServerStream(io), health_(health), queue_(queue) {}

 private:
  friend class Health;

  void begin() override {
    expect(health_, io_, queue_);
    health_.add(std::static_pointer_cast<Watch>(shared_from_this()));
  }
  void gone() override {
    if (place_.has_value()) health_.remove(*place_);
  }

  Health& health_;
  grpc::ServerCompletionQueue& queue_;
  std::optional<Place> place_;  // of the queue's thread
};

Health::Health() {
  AddMethod(new RpcServiceMethod("/grpc.health.v1.Health/Check",
                                 RpcMethod::NORMAL_RPC, nullptr));
  AddMethod(new RpcServiceMethod("/grpc.health.v1.Health/Watch",
                                 RpcMethod::SERVER_STREAMING, nullptr));
  MarkMethodAsync(kCheck);
  MarkMethodAsync(kWatch);
}

void Health::serve(Io& io,
                   const std::vector<grpc::ServerCompletionQueue*>& queues) {
  for (grpc::ServerCompletionQueue* const queue : queues) {
    Check::expect(*this, io, *queue);
    Watch::expect(*this, io, *queue);
  }
}

bool Health::serving() {
  const MutexLock lock(mutex_);
  return serving_;
}

void Health::drain() {
  const MutexLock lock(mutex_);
  serving_ = false;
  for (const auto& watch : watches_) {
    if (is_known(watch->request_.service())) watch->tell(reply_of(false));
  }
}

void Health::stop() {
  const MutexLock lock(mutex_);
  stopped_ = true;
  for (const auto& watch : watches_) {
    watch->end({grpc::StatusCode::UNAVAILABLE, "the node is stopping"});
  }
}

void Health::add(const std::shared_ptr<Watch>& watch) {
  const MutexLock lock(mutex_);
  if (stopped_ || watches_.size() >= kMaxWatches) {
    return watch->end({grpc::StatusCode::RESOURCE_EXHAUSTED, "too many watch"});
  }
  watch->tell(is_known(watch->request_.service()) ? reply_of(serving_)
                                                  : reply_of(kServiceUnknown));
  watch->place_ = watches_.insert(watches_.end(), watch);
}

void Health::remove(Place place) {
  const MutexLock lock(mutex_);
  watches_.erase(place);
}

}  // namespace kv::internal
