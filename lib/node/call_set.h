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
  void remove(Place place);

  bool closed() const { return closed_.load(std::memory_order_acquire); }
  void close();
  // False: some are still under way at `deadline`.
  bool wait_until_empty(Clock::time_point deadline);
  void cancel_all();

 private:
  const std::size_t limit_;
  std::atomic<bool> closed_{false};

  Mutex mutex_;
  CondVar emptied_;
  std::list<std::shared_ptr<Cancellable>> calls_ ABSL_GUARDED_BY(mutex_);
};

}  // namespace kv::internal

#endif  // KV_NODE_CALL_SET_H_
