// Io: the threads on which gRPC's work goes on.
#ifndef KV_RPC_IO_H_
#define KV_RPC_IO_H_

#include <grpcpp/completion_queue.h>

#include <atomic>
#include <chrono>
#include <cstddef>
#include <cstdint>
#include <memory>
#include <thread>
#include <vector>

#include "absl/base/thread_annotations.h"
#include "base/mutex.h"

namespace kv::internal {

// What was begun on a completion queue, with this as its tag.
class IoEvent {
 public:
  virtual ~IoEvent() = default;
  // It has ended. Must not block: other events wait for this thread.
  virtual void ended(bool ok) = 0;
};

// One thread for each completion queue, which serves calls from peers and calls
// to peers alike: on a small machine waking a second thread costs more than the
// work it does. Not gRPC's callback API, whose threads hand every event from
// one to the next. Safe from any thread.
class Io {
 public:
  // At least one queue. `busy_poll` as in NodeOptions.
  explicit Io(std::vector<std::unique_ptr<grpc::CompletionQueue>> queues,
              std::chrono::microseconds busy_poll);
  // stop()s.
  ~Io();
  Io(const Io&) = delete;
  Io& operator=(const Io&) = delete;

  std::size_t size() const { return queues_.size(); }
  grpc::CompletionQueue& queue(std::size_t i) { return *queues_[i]; }
  // They take turns.
  grpc::CompletionQueue& any_queue();

  // Stands around all that is begun on a queue: false once stop() was called,
  // else leave() follows when its last event has ended.
  bool enter();
  void leave();

  // Waits until all have left. Idempotent. REQUIRES: they do soon; not called
  // by an event.
  void stop();

 private:
  static constexpr std::uint64_t kStopping = std::uint64_t{1} << 63;

  const std::vector<std::unique_ptr<grpc::CompletionQueue>> queues_;
  std::atomic<std::size_t> next_{0};
  std::atomic<std::uint64_t> users_{0};  // and whether it is stopping

  Mutex mutex_;
  CondVar left_;
  bool all_left_ ABSL_GUARDED_BY(mutex_) = false;

  Mutex stop_mutex_;  // held for the whole of stop()
  std::vector<std::thread> threads_ ABSL_GUARDED_BY(stop_mutex_);
};

}  // namespace kv::internal

#endif  // KV_RPC_IO_H_
