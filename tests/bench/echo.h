// The bare gRPC echo, in both of gRPC's forms on either side.
#ifndef KV_BENCH_ECHO_H_
#define KV_BENCH_ECHO_H_

#include <cstddef>
#include <memory>
#include <string>

#include "child.h"
#include "measure.h"

namespace kv_bench {

// Prints the version that this program runs with.
int say_grpc_version();

// The role of a child: serves until standard input is closed. `form` is "sync"
// or "callback".
int serve_echo(const std::string& form);

// What goes each way, beside names and keys.
struct EchoShape {
  std::size_t value_bytes = 0;
  std::size_t answer_bytes = 0;
};

// A client, with a server in a process of its own, and as gRPC is by default:
// no deadline, which would cost it a little. The operations that it gives
// live as long as it does.
class EchoClient {
 public:
  explicit EchoClient(const std::string& server_form);
  ~EchoClient();

  // A thread that waits in a synchronous stub.
  BlockingOp sync_call(const EchoShape& shape);
  // A thread that waits for the callback of an asynchronous one.
  BlockingOp waiting_call(const EchoShape& shape);
  // `slots`: how many may be under way.
  AsyncOp async_call(const EchoShape& shape, std::size_t slots);

 private:
  struct Parts;

  Child server_;
  const std::unique_ptr<Parts> parts_;
};

}  // namespace kv_bench

#endif  // KV_BENCH_ECHO_H_
