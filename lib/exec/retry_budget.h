// RetryBudget: how often what did not run may be sent again.
#ifndef KV_EXEC_RETRY_BUDGET_H_
#define KV_EXEC_RETRY_BUDGET_H_

#include <atomic>
#include <cstdint>

#include "absl/base/thread_annotations.h"
#include "base/clock.h"
#include "base/mutex.h"

namespace kv::internal {

// Each call earns a share of a retry; what has not been spent is kept, up to
// kMost. A few a second come for nothing, so that a node which makes few calls
// may repeat them as well; it begins with what they come to in ten seconds.
// Safe from any thread.
class RetryBudget {
 public:
  static constexpr int kMost = 10'000;
  static constexpr int kPerSecond = 10;
  static constexpr int kFirst = 100;

  // `share` of the calls, from 0, which is no retry at all, to 1.
  RetryBudget(double share, Clock::time_point now);

  // A call is made.
  void earn() {
    // Once there is enough this only reads, so callers don't meet here.
    if (balance_.load(std::memory_order_relaxed) < kMost * kWhole &&
        share_ != 0) {
      balance_.fetch_add(share_, std::memory_order_relaxed);
    }
  }
  // Whether it may be sent again.
  bool spend(Clock::time_point now);

 private:
  static constexpr std::int64_t kWhole = 1'000'000;  // of a retry's parts

  const std::int64_t share_;
  std::atomic<std::int64_t> balance_;
  Mutex mutex_;
  Clock::time_point paid_ ABSL_GUARDED_BY(mutex_);  // what comes for nothing
};

}  // namespace kv::internal

#endif  // KV_EXEC_RETRY_BUDGET_H_
