// What a node says of itself.
#include "kv/stats.h"

#include <gtest/gtest.h>

#include <string>
#include <utility>

#include "fault/fake_cluster.h"
#include "fault/gate.h"
#include "fault/told.h"

namespace kv::internal {
namespace {

class StatsTest : public testing::Test {
 protected:
  StatsTest() {
    cluster_.set_tables("version 7\na..m foo\nn..z bar");
    cluster_.define("bar", "wait", [this](OpContext&, std::string_view) {
      gate_.pass();
      return "";
    });
  }
  void TearDown() override { gate_.open(); }

  CallOptions long_enough() const {
    CallOptions options;
    options.timeout = kLong;
    return options;
  }

  Gate gate_;
  FakeCluster cluster_{{"foo", "bar"}};
  Router& foo_ = cluster_.router("foo");
};

TEST_F(StatsTest, AnIdleNodeHasNothingUnderWay) {
  const Stats stats = cluster_.core("foo").stats();
  EXPECT_EQ(stats.node, cluster_.name("foo"));
  EXPECT_EQ(stats.table_version, 7U);
  EXPECT_EQ(stats.table_entries, 2U);
  EXPECT_EQ(stats.buckets, 0U);
  EXPECT_EQ(stats.calls, 0U);
  EXPECT_EQ(stats.running_ops, 0U);
  EXPECT_TRUE(stats.peers.empty());
}

TEST_F(StatsTest, CallsShowWhereTheyAre) {
  ASSERT_EQ(told(foo_.route("zoo", Create{})), "OK");
  auto running = foo_.async("zoo", Apply{"wait", ""}, long_enough());
  ASSERT_TRUE(gate_.wait_for_arrivals(1));
  auto waiting = foo_.async("zoo", Get{"k"}, long_enough());

  const Stats foo = cluster_.core("foo").stats();
  EXPECT_EQ(foo.calls, 2U);
  ASSERT_EQ(foo.peers.size(), 1U);
  EXPECT_EQ(foo.peers[0].node, cluster_.name("bar"));
  EXPECT_EQ(foo.peers[0].calls, 2U);

  const auto bar = foo_.call(cluster_.str("bar"), GetStats{});
  ASSERT_EQ(told(bar), "OK");
  EXPECT_EQ(bar->node, cluster_.name("bar"));
  EXPECT_EQ(bar->buckets, 1U);
  EXPECT_EQ(bar->running_ops, 1U);

  gate_.open();
  EXPECT_EQ(told(running.await(kLong)), "OK");
  EXPECT_EQ(told(waiting.await(kLong)), "OK");
  EXPECT_TRUE(cluster_.core("foo").stats().peers.empty());
}

}  // namespace
}  // namespace kv::internal
