#include "exec/retry_budget.h"

#include <algorithm>
#include <chrono>

namespace kv::internal {

RetryBudget::RetryBudget(double share, Clock::time_point now)
    : share_(static_cast<std::int64_t>(share * static_cast<double>(kWhole))),
      balance_(share > 0 ? kFirst * kWhole : 0),
      paid_(now) {}

bool RetryBudget::spend(Clock::time_point now) {
  if (share_ == 0) return false;
  const MutexLock lock(mutex_);
  constexpr std::chrono::seconds kLongest{kFirst / kPerSecond};
  const auto since =
      std::clamp<Clock::duration>(now - paid_, Clock::duration(0), kLongest);
  paid_ = now;
  const auto parts =
      std::chrono::duration_cast<std::chrono::microseconds>(since).count() *
      kPerSecond * kWhole / 1'000'000;
  // Nobody else takes away from it.
  if (balance_.load(std::memory_order_relaxed) < kFirst * kWhole) {
    balance_.fetch_add(parts, std::memory_order_relaxed);
  }
  if (balance_.load(std::memory_order_relaxed) < kWhole) return false;
  balance_.fetch_sub(kWhole, std::memory_order_relaxed);
  return true;
}

}  // namespace kv::internal
