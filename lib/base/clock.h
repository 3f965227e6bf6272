// Time, as the library measures it.
#ifndef KV_BASE_CLOCK_H_
#define KV_BASE_CLOCK_H_

#include <algorithm>
#include <chrono>

namespace kv::internal {

using Clock = std::chrono::steady_clock;

// `timeout` from `now`; the end of time where that can't be told, and not much
// before `now`.
inline Clock::time_point deadline_after(Clock::time_point now,
                                        std::chrono::nanoseconds timeout) {
  if (timeout > Clock::time_point::max() - now) return Clock::time_point::max();
  return now +
         std::max<std::chrono::nanoseconds>(timeout, std::chrono::seconds(-1));
}

}  // namespace kv::internal

#endif  // KV_BASE_CLOCK_H_
