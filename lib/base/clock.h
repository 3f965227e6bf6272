// Time, as the library measures it.
#ifndef KV_BASE_CLOCK_H_
#define KV_BASE_CLOCK_H_

#include <chrono>

namespace kv::internal {

using Clock = std::chrono::steady_clock;

// `timeout` from `now`; the end of time where that can't be told.
inline Clock::time_point deadline_after(Clock::time_point now,
                                        std::chrono::nanoseconds timeout) {
  if (timeout > Clock::time_point::max() - now) return Clock::time_point::max();
  return now + timeout;
}

}  // namespace kv::internal

#endif  // KV_BASE_CLOCK_H_
