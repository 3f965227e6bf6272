#include "measure.h"

#include <algorithm>
#include <atomic>
#include <condition_variable>
#include <limits>
#include <memory>
#include <mutex>
#include <thread>
#include <utility>

namespace kv_bench {
namespace {

// Taking each one's time would be a cost of its own where many are under way.
constexpr std::size_t kMostTimed = 16;
constexpr std::size_t kNoCacheLineShared = 128;

// Which part of a measurement it is, for all that take part in it.
struct Phase {
  std::atomic<bool> counts{false};
  std::atomic<bool> over{false};
};

// What one slot or thread has done. Written by one thread at a time.
class alignas(kNoCacheLineShared) Tally {
 public:
  explicit Tally(const Phase& phase, bool timed)
      : phase_(phase), timed_(timed) {}

  bool over() const { return phase_.over.load(std::memory_order_relaxed); }
  void begin() {
    if (timed_) began_ = Clock::now();
  }
  void end() {
    if (!phase_.counts.load(std::memory_order_relaxed)) return;
    count_.store(count_.load(std::memory_order_relaxed) + 1,
                 std::memory_order_relaxed);
    if (!timed_) return;
    const std::chrono::nanoseconds time = Clock::now() - began_;
    latencies_.push_back(static_cast<std::uint32_t>(std::min<std::int64_t>(
        time.count(), std::numeric_limits<std::uint32_t>::max())));
  }

  std::uint64_t count() const { return count_.load(std::memory_order_relaxed); }
  // REQUIRES: over, and its last operation too.
  const std::vector<std::uint32_t>& latencies() const { return latencies_; }

 private:
  const Phase& phase_;
  const bool timed_;
  Clock::time_point began_;
  std::atomic<std::uint64_t> count_{0};
  std::vector<std::uint32_t> latencies_;
};

class Tallies {
 public:
  explicit Tallies(std::size_t count) {
    const std::size_t step = (count + kMostTimed - 1) / kMostTimed;
    for (std::size_t i = 0; i < count; ++i) {
      each_.push_back(std::make_unique<Tally>(phase_, i % step == 0));
    }
  }

  Tally& operator[](std::size_t i) { return *each_[i]; }

  // Lets them run for `time`; `wait` returns once all have seen that it's over.
  Stats run(Seconds time, const std::function<void()>& wait) {
    std::this_thread::sleep_for(time / 4);
    phase_.counts = true;
    const Clock::time_point begin = Clock::now();
    std::this_thread::sleep_for(time);
    std::uint64_t count = 0;
    for (const auto& tally : each_) count += tally->count();
    const Seconds took = Clock::now() - begin;
    phase_.counts = false;
    phase_.over = true;
    wait();
    std::vector<std::uint32_t> latencies;
    for (const auto& tally : each_) {
      latencies.insert(latencies.end(), tally->latencies().begin(),
                       tally->latencies().end());
    }
    return {took, count, std::move(latencies)};
  }

 private:
  Phase phase_;
  std::vector<std::unique_ptr<Tally>> each_;
};

// The slots of run_in_flight.
class Slots {
 public:
  Slots(std::size_t count, const AsyncOp& op)
      : op_(op), tallies_(count), running_(count) {
    for (std::size_t i = 0; i < count; ++i) next(i);
  }

  Stats run(Seconds time) {
    return tallies_.run(time, [this] {
      std::unique_lock<std::mutex> lock(mutex_);
      changed_.wait(lock, [this] { return running_ == 0; });
    });
  }

 private:
  void next(std::size_t slot) {
    if (tallies_[slot].over()) return leave();
    tallies_[slot].begin();
    op_(slot, [this, slot] {
      tallies_[slot].end();
      next(slot);
    });
  }
  void leave() {
    const std::lock_guard<std::mutex> lock(mutex_);
    if (--running_ == 0) changed_.notify_all();
  }

  const AsyncOp& op_;
  Tallies tallies_;
  std::mutex mutex_;
  std::condition_variable changed_;
  std::size_t running_;  // guarded by mutex_
};

}  // namespace

Stats::Stats(Seconds time, std::uint64_t count,
             std::vector<std::uint32_t> latencies)
    : time_(time), count_(count), latencies_(std::move(latencies)) {
  std::sort(latencies_.begin(), latencies_.end());
}

double Stats::per_second() const {
  return static_cast<double>(count_) / time_.count();
}

double Stats::percentile(double percent) const {
  if (latencies_.empty()) return 0;
  const double place = percent / 100 * static_cast<double>(latencies_.size());
  const std::size_t index =
      std::min(static_cast<std::size_t>(place), latencies_.size() - 1);
  return latencies_[index] / 1000.0;
}

Stats run_threads(std::size_t threads, Seconds time, const BlockingOp& op) {
  Tallies tallies(threads);
  std::vector<std::thread> running;
  for (std::size_t i = 0; i < threads; ++i) {
    running.emplace_back([&op, &tally = tallies[i]] {
      while (!tally.over()) {
        tally.begin();
        op();
        tally.end();
      }
    });
  }
  return tallies.run(time, [&running] {
    for (std::thread& thread : running) thread.join();
  });
}

Stats run_in_flight(std::size_t slots, Seconds time, const AsyncOp& op) {
  return Slots(slots, op).run(time);
}

}  // namespace kv_bench
