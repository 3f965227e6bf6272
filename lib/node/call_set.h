// CallSet: the calls that a node has under way.
#ifndef KV_NODE_CALL_SET_H_
#define KV_NODE_CALL_SET_H_

#include <atomic>
#include <cstddef>
#include <list>
#include <memory>

#include "absl/base/thread_annotations.h"
#include "absl/status/status.h"
#include "base/clock.h"
#include "base/mutex.h"
#include "kv/internal/task_state.h"

namespace kv::internal {

// Safe from any thread.
class CallSet {
 public:
  using Place = std::list<std::shared_ptr<Cancellable>>::iterator;

  explicit CallSet(std::size_t limit) : limit_(limit) {}

  // kCancelled (not_run) once closed, kResourceExhausted (not_run) at the
  // limit.
  absl::Status add(std::shared_ptr<Cancellable> call, Place& place);
  // It is about to be answered, and no longer counts for the limit ...
  void leave() { count_.fetch_sub(1, std::memory_order_relaxed); }
  // ... and has been.
  void remove(Place place);

  bool closed() const { return closed_.load(std::memory_order_acquire); }
  void close();
  // False: some have not been answered at `deadline`.
  bool wait_until_empty(Clock::time_point deadline);
  void cancel_all();

 private:
  const std::size_t limit_;
  std::atomic<bool> closed_{false};
  std::atomic<std::size_t> count_{0};

  Mutex mutex_;
  CondVar emptied_;
  std::list<std::shared_ptr<Cancellable>> calls_ ABSL_GUARDED_BY(mutex_);
};

}  // namespace kv::internal

#endif  // KV_NODE_CALL_SET_H_
