// Nodes that stop under load, and starts, stops, connects and disconnects by
// the thousand, after which the process is as before.
#include <kv/kv.h>
#include <malloc.h>

#include <atomic>
#include <chrono>
#include <cstddef>
#include <cstdint>
#include <filesystem>
#include <fstream>
#include <iostream>
#include <memory>
#include <optional>
#include <random>
#include <string>
#include <thread>
#include <utility>
#include <vector>

#include "cluster/two_nodes.h"
#include "fault/seed.h"

namespace {

using kv::internal::test_length;
using kv_tests::Clock;
using kv_tests::eventually;
using kv_tests::kLong;
using kv_tests::milliseconds;
using kv_tests::seconds;
using kv_tests::start_node;
using kv_tests::table_of;
using kv_tests::time_of;
using kv_tests::within;
using std::chrono::microseconds;

// Writers on a node of their own, each with keys of its own, whose writes go to
// another node until that has stopped.
class Writers {
 public:
  struct Write {
    std::string key;
    absl::Status status;
  };

  Writers(kv::Node& from, int count) {
    writes_.resize(count);
    for (int i = 0; i < count; ++i) {
      threads_.emplace_back([this, i, &from] { write(from.router(), i); });
    }
  }
  // All that they wrote.
  std::vector<Write> end() {
    ending_ = true;
    for (std::thread& thread : threads_) thread.join();
    std::vector<Write> all;
    for (auto& writes : writes_) {
      all.insert(all.end(), writes.begin(), writes.end());
    }
    return all;
  }
  int succeeded() const { return succeeded_; }

 private:
  void write(kv::Router& router, int place) {
    std::vector<Write>& writes = writes_[place];
    while (!ending_) {
      // Half of them by themselves, the others together.
      std::vector<kv::Task<void>> tasks;
      const std::size_t begin = writes.size();
      for (int i = 0; i < 1 + 8 * (place % 2); ++i) {
        const std::string key =
            std::to_string(place) + "." + std::to_string(writes.size());
        tasks.push_back(
            router.async("bucket", kv::Put{key, "1"}, within(kLong)));
        writes.push_back({key, absl::OkStatus()});
      }
      const auto results = kv::await_all(tasks, kLong);
      for (std::size_t i = 0; i < results.size(); ++i) {
        writes[begin + i].status = results[i];
        if (results[i].ok()) ++succeeded_;
      }
      if (!results[0].ok()) return;
    }
  }

