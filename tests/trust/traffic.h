// Good traffic, beside which something else goes on.
#ifndef KV_TESTS_TRUST_TRAFFIC_H_
#define KV_TESTS_TRUST_TRAFFIC_H_

#include <gtest/gtest.h>
#include <kv/kv.h>

#include <algorithm>
#include <atomic>
#include <string>
#include <thread>
#include <vector>

#include "cluster/two_nodes.h"

namespace kv_tests {

// Calls `to` from `from` without a pause until it is destroyed; each call must
// succeed.
class Traffic {
 public:
  Traffic(kv::Node& from, std::string to, int callers = 2) {
    for (int i = 0; i < callers; ++i) {
      threads_.emplace_back([this, &from, to] {
        while (!stopping_) {
          const Clock::time_point begin = Clock::now();
          const auto name = from.router().call(to, kv::Whoami{}, within(kLong));
          EXPECT_TRUE(name.ok()) << name.status();
          if (!name.ok()) ++failures_;
          ++calls_;
          const std::int64_t took = (Clock::now() - begin).count();
          std::int64_t most = slowest_;
          while (took > most && !slowest_.compare_exchange_weak(most, took)) {
          }
        }
      });
    }
  }
  ~Traffic() {
    EXPECT_TRUE(advances());
    stopping_ = true;
    for (std::thread& thread : threads_) thread.join();
  }
  Traffic(const Traffic&) = delete;
  Traffic& operator=(const Traffic&) = delete;

  int failures() const { return failures_; }
  std::chrono::nanoseconds slowest() const {
    return std::chrono::nanoseconds(slowest_.load());
  }
  // Some more calls come through.
  bool advances(int calls = 20) const {
    const int before = calls_;
    return eventually([&] { return calls_ >= before + calls; });
  }

 private:
  std::atomic<bool> stopping_{false};
  std::atomic<int> calls_{0};
  std::atomic<int> failures_{0};
  std::atomic<std::int64_t> slowest_{0};
  std::vector<std::thread> threads_;
};

}  // namespace kv_tests

#endif  // KV_TESTS_TRUST_TRAFFIC_H_
