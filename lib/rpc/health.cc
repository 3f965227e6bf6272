#include "rpc/health.h"

#include <grpcpp/impl/codegen/server_callback_handlers.h>
#include <grpcpp/impl/rpc_method.h>
#include <grpcpp/impl/rpc_service_method.h>

#include <optional>
#include <string>
#include <utility>

namespace kv::internal {
namespace {

using grpc::internal::RpcMethod;
using grpc::internal::RpcServiceMethod;

constexpr std::size_t kMaxWatches = 1024;

// As grpc.health.v1 numbers them.
enum Status { kServing = 1, kNotServing = 2, kServiceUnknown = 3 };

bool is_known(const std::string& service) {
  return service.empty() || service == "kvroute.v1.Peer";
}

Status status_of(bool serving) { return serving ? kServing : kNotServing; }

}  // namespace

// Tells a watcher the present status, and each new one. Keeps itself until gRPC
// is done with it.
class Health::Watch final : public grpc::ServerWriteReactor<Reply>,
                            public std::enable_shared_from_this<Watch> {
 public:
  Watch(Health& health, bool known) : health_(health), known_(known) {}

  void start() { self_ = shared_from_this(); }
  void tell(Status status) {
    const MutexLock lock(mutex_);
    next_ = status;
    go_on();
  }
  // After what is to be told still.
  void end(const grpc::Status& status) {
    const MutexLock lock(mutex_);
    if (!end_.has_value()) end_ = status;
    go_on();
  }

 private:
  friend class Health;

  void go_on() ABSL_EXCLUSIVE_LOCKS_REQUIRED(mutex_) {
    if (writing_ || finished_) return;
    if (next_.has_value()) {
      reply_.set_status(*std::exchange(next_, std::nullopt));
      writing_ = true;
      StartWrite(&reply_);
    } else if (end_.has_value()) {
      finished_ = true;
      Finish(*end_);
    }
  }
  void OnWriteDone(bool ok) override {
    const MutexLock lock(mutex_);
    writing_ = false;
    if (!ok) next_ = std::nullopt;
    go_on();
  }
  void OnCancel() override { end(grpc::Status::CANCELLED); }
  void OnDone() override {
    if (place_.has_value()) health_.remove(*place_);
    self_ = nullptr;
  }

  Health& health_;
  const bool known_;
  std::shared_ptr<Watch> self_;
  std::optional<Place> place_;  // written under the lock of health_
  Reply reply_;

  Mutex mutex_;
  std::optional<Status> next_ ABSL_GUARDED_BY(mutex_);
  std::optional<grpc::Status> end_ ABSL_GUARDED_BY(mutex_);
  bool writing_ ABSL_GUARDED_BY(mutex_) = false;
  bool finished_ ABSL_GUARDED_BY(mutex_) = false;
};

Health::Health() {
  AddMethod(new RpcServiceMethod("/grpc.health.v1.Health/Check",
                                 RpcMethod::NORMAL_RPC, nullptr));
  MarkMethodCallback(
      0,
      new grpc::internal::CallbackUnaryHandler<Request, Reply>(
          [this](grpc::CallbackServerContext* context, const Request* request,
                 Reply* reply) { return check(*context, *request, *reply); }));
  AddMethod(new RpcServiceMethod("/grpc.health.v1.Health/Watch",
                                 RpcMethod::SERVER_STREAMING, nullptr));
  MarkMethodCallback(
      1, new grpc::internal::CallbackServerStreamingHandler<Request, Reply>(
             [this](grpc::CallbackServerContext* /*context*/,
                    const Request* request) { return watch(*request); }));
}

grpc::ServerUnaryReactor* Health::check(grpc::CallbackServerContext& context,
                                        const Request& request, Reply& reply) {
  grpc::ServerUnaryReactor* const reactor = context.DefaultReactor();
  if (is_known(request.service())) {
    const MutexLock lock(mutex_);
    reply.set_status(status_of(serving_));
    reactor->Finish(grpc::Status::OK);
  } else {
    reactor->Finish({grpc::StatusCode::NOT_FOUND, "there is no such service"});
  }
  return reactor;
}

grpc::ServerWriteReactor<Health::Reply>* Health::watch(const Request& request) {
  const bool known = is_known(request.service());
  const auto watch = std::make_shared<Watch>(*this, known);
  watch->start();
  const MutexLock lock(mutex_);
  if (stopped_ || watches_.size() >= kMaxWatches) {
    watch->end({grpc::StatusCode::RESOURCE_EXHAUSTED, "too many watch"});
  } else {
    watch->tell(known ? status_of(serving_) : kServiceUnknown);
    watch->place_ = watches_.insert(watches_.end(), watch);
  }
  return watch.get();
}

void Health::set_serving(bool serving) {
  const MutexLock lock(mutex_);
  serving_ = serving;
  for (const std::weak_ptr<Watch>& it : watches_) {
    const auto watch = it.lock();
    if (watch != nullptr && watch->known_) watch->tell(status_of(serving));
  }
}

void Health::stop() {
  const MutexLock lock(mutex_);
  stopped_ = true;
  for (const std::weak_ptr<Watch>& it : watches_) {
    if (const auto watch = it.lock()) {
      watch->end({grpc::StatusCode::UNAVAILABLE, "the node is stopping"});
    }
  }
}

void Health::remove(Place place) {
  const MutexLock lock(mutex_);
  watches_.erase(place);
}

}  // namespace kv::internal
