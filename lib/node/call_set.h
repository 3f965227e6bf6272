// CallSet: the calls that a node has under way.
#ifndef KV_NODE_CALL_SET_H_
#define KV_NODE_CALL_SET_H_

#include <array>
#include <atomic>
#include <cstddef>
#include <memory>

#include "absl/base/thread_annotations.h"
#include "absl/status/status.h"
#include "absl/types/span.h"
#include "base/clock.h"
#include "base/mutex.h"
#include "kv/internal/task_state.h"

namespace kv::internal {

// In parts, so that threads which make calls seldom meet. Safe from any thread.
class CallSet {
  struct Part;

 public:
  // A call, linked into the set without memory of its own.
  class Entry : public Cancellable {
   public:
    std::size_t bytes() const { return bytes_; }  // as add() was told

   private:
    friend class CallSet;
    std::shared_ptr<Entry> self_;  // while it is in the set
    Entry* before_ = nullptr;
    Entry* after_ = nullptr;
    Part* part_ = nullptr;
    std::size_t bytes_ = 0;
  };

  // How many there may be, and bytes of requests, unless it is one alone.
  CallSet(std::size_t max_calls, std::size_t max_bytes)
      : max_calls_(max_calls), max_bytes_(max_bytes) {}

  // kCancelled (not_run) once closed, kResourceExhausted (not_run) at a limit,
  // which it names.
  absl::Status add(std::shared_ptr<Entry> call, std::size_t bytes);
  // It is about to be answered, and no longer counts for the limits ...
  void leave(const Entry& call) {
    count_.fetch_sub(1, std::memory_order_relaxed);
    bytes_.fetch_sub(call.bytes_, std::memory_order_relaxed);
  }
  // ... and has been, of which the set takes note with the next portion of the
  // thread's Gathering, if there is one. REQUIRES: it was added.
  static void remove(Entry& call);

  std::size_t size() const { return count_.load(std::memory_order_relaxed); }

  bool closed() const { return closed_.load(std::memory_order_acquire); }
  void close() { closed_.store(true, std::memory_order_release); }
  // False: some have not been answered at `deadline`. REQUIRES: closed().
  bool wait_until_empty(Clock::time_point deadline);
  void cancel_all();

 private:
  static constexpr std::size_t kParts = 16;
  struct alignas(64) Part {
    Mutex mutex;
    CondVar emptied;
    Entry* first ABSL_GUARDED_BY(mutex) = nullptr;
    bool is_awaited ABSL_GUARDED_BY(mutex) = false;
  };
  static void remove_all(absl::Span<Entry* const> calls);

  const std::size_t max_calls_;
  const std::size_t max_bytes_;
  std::atomic<bool> closed_{false};
  alignas(64) std::atomic<std::size_t> count_{0};
  std::atomic<std::size_t> bytes_{0};
  std::array<Part, kParts> parts_;
};

}  // namespace kv::internal

#endif  // KV_NODE_CALL_SET_H_
