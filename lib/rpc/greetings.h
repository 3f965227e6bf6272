// Greetings: the hellos of peers, each a call as long as its connection.
#ifndef KV_RPC_GREETINGS_H_
#define KV_RPC_GREETINGS_H_

#include <grpcpp/completion_queue.h>

#include <cstdint>
#include <list>
#include <memory>
#include <vector>

#include "absl/base/thread_annotations.h"
#include "absl/status/status.h"
#include "base/mutex.h"
#include "rpc/doorkeeper.h"
#include "rpc/io.h"
#include "rpc/raw_service.h"

namespace kv::internal {

// Safe from any thread.
class Greetings {
 public:
  Greetings(RawService& service, const Doorkeeper& doorkeeper);

  // Takes them from now on. Once; as Service::serve.
  void serve(Io& io, const std::vector<grpc::ServerCompletionQueue*>& queues);
  // Ends all, and those to come, with kUnavailable.
  void stop();

 private:
  class Greeting;
  using Place = std::list<std::shared_ptr<Greeting>>::iterator;

  absl::Status add(const std::shared_ptr<Greeting>& greeting);
  void remove(Place place);

  RawService& service_;
  const Doorkeeper& doorkeeper_;
  const std::uint64_t incarnation_;

  Mutex mutex_;
  bool stopped_ ABSL_GUARDED_BY(mutex_) = false;
  std::list<std::shared_ptr<Greeting>> open_ ABSL_GUARDED_BY(mutex_);
};

}  // namespace kv::internal

#endif  // KV_RPC_GREETINGS_H_
