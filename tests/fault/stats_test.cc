// What a node says of itself.
#include "kv/stats.h"

#include <gtest/gtest.h>

#include <cstdint>
#include <mutex>
#include <string>
#include <thread>
#include <utility>
#include <vector>

#include "base/outcome_mark.h"
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

  // The calls that ended so, `ended` as told() has it; all zero where there are
  // none.
  OpStats row(const std::string& node, const std::string& op, CallPath path,
              const std::string& ended) const {
    for (OpStats& it : cluster_.core(node).stats().ops) {
      const absl::Status status = marked(absl::Status(it.code, ""), it.outcome);
      if (it.op == op && it.path == path && told(status) == ended) return it;
    }
    return {};
  }
  std::uint64_t counted(const std::string& node, const std::string& op,
                        CallPath path, const std::string& ended) const {
    return row(node, op, path, ended).count;
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
  const auto peers = cluster_.core("foo").stats().peers;
  ASSERT_EQ(peers.size(), 1U);
  EXPECT_EQ(peers[0].calls, 0U);
  EXPECT_EQ(peers[0].answered, 4U);
  EXPECT_EQ(peers[0].failed, 0U);
  EXPECT_EQ(peers[0].last_error, "");
}

using Path = CallPath;

TEST_F(StatsTest, CallsAreCountedByTheirPathAndHowTheyEnd) {
  ASSERT_EQ(told(foo_.route("hello", Create{})), "OK");
  ASSERT_EQ(told(foo_.route("hello", Put{"k", "v"})), "OK");
  ASSERT_EQ(told(foo_.route("zoo", Create{})), "OK");
  for (int i = 0; i < 3; ++i) {
    ASSERT_EQ(told(foo_.route("hello", Get{"k"})), "OK");
    ASSERT_EQ(told(foo_.route("zoo", Get{"k"})), "OK");
  }
  ASSERT_EQ(told(foo_.route("none", Get{"k"})), "NOT_FOUND ran");
  ASSERT_EQ(told(foo_.route("gone", Get{"k"})), "NOT_FOUND ran");
  ASSERT_EQ(told(foo_.route("0", Get{"k"})), "OUT_OF_RANGE not_run");
  ASSERT_EQ(told(foo_.route("", Get{"k"})), "INVALID_ARGUMENT not_run");

  EXPECT_EQ(counted("foo", "Get", Path::kLocal, "OK"), 3U);
  EXPECT_EQ(counted("foo", "Get", Path::kRemote, "OK"), 3U);
  EXPECT_EQ(counted("foo", "Put", Path::kLocal, "OK"), 1U);
  EXPECT_EQ(counted("foo", "Get", Path::kLocal, "NOT_FOUND ran"), 1U);
  EXPECT_EQ(counted("foo", "Get", Path::kRemote, "NOT_FOUND ran"), 1U);
  EXPECT_EQ(counted("foo", "Get", Path::kLocal, "OUT_OF_RANGE not_run"), 1U);
  EXPECT_EQ(counted("foo", "Get", Path::kLocal, "INVALID_ARGUMENT not_run"),
            1U);
  EXPECT_EQ(counted("bar", "Get", Path::kServed, "OK"), 3U);
  EXPECT_EQ(counted("bar", "Get", Path::kServed, "NOT_FOUND ran"), 1U);
  EXPECT_EQ(counted("bar", "Get", Path::kLocal, "OK"), 0U);
}

TEST_F(StatsTest, APassedOnCallIsForwarded) {
  cluster_.set_table("bar", "version 8\na..m foo\nn..z foo");
  ASSERT_EQ(told(foo_.route("zoo", Create{})), "ABORTED not_run");
  EXPECT_GE(counted("bar", "Create", Path::kServed, "ABORTED not_run"), 1U);
  cluster_.set_table("bar", "version 9\na..m foo\nn..z nobody");
  ASSERT_EQ(told(foo_.route("zoo", Create{})), "UNAVAILABLE not_run");
  EXPECT_EQ(counted("bar", "Create", Path::kForwarded, "UNAVAILABLE not_run"),
            1U);
  EXPECT_EQ(counted("foo", "Create", Path::kRemote, "UNAVAILABLE not_run"), 1U);
}

TEST_F(StatsTest, LatenciesAreOfRemoteCallsAllAndOfLocalOnesOneIn64) {
  ASSERT_EQ(told(foo_.route("hello", Create{})), "OK");
  ASSERT_EQ(told(foo_.route("zoo", Create{})), "OK");
  for (int i = 0; i < 129; ++i) {
    ASSERT_EQ(told(foo_.route("hello", Get{"k"})), "OK");
  }
  for (int i = 0; i < 20; ++i) {
    ASSERT_EQ(told(foo_.route("zoo", Get{"k"})), "OK");
  }
  const OpStats local = row("foo", "Get", Path::kLocal, "OK");
  EXPECT_EQ(local.count, 129U);
  EXPECT_EQ(local.latency.count(), 3U);
  const OpStats remote = row("foo", "Get", Path::kRemote, "OK");
  EXPECT_EQ(remote.latency.count(), 20U);
  EXPECT_GT(remote.latency.sum().count(), 0);
  EXPECT_GT(remote.latency.quantile(0.5).count(), 0);
}

