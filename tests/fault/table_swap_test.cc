// Replacing the table while it is in use.
#include <gtest/gtest.h>

#include <atomic>
#include <random>
#include <string>
#include <thread>
#include <vector>

#include "fault/fake_cluster.h"
#include "fault/seed.h"
#include "fault/told.h"

namespace kv::internal {
namespace {

// foo's table goes to and fro between two; bar and baz answer for every name.
class TableSwapTest : public testing::Test {
 protected:
  TableSwapTest() {
    cluster_.set_table("bar", "a..z bar");
    cluster_.set_table("baz", "a..z baz");
  }

  FakeCluster cluster_{{"foo", "bar", "baz"}, NodeOptions(), Delivery::kInline};
  Core& core_ = cluster_.core("foo");
  Router& foo_ = cluster_.router("foo");
  const RoutingTable even_ = cluster_.table("a..g foo\nh..m bar\nn..t baz");
  const RoutingTable odd_ = cluster_.table("a..b baz\nc..m foo\nn..z bar");
  const std::vector<std::string> names_ = {"a", "c", "h", "n", "u", "~"};

  // What `table` answers for `name`.
  static std::string owner(const RoutingTable& table, const std::string& name) {
    const NodeName* const owner = table.find(name);
    return owner == nullptr ? "OUT_OF_RANGE not_run" : owner->str();
  }
};

TEST_F(TableSwapTest, ARouteGoesByOneOfTheTwoTablesAndItsTraceSaysWhich) {
  const std::uint32_t seed = test_seed();
  SCOPED_TRACE(shown(seed));
  constexpr int kRoutes = 100000;
  constexpr int kThreads = 3;
  ASSERT_TRUE(core_.table().set(even_).ok());

  std::atomic<bool> done{false};
  std::atomic<int> swaps{0};
  std::thread swapper([&] {
    for (std::uint64_t version = 1; !done; ++version) {
      const RoutingTable& next = version % 2 == 0 ? even_ : odd_;
      ASSERT_TRUE(core_.table().set(next.with_version(version)).ok());
      ++swaps;
      std::this_thread::yield();
    }
  });
  std::vector<std::thread> threads;
  for (int t = 0; t < kThreads; ++t) {
    threads.emplace_back([&, t] {
      std::minstd_rand random(seed + static_cast<std::uint32_t>(t));
      std::uint64_t last = 0;
      for (int i = 0; i < kRoutes / kThreads; ++i) {
        const std::string& name = names_[random() % names_.size()];
        Trace trace;
        CallOptions options;
        options.trace = &trace;
        const auto result = foo_.route(name, Whoami{}, options);
        const Hop& hop = trace.hops.at(0);
        const RoutingTable& table = hop.table_version % 2 == 0 ? even_ : odd_;
        ASSERT_EQ(result.ok() ? *result : told(result), owner(table, name));
        ASSERT_GE(hop.table_version, last) << "an older table came back";
        last = hop.table_version;
      }
    });
  }
  for (std::thread& thread : threads) thread.join();
  done = true;
  swapper.join();
  EXPECT_GT(swaps, 1);
}

// The short way, without a call: the bucket is here or it is not.
TEST_F(TableSwapTest, ALocalReadGoesByOneOfTheTwoTables) {
  for (const std::string& name : names_) {
    for (const char* node : {"foo", "bar", "baz"}) {
      auto bucket = cluster_.core(node).registry().create(name);
      ASSERT_TRUE((*bucket)->put("where", cluster_.str(node)).ok());
    }
  }
  ASSERT_TRUE(core_.table().set(even_).ok());
  std::atomic<bool> done{false};
  std::thread swapper([&] {
    for (int i = 0; !done; ++i) {
      ASSERT_TRUE(core_.table().set(i % 2 == 0 ? even_ : odd_).ok());
      std::this_thread::yield();
    }
  });
  const std::uint32_t seed = test_seed();
  SCOPED_TRACE(shown(seed));
  std::minstd_rand random(seed);
  for (int i = 0; i < 30000; ++i) {
    const std::string& name = names_[random() % names_.size()];
    const auto result = foo_.route(name, Get{"where"});
    const std::string answer = result.ok() ? **result : told(result);
    ASSERT_TRUE(answer == owner(even_, name) || answer == owner(odd_, name))
        << name << ": " << answer;
  }
  done = true;
  swapper.join();
}

TEST_F(TableSwapTest, AnOlderTableIsRefusedAndThePresentOneStays) {
  ASSERT_TRUE(core_.table().set(even_.with_version(5)).ok());
  EXPECT_EQ(core_.table().set(odd_.with_version(4)).code(),
            absl::StatusCode::kFailedPrecondition);
  EXPECT_EQ(core_.table().table(), even_.with_version(5));
  EXPECT_TRUE(core_.table().set(odd_.with_version(5)).ok());
  EXPECT_EQ(core_.table().table(), odd_.with_version(5));
}

}  // namespace
}  // namespace kv::internal
