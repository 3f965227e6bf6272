// Health: grpc.health.v1.Health, by which load balancers and orchestrators ask.
#ifndef KV_RPC_HEALTH_H_
#define KV_RPC_HEALTH_H_

#include <grpcpp/impl/service_type.h>
#include <grpcpp/support/server_callback.h>

#include <list>
#include <memory>

#include "absl/base/thread_annotations.h"
#include "base/mutex.h"
#include "kvroute/v1/kvroute.grpc.pb.h"

namespace kv::internal {

// Not gRPC's own, which is switched on for a whole process. It answers for ""
// and for the service of peers, alike. Safe from any thread.
class Health final : public grpc::Service {
 public:
  using Request = ::kvroute::v1::HealthRequest;
  using Reply = ::kvroute::v1::HealthReply;

  // Not serving yet.
  Health();

  void set_serving(bool serving);
  // Ends what is watched, and takes no more watchers.
  void stop();

 private:
  class Watch;
  using Place = std::list<std::weak_ptr<Watch>>::iterator;

  grpc::ServerUnaryReactor* check(grpc::CallbackServerContext& context,
                                  const Request& request, Reply& reply);
  grpc::ServerWriteReactor<Reply>* watch(const Request& request);
  void remove(Place place);

  Mutex mutex_;
  bool serving_ ABSL_GUARDED_BY(mutex_) = false;
  bool stopped_ ABSL_GUARDED_BY(mutex_) = false;
  std::list<std::weak_ptr<Watch>> watches_ ABSL_GUARDED_BY(mutex_);
};

}  // namespace kv::internal

#endif  // KV_RPC_HEALTH_H_
