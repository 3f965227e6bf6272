#include <algorithm>
#include <condition_variable>
#include <cstddef>
#include <cstdint>
#include <mutex>
#include <thread>
#include <utility>
#include <vector>

#include "measure.h"

namespace kv_bench {
namespace {

constexpr std::size_t kEverySlow = 10;

// What all operations of one measurement tell.
class Ended {
 public:
  void begin() {
    const std::lock_guard<std::mutex> lock(mutex_);
    ++under_way_;
  }
  void end() {
    const std::lock_guard<std::mutex> lock(mutex_);
    if (--under_way_ == 0) none_.notify_all();
  }
  void end(Clock::duration time) {
    const std::chrono::nanoseconds ns = time;
    {
      const std::lock_guard<std::mutex> lock(mutex_);
      latencies_.push_back(static_cast<std::uint32_t>(ns.count()));
    }
    end();
  }

  std::vector<std::uint32_t> wait_for_all() {
    std::unique_lock<std::mutex> lock(mutex_);
    none_.wait(lock, [this] { return under_way_ == 0; });
    return std::move(latencies_);
  }

 private:
  std::mutex mutex_;
  std::condition_variable none_;
  std::size_t under_way_ = 0;             // guarded by mutex_
  std::vector<std::uint32_t> latencies_;  // guarded by mutex_
};

}  // namespace

Stats run_bursts(Seconds time, const AsyncOp& fast, const AsyncOp& slow) {
  Ended ended;
  std::size_t slot = 0;
  const Clock::time_point begin = Clock::now();
  const Clock::time_point warm =
      begin + std::chrono::duration_cast<Clock::duration>(time / 4);
  const Clock::time_point end =
      warm + std::chrono::duration_cast<Clock::duration>(time);
  for (Clock::time_point next = begin; next < end; next += kBurstPeriod) {
    std::this_thread::sleep_until(next);
    for (std::size_t place = 1; place <= kBurstOps; ++place, ++slot) {
      const bool is_slow = place % kEverySlow == 0;
      if (is_slow && slow == nullptr) continue;
      ended.begin();
      if (is_slow || next < warm) {
        (is_slow ? slow : fast)(slot, [&ended] { ended.end(); });
      } else {
        fast(slot, [&ended, began = Clock::now()] {
          ended.end(Clock::now() - began);
        });
      }
    }
  }
  std::vector<std::uint32_t> latencies = ended.wait_for_all();
  const std::uint64_t count = latencies.size();
  return {time, count, std::move(latencies)};
}

}  // namespace kv_bench
