// Reflection: grpc.reflection.v1alpha.ServerReflection, by which tools learn
// what messages a node understands.
#ifndef KV_RPC_REFLECTION_H_
#define KV_RPC_REFLECTION_H_

#include <google/protobuf/descriptor_database.h>
#include <grpcpp/completion_queue.h>
#include <grpcpp/impl/service_type.h>

#include <list>
#include <memory>
#include <string>
#include <vector>

#include "absl/base/thread_annotations.h"
#include "base/mutex.h"
#include "kvroute/v1/kvroute.grpc.pb.h"
#include "rpc/doorkeeper.h"
#include "rpc/io.h"

namespace kv::internal {

// Not gRPC's own: that answers from the descriptors of the whole process, where
// kvroute has none, so as not to meet those of another library. Ours are bytes
// that the build has put into the library. Safe from any thread.
class Reflection final : public grpc::Service {
 public:
  using Request = ::kvroute::v1::ReflectionRequest;
  using Reply = ::kvroute::v1::ReflectionReply;

  // Only whom `doorkeeper` lets in is answered.
  Reflection(Doorkeeper doorkeeper, bool with_health);

  // Answers from now on. Once; as Service::serve.
  void serve(Io& io, const std::vector<grpc::ServerCompletionQueue*>& queues);
  // Ends conversations, and takes no more.
  void stop();

 private:
  class Conversation;
  using Place = std::list<Conversation*>::iterator;

  // Only of the descriptors.
  Reply answer(const Request& request);
  // False: there are too many, or it is stopping.
  bool add(Conversation& conversation, Place& place);
  void remove(Place place);

  const Doorkeeper doorkeeper_;
  std::vector<std::string> services_;

  Mutex mutex_;
  // A look-up sorts what has been added.
  google::protobuf::EncodedDescriptorDatabase files_ ABSL_GUARDED_BY(mutex_);
  bool stopped_ ABSL_GUARDED_BY(mutex_) = false;
  std::list<Conversation*> conversations_ ABSL_GUARDED_BY(mutex_);
};

}  // namespace kv::internal

#endif  // KV_RPC_REFLECTION_H_