TEST_F(StatsTest, ThreadsCountForThemselvesAndNothingIsLost) {
  ASSERT_EQ(told(foo_.route("hello", Create{})), "OK");
  constexpr std::uint64_t kEach = 5000;
  for (int round = 0; round < 3; ++round) {
    std::vector<std::thread> threads;
    for (int i = 0; i < 4; ++i) {
      threads.emplace_back([this] {
        for (std::uint64_t k = 0; k < kEach; ++k) {
          ASSERT_EQ(told(foo_.route("hello", Get{"k"})), "OK");
        }
      });
    }
    for (std::thread& it : threads) it.join();
  }
  EXPECT_EQ(counted("foo", "Get", Path::kLocal, "OK"), 12 * kEach);
}

TEST_F(StatsTest, OperationsOfTheHostHaveTheirNames) {
  gate_.open();
  ASSERT_EQ(told(foo_.route("zoo", Apply{"wait", ""})), "OK");
  ASSERT_EQ(told(foo_.route("zoo", Apply{"what", ""})),
            "UNIMPLEMENTED not_run");
  EXPECT_EQ(counted("foo", "wait", Path::kRemote, "OK"), 1U);
  EXPECT_EQ(counted("bar", "wait", Path::kServed, "OK"), 1U);
  EXPECT_TRUE(row("bar", "wait", Path::kServed, "OK").of_host);
  // Its callers know the name, so they see it; a stranger's word does not
  // count.
  EXPECT_EQ(counted("foo", "what", Path::kRemote, "UNIMPLEMENTED not_run"), 1U);
  EXPECT_EQ(counted("bar", "what", Path::kServed, "UNIMPLEMENTED not_run"), 0U);
  EXPECT_EQ(counted("bar", "other", Path::kServed, "UNIMPLEMENTED not_run"),
            1U);
}

TEST_F(StatsTest, NamesBeyondTheLimitShareOne) {
  for (std::size_t i = 0; i < kMaxNamedOps + 10; ++i) {
    ASSERT_EQ(told(foo_.route("a", Apply{"op" + std::to_string(i), ""})),
              "UNIMPLEMENTED not_run");
  }
  EXPECT_EQ(counted("foo", "op0", Path::kLocal, "UNIMPLEMENTED not_run"), 1U);
  EXPECT_EQ(counted("foo", "other", Path::kLocal, "UNIMPLEMENTED not_run"),
            10U);
}

TEST_F(StatsTest, AFailureOfAPeerIsToldWithIt) {
  cluster_.set_link("foo", "bar", Fate::kRefuse);
  ASSERT_EQ(told(foo_.route("zoo", Create{})), "UNAVAILABLE not_run");
  const auto peers = cluster_.core("foo").stats().peers;
  ASSERT_EQ(peers.size(), 1U);
  EXPECT_EQ(peers[0].answered, 0U);
  EXPECT_EQ(peers[0].failed, 1U);
  EXPECT_NE(peers[0].last_error.find("can't reach"), std::string::npos);
  EXPECT_GE(peers[0].last_error_age.count(), 0);
}

TEST(LogTest, ALimitThatIsReachedIsToldOnceASecond) {
  Gate told_it;
  std::mutex mutex;
  std::vector<std::string> messages;
  NodeOptions options;
  options.max_buckets = 1;
  options.log = [&](const LogEntry& entry) {
    if (entry.severity != LogSeverity::kWarning) return;
    {
      const std::lock_guard<std::mutex> lock(mutex);
      messages.push_back(entry.message);
    }
    told_it.touch();
  };
  FakeCluster cluster({"foo"}, options);
  cluster.set_tables("a..z foo");
  Router& foo = cluster.router("foo");
  ASSERT_EQ(told(foo.route("a", Create{})), "OK");
  for (int i = 0; i < 100; ++i) {
    ASSERT_EQ(told(foo.route("b", Create{})), "RESOURCE_EXHAUSTED not_run");
  }
  ASSERT_TRUE(told_it.wait_for_arrivals(1));
  const std::lock_guard<std::mutex> lock(mutex);
  EXPECT_EQ(messages[0].rfind("a call was refused: ", 0), 0U) << messages[0];
  EXPECT_LT(messages.size(), 50U);
}

TEST(StatsOffTest, NothingIsCounted) {
  NodeOptions options;
  options.stats = false;
  FakeCluster cluster({"foo", "bar"}, options);
  cluster.set_tables("a..m foo\nn..z bar");
  ASSERT_EQ(told(cluster.router("foo").route("hello", Create{})), "OK");
  ASSERT_EQ(told(cluster.router("foo").route("zoo", Create{})), "OK");
  ASSERT_EQ(told(cluster.router("foo").route("0", Create{})),
            "OUT_OF_RANGE not_run");
  EXPECT_TRUE(cluster.core("foo").stats().ops.empty());
  EXPECT_TRUE(cluster.core("bar").stats().ops.empty());
}

}  // namespace
}  // namespace kv::internal
