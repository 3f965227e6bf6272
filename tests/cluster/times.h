// Times: how long something took, many times; and whether that can be told.
#ifndef KV_TESTS_CLUSTER_TIMES_H_
#define KV_TESTS_CLUSTER_TIMES_H_

#include <algorithm>
#include <atomic>
#include <chrono>
#include <cstddef>
#include <iomanip>
#include <ostream>
#include <thread>
#include <vector>

namespace kv_tests {

// Not thread-safe.
class Times {
 public:
  using Duration = std::chrono::nanoseconds;

  void add(Duration time) { times_.push_back(time); }
  void add(const Times& other) {
    times_.insert(times_.end(), other.times_.begin(), other.times_.end());
  }

  std::size_t count() const { return times_.size(); }
  // So that `share` of them took no longer; 0 if there are none.
  Duration within(double share) const {
    if (times_.empty()) return Duration(0);
    std::vector<Duration> sorted = times_;
    std::sort(sorted.begin(), sorted.end());
    const double place = share * static_cast<double>(sorted.size() - 1);
    return sorted[static_cast<std::size_t>(place)];
  }
  Duration most() const { return within(1); }
  // The same for each `window` in turn, and of those the one in the middle:
  // what else goes on on the machine, now and then, counts for little.
  Duration usually_within(double share, std::size_t window) const {
    Times all;
    for (std::size_t at = 0; at + window <= times_.size(); at += window) {
      Times part;
      const auto begin = times_.begin() + static_cast<std::ptrdiff_t>(at);
      part.times_.assign(begin, begin + static_cast<std::ptrdiff_t>(window));
      all.add(part.within(share));
    }
    return all.within(0.5);
  }

  friend std::ostream& operator<<(std::ostream& out, const Times& times) {
    const auto ms = [](Duration time) {
      return std::chrono::duration<double, std::milli>(time).count();
    };
    return out << std::fixed << std::setprecision(3) << times.count()
               << " times, p50 " << ms(times.within(0.5)) << " ms, p99 "
               << ms(times.within(0.99)) << " ms, most " << ms(times.most())
               << " ms";
  }

 private:
  std::vector<Duration> times_;
};

// Notices when the machine stands still for this process, so that a time that
// was taken meanwhile tells nothing. Safe from any thread.
class Pulse {
 public:
  static constexpr std::chrono::milliseconds kStill{30};

  Pulse() : thread_([this] { beat(); }) {}
  ~Pulse() {
    ended_ = true;
    thread_.join();
  }
  Pulse(const Pulse&) = delete;
  Pulse& operator=(const Pulse&) = delete;

  // How often it stood still so far.
  int stills() const { return stills_; }

 private:
  void beat() {
    auto last = std::chrono::steady_clock::now();
    while (!ended_) {
      std::this_thread::sleep_for(std::chrono::milliseconds(2));
      const auto now = std::chrono::steady_clock::now();
      if (now - last > kStill) ++stills_;
      last = now;
    }
  }

  std::atomic<bool> ended_{false};
  std::atomic<int> stills_{0};
  std::thread thread_;
};

}  // namespace kv_tests

#endif  // KV_TESTS_CLUSTER_TIMES_H_
