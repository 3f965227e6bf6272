#include "distributed/load.h"

#include <algorithm>
#include <array>
#include <atomic>
#include <cmath>
#include <functional>
#include <memory>
#include <mutex>
#include <thread>

#include "cluster/two_nodes.h"

namespace kv_tests {
namespace {

constexpr std::size_t kParts = 16;

// Collects what comes of calls, from many threads.
class Results {
 public:
  void begun() { ++under_way_; }
  void ended(Clock::time_point begun, const absl::Status& status) {
    const auto took = Clock::now() - begun;
    Part& part =
        parts_[std::hash<std::thread::id>()(std::this_thread::get_id()) %
               kParts];
    {
      const std::lock_guard<std::mutex> lock(part.mutex);
      count(part.result, took, status);
    }
    --under_way_;
  }
  // Once all have ended.
  LoadResult total() {
    EXPECT_TRUE(eventually([&] { return under_way_ == 0; }));
    LoadResult total;
    for (Part& part : parts_) {
      const std::lock_guard<std::mutex> lock(part.mutex);
      const LoadResult& it = part.result;
      total.calls += it.calls;
      total.refused += it.refused;
      total.too_late += it.too_late;
      total.otherwise += it.otherwise;
      total.succeeded.insert(total.succeeded.end(), it.succeeded.begin(),
                             it.succeeded.end());
    }
    std::sort(total.succeeded.begin(), total.succeeded.end());
    return total;
  }

 private:
  struct alignas(64) Part {
    std::mutex mutex;
    LoadResult result;
  };

  static void count(LoadResult& result, std::chrono::nanoseconds took,
                    const absl::Status& status) {
    ++result.calls;
    if (status.ok()) {
      result.succeeded.push_back(took);
    } else if (absl::IsResourceExhausted(status) &&
               kv::outcome(status) == kv::Outcome::kNotRun) {
      ++result.refused;
    } else if (absl::IsDeadlineExceeded(status)) {
      ++result.too_late;
    } else {
      ++result.otherwise;
    }
  }

  std::atomic<std::size_t> under_way_{0};
  std::array<Part, kParts> parts_;
};

}  // namespace

double LoadResult::per_second() const {
  return static_cast<double>(succeeded.size()) / time.count();
}

std::chrono::nanoseconds LoadResult::percentile(double percent) const {
  if (succeeded.empty()) return std::chrono::nanoseconds(0);
  const auto place = static_cast<std::size_t>(
      std::floor(static_cast<double>(succeeded.size()) * percent / 100));
  return succeeded[std::min(place, succeeded.size() - 1)];
}

LoadResult Load::closed(std::size_t in_flight, std::chrono::milliseconds time) {
  const auto results = std::make_shared<Results>();
  const Clock::time_point end = Clock::now() + time;
  std::function<void()> next = [this, results, end, &next] {
    const Clock::time_point begun = Clock::now();
    results->begun();
    router_.async_call(
        node_.str(), op_,
        [results, begun, end,
         &next](const absl::StatusOr<std::string>& answer) {
          if (Clock::now() < end) next();
          results->ended(begun, answer.status());
        },
        within(seconds(1)));
  };
  for (std::size_t i = 0; i < in_flight; ++i) next();
  LoadResult total = results->total();
  total.time = time;
  return total;
}

LoadResult Load::open(double per_second, std::chrono::milliseconds time) {
  const auto results = std::make_shared<Results>();
  const Clock::time_point begin = Clock::now();
  const auto count = static_cast<std::size_t>(
      per_second * std::chrono::duration<double>(time).count());
  for (std::size_t i = 0; i < count; ++i) {
    const Clock::time_point due =
        begin +
        std::chrono::duration_cast<Clock::duration>(
            std::chrono::duration<double>(static_cast<double>(i) / per_second));
    if (due > Clock::now() + milliseconds(1))
      std::this_thread::sleep_until(due);
    const Clock::time_point begun = Clock::now();
    results->begun();
    router_.async_call(
        node_.str(), op_,
        [results, begun](const absl::StatusOr<std::string>& answer) {
          results->ended(begun, answer.status());
        },
        within(seconds(1)));
  }
  // A machine that is too slow to send them in time takes longer.
  const auto took = Clock::now() - begin;
  LoadResult total = results->total();
  total.time = std::max<std::chrono::duration<double>>(time, took);
  return total;
}

}  // namespace kv_tests
