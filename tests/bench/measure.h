// How long operations take and how many are done while a number of them is
// under way.
#ifndef KV_BENCH_MEASURE_H_
#define KV_BENCH_MEASURE_H_

#include <chrono>
#include <cstddef>
#include <cstdint>
#include <functional>
#include <vector>

namespace kv_bench {

using Clock = std::chrono::steady_clock;
using Seconds = std::chrono::duration<double>;

// What one measurement yields.
class Stats {
 public:
  Stats(Seconds time, std::uint64_t count,
        std::vector<std::uint32_t> latencies);

  double per_second() const;
  // 0 to 100; in microseconds.
  double percentile(double percent) const;

 private:
  Seconds time_;
  std::uint64_t count_;
  std::vector<std::uint32_t> latencies_;  // ns, in order
};

// One operation, from start to end.
using BlockingOp = std::function<void()>;
// Begins one on behalf of `slot`, which has no other under way; `done` is to be
// called once, from any thread, at its end.
using Done = std::function<void()>;
using AsyncOp = std::function<void(std::size_t slot, Done done)>;

// Each of `threads` runs `op` again and again. Both begin with a warm-up that
// does not count, of a quarter of `time`.
Stats run_threads(std::size_t threads, Seconds time, const BlockingOp& op);
// Keeps `slots` under way: the end of each begins the next.
Stats run_in_flight(std::size_t slots, Seconds time, const AsyncOp& op);

// Every kBurstPeriod begins kBurstOps at once, however many are under way yet:
// `slow` in every tenth place, or nothing there if it is null, and `fast` in
// the others, whose times alone are taken.
inline constexpr std::size_t kBurstOps = 40;
inline constexpr std::chrono::milliseconds kBurstPeriod{10};
Stats run_bursts(Seconds time, const AsyncOp& fast, const AsyncOp& slow);

}  // namespace kv_bench

#endif  // KV_BENCH_MEASURE_H_
