// Replacing the table of a node that works.
#include <kv/kv.h>

#include <atomic>
#include <string>
#include <thread>
#include <vector>

#include "cluster/two_nodes.h"

namespace {

using kv_tests::start_node;
using kv_tests::table_of;

class TableTest : public kv_tests::TwoNodes {};

TEST_F(TableTest, AnOlderVersionIsRefused) {
  const auto table = foo_->table();
  EXPECT_EQ(foo_->set_table(table.with_version(7)), absl::OkStatus());
  EXPECT_EQ(foo_->set_table(table.with_version(7)), absl::OkStatus());
  const absl::Status status =
      foo_->set_table(kv::RoutingTable().with_version(6));
  EXPECT_EQ(status.code(), absl::StatusCode::kFailedPrecondition) << status;
  EXPECT_EQ(foo_->table(), table.with_version(7));
  EXPECT_EQ(*foo_->router().route("world", kv::Whoami{}), bar_->name().str());
}

TEST_F(TableTest, ANodeStartsWithTheTableOfItsOptions) {
  kv::NodeOptions options;
  options.table = foo_->table();
  const auto baz = start_node("baz", options);
  EXPECT_EQ(baz->table(), foo_->table());
  EXPECT_EQ(*baz->router().route("hello", kv::Whoami{}), foo_->name().str());
}

// Two tables in turn, while threads route. Each bucket's answer must be one
// that one of the two gives; a bucket on which they agree, always the same.
TEST_F(TableTest, UnderLoadNoAnswerIsOneThatNeitherTableGives) {
  const auto fill = [&](kv::Node& node) {
    for (const char* bucket : {"hello", "moves", "world"}) {
      auto made = node.registry().create(bucket);
      ASSERT_TRUE(made.ok()) << made.status();
      ASSERT_TRUE((*made)->put("owner", node.name().str()).ok());
    }
  };
  fill(*foo_);
  fill(*bar_);
  // Each entry's ends tell the two tables apart, so that a mixture would show.
  const kv::RoutingTable tables[] = {
      table_of({{"a..l", foo_->name()}, {"m..z", bar_->name()}}),
      table_of({{"a..m", foo_->name()}, {"n..z", bar_->name()}})};
  const std::string foo = foo_->name().str();
  const std::string bar = bar_->name().str();
  // The peer runs what it is sent, whatever the table of the day at foo.
  ASSERT_TRUE(bar_->set_table(table_of({{"a..z", bar_->name()}})).ok());

  constexpr int kRoutes = 100000;
  constexpr int kThreads = 2;
  std::atomic<int> running{kThreads};
  std::vector<std::thread> threads;
  for (int t = 0; t < kThreads; ++t) {
    threads.emplace_back([&] {
      for (int i = 0; i < kRoutes / kThreads; ++i) {
        const bool remote = i % 16 == 0;
        const char* const bucket = remote ? "world" : "hello";
        const auto owner = foo_->router().route(bucket, kv::Get{"owner"});
        ASSERT_TRUE(owner.ok()) << owner.status();
        ASSERT_EQ(**owner, remote ? bar : foo) << bucket;
        if (i % 64 != 0) continue;
        const auto moved = foo_->router().route("moves", kv::Get{"owner"});
        ASSERT_TRUE(moved.ok()) << moved.status();
        ASSERT_TRUE(**moved == foo || **moved == bar) << **moved;
      }
      --running;
    });
  }
  int changes = 0;
  while (running > 0) {
    EXPECT_TRUE(foo_->set_table(tables[changes % 2]).ok());
    ++changes;
    if (changes % 64 == 0) std::this_thread::yield();
  }
  for (std::thread& thread : threads) thread.join();
  EXPECT_GT(changes, 100);
}

TEST_F(TableTest, ACallThatFollowsAChangeSeesIt) {
  const auto here = table_of({{"a..z", foo_->name()}});
  const auto there = table_of({{"a..z", bar_->name()}});
  ASSERT_TRUE(bar_->set_table(there).ok());
  for (int i = 0; i < 500; ++i) {
    ASSERT_TRUE(foo_->set_table(here).ok());
    ASSERT_EQ(*foo_->router().route("hello", kv::Whoami{}), foo_->name().str());
    ASSERT_TRUE(foo_->set_table(there).ok());
    ASSERT_EQ(*foo_->router().route("hello", kv::Whoami{}), bar_->name().str());
  }
}

// Both nodes take the new table, one after the other, as in a real change: in
// between they point at each other.
TEST_F(TableTest, AChangeOnBothNodesFailsNoCall) {
  const kv::RoutingTable tables[] = {
      table_of({{"a..m", foo_->name()}, {"n..z", bar_->name()}}),
      table_of({{"a..m", bar_->name()}, {"n..z", foo_->name()}})};
  std::atomic<bool> done{false};
  std::thread changer([&] {
    for (int i = 0; !done; ++i) {
      EXPECT_TRUE(foo_->set_table(tables[i % 2]).ok());
      EXPECT_TRUE(bar_->set_table(tables[i % 2]).ok());
      // So that a change is an event, not the state of affairs.
      for (int j = 0; j < 20; ++j) {
        EXPECT_TRUE(foo_->router().call(bar_->name(), kv::Whoami{}).ok());
      }
    }
  });
  for (int i = 0; i < 2000; ++i) {
    const auto answer =
        foo_->router().route(i % 2 == 0 ? "hello" : "world", kv::Whoami{});
    EXPECT_TRUE(answer.ok()) << answer.status();
  }
  done = true;
  changer.join();
}

}  // namespace
