// AcceptLoop: takes connections from the network.
//
// Not left to gRPC, whose listener stops for good once an accept has failed for
// want of descriptors, and which has no limit on connections.
#ifndef KV_RPC_ACCEPT_LOOP_H_
#define KV_RPC_ACCEPT_LOOP_H_

#include <sys/types.h>

#include <chrono>
#include <cstddef>
#include <functional>
#include <memory>
#include <thread>
#include <utility>
#include <vector>

#include "absl/base/thread_annotations.h"
#include "absl/status/statusor.h"
#include "base/log.h"
#include "base/mutex.h"
#include "rpc/listen.h"

namespace kv::internal {

// One thread, which sleeps until somebody connects. A connection beyond the
// limit is closed at once; so is each one while there are no descriptors, with
// the help of one that is kept spare.
class AcceptLoop {
 public:
  struct Options {
    std::size_t max_connections = 0;
    // What is sent and not acknowledged for so long breaks a connection.
    std::chrono::milliseconds unacknowledged{0};
    std::shared_ptr<Log> log = {};  // nullptr: nobody wants to know
  };
  // Takes over `connection`, which is non-blocking, and closes it in the end.
  using Take = std::function<void(int listener, int connection)>;

  // kUnavailable: there are no descriptors, or no threads, left.
  static absl::StatusOr<std::unique_ptr<AcceptLoop>> start(
      const Options& options, Listening listening, Take take);
  ~AcceptLoop();  // stop()
  AcceptLoop(const AcceptLoop&) = delete;
  AcceptLoop& operator=(const AcceptLoop&) = delete;

  // `take` is not called any more, and nobody listens. Idempotent, from any
  // thread.
  void stop();

 private:
  AcceptLoop(const Options& options, Listening listening, Take take);

  void serve();
  void accept_from(int listener);
  void keep(int listener, Descriptor connection);
  bool full();
  void turn_one_away(int listener);
  void log_refusal(const char* why);

  const Options options_;
  const Take take_;
  const Descriptor wake_;  // an eventfd: the end has come
  Listening listening_;

  // Of the thread. A connection is its descriptor and the socket's inode, by
  // which one that has been closed is told from another with its number.
  std::vector<std::pair<int, ino_t>> connections_;
  std::chrono::steady_clock::time_point counted_;
  Descriptor spare_;
  bool pause_ = false;

  Mutex stop_mutex_;  // held for the whole of stop()
  std::thread thread_ ABSL_GUARDED_BY(stop_mutex_);
};

}  // namespace kv::internal

#endif  // KV_RPC_ACCEPT_LOOP_H_