  std::atomic<bool> ending_{false};
  std::atomic<int> succeeded_{0};
  std::vector<std::vector<Write>> writes_;
  std::vector<std::thread> threads_;
};

void expect_told_true(kv::Node& stopped,
                      const std::vector<Writers::Write>& writes) {
  const auto bucket = stopped.registry().lookup("bucket");
  ASSERT_NE(bucket, nullptr);
  for (const auto& [key, status] : writes) {
    const bool there = bucket->get(key).has_value();
    const kv::Outcome outcome = kv::outcome(status);
    if (status.ok()) {
      EXPECT_TRUE(there) << key << " was acknowledged";
    }
    if (outcome == kv::Outcome::kNotRun) {
      EXPECT_FALSE(there) << status;
    }
    EXPECT_TRUE(status.ok() || absl::IsUnavailable(status) ||
                absl::IsCancelled(status) || absl::IsAborted(status))
        << status;
    EXPECT_FALSE(!status.ok() && outcome == kv::Outcome::kRan) << status;
  }
}

TEST(EnduranceTest, StopsUnderLoadKeepTheirBoundAndLoseNothing) {
  std::mt19937 random(kv::internal::test_seed());
  const int stops = test_length(1000);
  const auto foo = start_node("foo");
  std::chrono::nanoseconds over{0};
  std::size_t count = 0;
  int late_ops = 0;
  for (int i = 0; i < stops && !testing::Test::HasFailure(); ++i) {
    auto bar = start_node("bar");
    ASSERT_NE(bar, nullptr);
    const auto table = table_of({{"a..z", bar->name()}});
    ASSERT_TRUE(bar->set_table(table).ok() && foo->set_table(table).ok());
    ASSERT_TRUE(foo->router().route("bucket", kv::Create{}).ok());
    const milliseconds bound(random() % 20);
    // Now and then an operation of the host that lasts longer than that.
    struct Last {
      kv_tests::Event begun;
      std::atomic<bool> release{false};
    };
    const auto last = std::make_shared<Last>();  // which outlives its node
    kv::Task<std::string> stubborn;
    if (random() % 16 == 0) {
      ASSERT_TRUE(
          bar->define("Last",
                      [last](kv::OpContext&,
                             std::string_view) -> absl::StatusOr<std::string> {
                        last->begun.set();
                        eventually([&] { return last->release.load(); });
                        return "";
                      })
              .ok());
      stubborn = foo->router().async("other", kv::Apply{"Last"}, within(kLong));
      ASSERT_TRUE(last->begun.wait());
    }
    Writers writers(*foo, 4);
    const auto some = static_cast<int>(random() % 40);
    EXPECT_TRUE(eventually([&] { return writers.succeeded() >= some; }));
    absl::Status stopped;
    const auto took = time_of([&] { stopped = bar->stop(bound); });
    over = std::max(over, took - bound);
    EXPECT_LT(took, bound + seconds(1));
    if (!stopped.ok()) {
      EXPECT_TRUE(absl::IsDeadlineExceeded(stopped)) << stopped;
      ++late_ops;
    }
    last->release = true;
    const auto writes = writers.end();
    count += writes.size();
    expect_told_true(*bar, writes);
    const kv::NodeName name = bar->name();
    bar.reset();
    foo->disconnect(name).IgnoreError();
  }
  std::cout << stops << " stops under " << count << " writes, at most "
            << over / microseconds(1) << " us over their bounds; " << late_ops
            << " with an operation that lasted longer" << std::endl;
}

// What the process has.
struct Usage {
  static Usage now() {
    Usage usage;
    for (const auto& it :
         std::filesystem::directory_iterator("/proc/self/fd")) {
      (void)it;
      ++usage.descriptors;
    }
    std::ifstream status("/proc/self/status");
    for (std::string word; status >> word;) {
      if (word == "Threads:") status >> usage.threads;
      if (word == "VmRSS:") status >> usage.resident_kib;
    }
    usage.heap_kib = static_cast<std::int64_t>(mallinfo2().uordblks / 1024);
    return usage;
  }
  int descriptors = 0;
  int threads = 0;
  std::int64_t resident_kib = 0;
  std::int64_t heap_kib = 0;  // in use
};

// How much more may be in use, however often something was done: gRPC's own
// threads come and go.
constexpr int kSome = 8;
constexpr int kSomeKib = 512;

// Does `work` so many times, of which the first tenth may need what the others
// use again.
template <typename Work>
void expect_flat(int times, const Work& work) {
  for (int i = 0; i < times / 10; ++i) work();
  const Usage before = Usage::now();
  const auto took = time_of([&] {
    for (int i = times / 10; i < times; ++i) work();
  });
  Usage after;
  // Threads and connections that are about to end do so, and gRPC frees what
  // was theirs.
  EXPECT_TRUE(eventually([&] {
    after = Usage::now();
    return after.threads <= before.threads + kSome &&
           after.descriptors <= before.descriptors + kSome &&
           (kv::internal::kSanitized ||
            after.heap_kib < before.heap_kib + kSomeKib);
  })) << before.threads
      << " threads, " << before.descriptors << " descriptors became "
      << after.threads << " and " << after.descriptors;
  std::cout << times << " times, "
            << took / microseconds(1) / (times - times / 10)
            << " us each: " << after.threads - before.threads
            << " more threads, " << after.descriptors - before.descriptors
            << " more descriptors, " << after.heap_kib - before.heap_kib
            << " more KiB in use, " << after.resident_kib - before.resident_kib
            << " more resident" << std::endl;
  if (kv::internal::kSanitized) return;  // which keep what was freed
  EXPECT_LT(after.heap_kib - before.heap_kib, kSomeKib);
  EXPECT_LT(after.resident_kib - before.resident_kib, 8 * kSomeKib);
}

TEST(EnduranceTest, StartsAndStopsLeaveNothingBehind) {
  kv::NodeOptions options;
  options.max_peers = 64;  // it remembers so many
  const auto foo = start_node("foo", options);
  expect_flat(test_length(2000), [&] {
    auto bar = start_node("bar");
    ASSERT_NE(bar, nullptr);
    const std::string name = bar->name();
    EXPECT_TRUE(foo->router().call(name, kv::Whoami{}).ok());
    EXPECT_TRUE(bar->router().call(foo->name(), kv::Whoami{}).ok());
    EXPECT_TRUE(bar->stop().ok());
    bar.reset();
    foo->disconnect(name).IgnoreError();
  });
}

TEST(EnduranceTest, ConnectsAndDisconnectsLeaveNothingBehind) {
  const auto foo = start_node("foo");
  const auto bar = start_node("bar");
  expect_flat(test_length(5000), [&] {
    EXPECT_TRUE(foo->connect(bar->name()).ok());
    EXPECT_TRUE(foo->disconnect(bar->name()).ok());
  });
}

}  // namespace
