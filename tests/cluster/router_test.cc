// Which node a call ends at: the guide's two tests, and tables that disagree.
#include <kv/kv.h>

#include <string>
#include <thread>

#include "cluster/two_nodes.h"

namespace {

using kv_tests::expect_failure;
using kv_tests::milliseconds;
using kv_tests::start_node;
using kv_tests::table_of;

class RouterTest : public kv_tests::TwoNodes {};

TEST_F(RouterTest, RouteRequestsAcrossNodes) {
  for (kv::Node* node : {foo_.get(), bar_.get()}) {
    EXPECT_EQ(*node->router().route("hello", kv::Whoami{}), foo_->name().str());
    EXPECT_EQ(*node->router().route("world", kv::Whoami{}), bar_->name().str());
  }
}

TEST_F(RouterTest, RaisesOnUnknownEntries) {
  for (kv::Node* node : {foo_.get(), bar_.get()}) {
    const auto answer =
        node->router().route(std::string(1, '\0'), kv::Whoami{});
    expect_failure(
        answer.status(), absl::StatusCode::kOutOfRange, kv::Outcome::kNotRun,
        "could not find entry for \"\\x00\" in table [a..m " +
            foo_->name().str() + ", n..z " + bar_->name().str() + "]");
  }
}

TEST_F(RouterTest, AnEmptyTableHoldsNothing) {
  set_table(kv::RoutingTable());
  expect_failure(foo_->router().route("hello", kv::Whoami{}).status(),
                 absl::StatusCode::kOutOfRange, kv::Outcome::kNotRun,
                 "could not find entry for \"hello\"");
}

TEST_F(RouterTest, TheReceiversTableMayHaveNoEntryEither) {
  ASSERT_TRUE(bar_->set_table(kv::RoutingTable()).ok());
  expect_failure(foo_->router().route("world", kv::Whoami{}).status(),
                 absl::StatusCode::kOutOfRange, kv::Outcome::kNotRun,
                 "could not find entry for \"world\"");
}

TEST_F(RouterTest, StaleTableForwardsToTheNewOwner) {
  const auto baz = start_node("baz");
  const auto fresh =
      table_of({{"a..m", foo_->name()}, {"n..z", baz->name()}}).with_version(7);
  ASSERT_TRUE(bar_->set_table(fresh).ok());
  ASSERT_TRUE(baz->set_table(fresh).ok());

  kv::Trace trace;
  kv::CallOptions options;
  options.trace = &trace;
  const auto answer = foo_->router().route("world", kv::Whoami{}, options);
  ASSERT_TRUE(answer.ok()) << answer.status();
  EXPECT_EQ(*answer, baz->name().str());

  ASSERT_EQ(trace.hops.size(), 3U);
  const kv::NodeName ways[] = {foo_->name(), bar_->name(), baz->name()};
  const std::uint64_t versions[] = {0, 7, 7};
  for (std::size_t i = 0; i < 3; ++i) {
    EXPECT_EQ(trace.hops[i].node, ways[i]);
    EXPECT_EQ(trace.hops[i].table_version, versions[i]);
    EXPECT_EQ(trace.hops[i].matched, "n..z");
    EXPECT_GT(trace.hops[i].time.count(), 0);
  }
  EXPECT_GE(trace.hops[0].time, trace.hops[1].time);
  EXPECT_GE(trace.hops[1].time, trace.hops[2].time);
}

TEST_F(RouterTest, TheTraceOfAFailureShowsHowFarItCame) {
  ASSERT_TRUE(bar_->set_table(table_of({{"a..b", bar_->name()}})).ok());
  kv::Trace trace;
  kv::CallOptions options;
  options.trace = &trace;
  const auto answer = foo_->router().route("world", kv::Whoami{}, options);
  EXPECT_EQ(answer.status().code(), absl::StatusCode::kOutOfRange);
  ASSERT_EQ(trace.hops.size(), 2U);
  EXPECT_EQ(trace.hops[0].node, foo_->name());
  EXPECT_EQ(trace.hops[0].matched, "n..z");
  EXPECT_EQ(trace.hops[1].node, bar_->name());
  EXPECT_EQ(trace.hops[1].matched, "");
}

TEST_F(RouterTest, TablesThatPointAtEachOtherEndInAnErrorThatShowsTheCircle) {
  ASSERT_TRUE(bar_->set_table(table_of({{"n..z", foo_->name()}})).ok());
  const std::string foo = foo_->name().str();
  const std::string bar = bar_->name().str();
  const auto took = kv_tests::time_of([&] {
    expect_failure(foo_->router().route("world", kv::Whoami{}).status(),
                   absl::StatusCode::kAborted, kv::Outcome::kNotRun,
                   foo + " -> " + bar + " -> " + foo);
  });
  EXPECT_LT(took, kv_tests::seconds(3));
}

TEST_F(RouterTest, ATableMendedWithinTheWaitSaves) {
  const auto good = bar_->table();
  const auto circle = table_of({{"n..z", foo_->name()}});
  ASSERT_TRUE(bar_->set_table(circle).ok());
  auto task = foo_->router().async("world", kv::Whoami{});
  ASSERT_TRUE(bar_->set_table(good).ok());
  const auto answer = task.await();
  ASSERT_TRUE(answer.ok()) << answer.status();
  EXPECT_EQ(*answer, bar_->name().str());
}

TEST_F(RouterTest, MoreHopsThanTheCallMayTakeAreRefused) {
  const auto baz = start_node("baz");
  ASSERT_TRUE(bar_->set_table(table_of({{"n..z", baz->name()}})).ok());
  ASSERT_TRUE(baz->set_table(table_of({{"n..z", baz->name()}})).ok());
  kv::CallOptions options;
  options.max_hops = 2;
  EXPECT_EQ(*foo_->router().route("world", kv::Whoami{}, options),
            baz->name().str());
  for (const std::uint32_t hops : {0U, 1U}) {
    options.max_hops = hops;
    expect_failure(
        foo_->router().route("world", kv::Whoami{}, options).status(),
        absl::StatusCode::kAborted, kv::Outcome::kNotRun, "hops");
  }
  EXPECT_EQ(*foo_->router().route("hello", kv::Whoami{}, options),
            foo_->name().str());
}

TEST_F(RouterTest, ACallByNodeAsksNoTable) {
  set_table(kv::RoutingTable());
  EXPECT_EQ(*foo_->router().call(bar_->name(), kv::Whoami{}),
            bar_->name().str());
  EXPECT_EQ(*foo_->router().call(foo_->name(), kv::Whoami{}),
            foo_->name().str());
}

TEST_F(RouterTest, ARefGoesToItsNodeWhateverTheTableSays) {
  const auto ref = foo_->router().route("world", kv::Create{});
  ASSERT_TRUE(ref.ok()) << ref.status();
  EXPECT_EQ(ref->node(), bar_->name());
  EXPECT_EQ(ref->name(), "world");
  set_table(table_of({{"a..z", foo_->name()}}));
  EXPECT_TRUE(foo_->router().route(*ref, kv::Put{"milk", "1"}).ok());
  EXPECT_EQ(bar_->registry().lookup("world")->get("milk"), "1");
  EXPECT_EQ(foo_->registry().lookup("world"), nullptr);
}

TEST_F(RouterTest, EightNodesRouteToEachOther) {
  std::vector<std::unique_ptr<kv::Node>> nodes;
  std::vector<kv::RoutingTable::SlotRange> ranges;
  constexpr std::uint32_t kSlots = 64;
  constexpr std::uint32_t kNodes = 8;
  for (std::uint32_t i = 0; i < kNodes; ++i) {
    nodes.push_back(start_node("node" + std::to_string(i)));
    const std::uint32_t first = i * (kSlots / kNodes);
    ranges.push_back(
        {first, first + (kSlots / kNodes) - 1, nodes.back()->name()});
  }
  const auto table = kv::RoutingTable::from_slots(kSlots, ranges);
  ASSERT_TRUE(table.ok()) << table.status();
  for (const auto& node : nodes) ASSERT_TRUE(node->set_table(*table).ok());

  std::vector<kv::Task<std::string>> tasks;
  std::vector<std::string> owners;
  for (const auto& node : nodes) {
    for (int i = 0; i < 100; ++i) {
      const std::string bucket = "bucket" + std::to_string(i);
      tasks.push_back(node->router().async(bucket, kv::Whoami{}));
      owners.push_back(table->find(bucket)->str());
    }
  }
  const auto answers = kv::await_all(tasks, kv_tests::kLong);
  for (std::size_t i = 0; i < answers.size(); ++i) {
    ASSERT_TRUE(answers[i].ok()) << answers[i].status();
    EXPECT_EQ(*answers[i], owners[i]);
  }
}

}  // namespace
