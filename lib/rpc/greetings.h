// Greetings: the hellos of peers, each a call as long as its connection.
#ifndef KV_RPC_GREETINGS_H_
#define KV_RPC_GREETINGS_H_

#include <grpcpp/support/server_callback.h>

#include <cstddef>
#include <cstdint>
#include <list>
#include <memory>

#include "absl/base/thread_annotations.h"
#include "absl/status/status.h"
#include "base/mutex.h"
#include "kvroute/v1/kvroute.pb.h"

namespace kv::internal {

// Safe from any thread. REQUIRES: outlives what open() returns.
class Greetings {
 public:
  using Reactor = grpc::ServerWriteReactor<::kvroute::v1::HelloReply>;

  Greetings();

  // What answers to one: gRPC's to keep. Ends at once if not `admitted`.
  Reactor* open(const absl::Status& admitted);
  // Ends all, and those to come, with kUnavailable.
  void stop();

 private:
  class Greeting;
  using Place = std::list<std::weak_ptr<Greeting>>::iterator;

  absl::Status add(const std::shared_ptr<Greeting>& greeting);
  void remove(Place place);

  const std::uint64_t incarnation_;

  Mutex mutex_;
  bool stopped_ ABSL_GUARDED_BY(mutex_) = false;
  std::list<std::weak_ptr<Greeting>> open_ ABSL_GUARDED_BY(mutex_);
};

}  // namespace kv::internal

#endif  // KV_RPC_GREETINGS_H_
