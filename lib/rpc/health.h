// Health: grpc.health.v1.Health, by which load balancers and orchestrators ask.
#ifndef KV_RPC_HEALTH_H_
#define KV_RPC_HEALTH_H_

#include <grpcpp/completion_queue.h>
#include <grpcpp/impl/service_type.h>

#include <list>
#include <memory>
#include <vector>

#include "absl/base/thread_annotations.h"
#include "base/mutex.h"
#include "kvroute/v1/kvroute.grpc.pb.h"
#include "rpc/io.h"

namespace kv::internal {

// Not gRPC's own, which is switched on for a whole process. It answers for ""
// and for the service of peers, alike. Safe from any thread.
class Health final : public grpc::Service {
 public:
  using Request = ::kvroute::v1::HealthRequest;
  using Reply = ::kvroute::v1::HealthReply;

  Health();

  // Answers from now on. Once; as Service::serve.
  void serve(Io& io, const std::vector<grpc::ServerCompletionQueue*>& queues);
  // From now on it answers that the node does not serve.
  void drain();
  // Ends what is watched, and takes no more watchers.
  void stop();

 private:
  class Check;
  class Watch;
  using Place = std::list<std::shared_ptr<Watch>>::iterator;

  bool serving();
  void add(const std::shared_ptr<Watch>& watch);
  void remove(Place place);

  Mutex mutex_;
  bool serving_ ABSL_GUARDED_BY(mutex_) = true;
  bool stopped_ ABSL_GUARDED_BY(mutex_) = false;
  std::list<std::shared_ptr<Watch>> watches_ ABSL_GUARDED_BY(mutex_);
};

}  // namespace kv::internal

#endif  // KV_RPC_HEALTH_H_
