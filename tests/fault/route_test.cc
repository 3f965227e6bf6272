// Where a call goes: the receiver decides by its own table.
#include <gmock/gmock.h>
#include <gtest/gtest.h>

#include <string>
#include <vector>

#include "fault/fake_cluster.h"
#include "fault/gate.h"
#include "fault/told.h"

namespace kv::internal {
namespace {

using std::chrono::milliseconds;
using std::chrono::seconds;
using testing::HasSubstr;

constexpr char kGuide[] = "a..m foo\nn..z bar";

// Both deliveries: an answer may come before send() returns, or later.
class RouteTest : public testing::TestWithParam<Delivery> {
 protected:
  FakeCluster cluster_{{"foo", "bar", "baz"}, NodeOptions(), GetParam()};
  Router& foo_ = cluster_.router("foo");
  Router& bar_ = cluster_.router("bar");

  // The names of the trace's nodes.
  std::vector<std::string> way(const Trace& trace) const {
    std::vector<std::string> way;
    for (const Hop& hop : trace.hops) way.emplace_back(hop.node.short_name());
    return way;
  }
};
INSTANTIATE_TEST_SUITE_P(, RouteTest,
                         testing::Values(Delivery::kNetwork, Delivery::kInline),
                         [](const auto& delivery) {
                           return delivery.param == Delivery::kNetwork
                                      ? "Network"
                                      : "Inline";
                         });

TEST_P(RouteTest, EachNameIsAnsweredByItsOwnerWhoeverIsAsked) {
  cluster_.set_tables(kGuide);
  for (Router* router : {&foo_, &bar_}) {
    EXPECT_EQ(*router->route("hello", Whoami{}), cluster_.str("foo"));
    EXPECT_EQ(*router->route("world", Whoami{}), cluster_.str("bar"));
  }
}

TEST_P(RouteTest, TheFirstEntryThatMatchesWins) {
  cluster_.set_tables("he..he bar\na..z foo");
  EXPECT_EQ(*foo_.route("hello", Whoami{}), cluster_.str("bar"));
  EXPECT_EQ(*foo_.route("hullo", Whoami{}), cluster_.str("foo"));
}

TEST_P(RouteTest, ABucketOfOurOwnSendsNothing) {
  cluster_.set_tables(kGuide);
  EXPECT_EQ(told(foo_.route("hello", Create{})), "OK");
  EXPECT_EQ(told(foo_.route("hello", Put{"milk", "1"})), "OK");
  EXPECT_EQ(**foo_.route("hello", Get{"milk"}), "1");
  EXPECT_EQ(cluster_.sent("foo", "bar") + cluster_.sent("foo", "foo"), 0);
}

TEST_P(RouteTest, AllBuiltinOperationsReachABucketElsewhere) {
  cluster_.set_tables(kGuide);
  const std::string bytes("\0\xff\n", 3);
  EXPECT_EQ(told(foo_.route("world", Lookup{})), "NOT_FOUND ran");
  const BucketRef ref = *foo_.route("world", Create{});
  EXPECT_EQ(ref.node(), cluster_.name("bar"));
  EXPECT_EQ(ref.name(), "world");
  EXPECT_EQ(*foo_.route("world", Create{}), ref);
  EXPECT_EQ(*foo_.route("world", Lookup{}), ref);
  EXPECT_EQ(told(foo_.route("world", Put{bytes, ""})), "OK");
  EXPECT_EQ(**foo_.route("world", Get{bytes}), "");
  EXPECT_EQ(**foo_.route(ref, Delete{bytes}), "");
  EXPECT_EQ(*foo_.route("world", Get{bytes}), std::nullopt);
  EXPECT_EQ(*foo_.route("world", Delete{bytes}), std::nullopt);
  EXPECT_EQ(told(foo_.route("world", Drop{})), "OK");
  EXPECT_EQ(told(foo_.route("world", Drop{})), "NOT_FOUND ran");
  EXPECT_EQ(told(foo_.route("world", Get{bytes})), "NOT_FOUND ran");
}

TEST_P(RouteTest, ANameInNoRangeFindsNoEntry) {
  cluster_.set_tables(kGuide);
  const auto result = foo_.route(std::string(1, '\0'), Whoami{});
  EXPECT_EQ(told(result), "OUT_OF_RANGE not_run");
  EXPECT_THAT(
      std::string(result.status().message()),
      HasSubstr("could not find entry for \"\\x00\" in table [a..m foo@"));
}

TEST_P(RouteTest, AnEmptyTableFindsNoEntryForAnyName) {
  EXPECT_EQ(told(foo_.route("hello", Whoami{})), "OUT_OF_RANGE not_run");
}

TEST_P(RouteTest, ANameThatOnlyTheReceiversTableLacksFindsNoEntry) {
  cluster_.set_table("foo", "a..z bar");
  cluster_.set_table("bar", "a..b bar");
  Trace trace;
  CallOptions options;
  options.trace = &trace;
  EXPECT_EQ(told(foo_.route("hello", Whoami{}, options)),
            "OUT_OF_RANGE not_run");
  EXPECT_EQ(way(trace), (std::vector<std::string>{"foo", "bar"}));
  EXPECT_EQ(trace.hops.back().matched, "");
}

TEST_P(RouteTest, StaleTableForwardsToTheNewOwner) {
  cluster_.set_table("foo", "version 1\na..z bar");
  cluster_.set_table("bar", "version 2\na..m baz\nn..z bar");
  cluster_.set_table("baz", "version 3\nhe..hf baz");
  Trace trace;
  CallOptions options;
  options.trace = &trace;
  EXPECT_EQ(*foo_.route("hello", Whoami{}, options), cluster_.str("baz"));

  ASSERT_EQ(way(trace), (std::vector<std::string>{"foo", "bar", "baz"}));
  const char* const matched[] = {"a..z", "a..m", "he..hf"};
  for (std::size_t i = 0; i < 3; ++i) {
    EXPECT_EQ(trace.hops[i].table_version, i + 1);
    EXPECT_EQ(trace.hops[i].matched, matched[i]);
    EXPECT_GT(trace.hops[i].time.count(), 0);
    if (i > 0) {
      EXPECT_LT(trace.hops[i].time, trace.hops[i - 1].time);
    }
  }
}

TEST_P(RouteTest, ATraceOfALocalCallHasOneHop) {
  cluster_.set_tables("version 7\na..m foo\nn..z bar");
  Trace trace;
  CallOptions options;
  options.trace = &trace;
  EXPECT_EQ(told(foo_.route("hello", Create{}, options)), "OK");
  ASSERT_EQ(way(trace), (std::vector<std::string>{"foo"}));
  EXPECT_EQ(trace.hops[0].table_version, 7U);
  EXPECT_EQ(trace.hops[0].matched, "a..m");
}

TEST_P(RouteTest, MaxHopsCountsHowOftenACallIsPassedOn) {
  cluster_.set_table("foo", "a..z bar");
  cluster_.set_table("bar", "a..z baz");
  cluster_.set_table("baz", "a..z baz");
  const auto with = [&](std::uint32_t max_hops) {
    CallOptions options;
    options.max_hops = max_hops;
    return foo_.route("hello", Whoami{}, options);
  };
  EXPECT_EQ(told(with(0)), "ABORTED not_run");
  EXPECT_EQ(cluster_.sent("foo", "bar"), 0);
  const auto one = with(1);
  EXPECT_EQ(told(one), "ABORTED not_run");
  EXPECT_THAT(std::string(one.status().message()),
              HasSubstr(cluster_.str("foo") + " -> " + cluster_.str("bar") +
                        " -> " + cluster_.str("baz")));
  EXPECT_EQ(cluster_.sent("bar", "baz"), 0);
  EXPECT_EQ(*with(2), cluster_.str("baz"));
}

TEST_P(RouteTest, MaxHopsZeroAnswersWhatIsHere) {
  cluster_.set_tables(kGuide);
  CallOptions options;
  options.max_hops = 0;
  EXPECT_EQ(*foo_.route("hello", Whoami{}, options), cluster_.str("foo"));
}

TEST_P(RouteTest, TablesThatPointAtEachOtherEndInACircleAfterAShortWait) {
  cluster_.set_table("foo", "a..z bar");
  cluster_.set_table("bar", "a..z foo");
  const Clock::time_point begin = Clock::now();
  const auto result = foo_.route("hello", Whoami{});
  const Clock::duration took = Clock::now() - begin;
  EXPECT_EQ(told(result), "ABORTED not_run");
  EXPECT_THAT(std::string(result.status().message()),
              HasSubstr(cluster_.str("foo") + " -> " + cluster_.str("bar") +
                        " -> " + cluster_.str("foo")));
  EXPECT_GE(took, milliseconds(5));
  EXPECT_LT(took, seconds(4));
  EXPECT_GT(cluster_.sent("foo", "bar"), 1) << "looked once only";
}

TEST_P(RouteTest, ACircleFurtherOnIsShownFromTheBeginning) {
  cluster_.set_table("foo", "a..z bar");
  cluster_.set_table("bar", "a..z baz");
  cluster_.set_table("baz", "a..z bar");
  const auto result = foo_.route("hello", Whoami{});
  EXPECT_EQ(told(result), "ABORTED not_run");
  EXPECT_THAT(
      std::string(result.status().message()),
      HasSubstr(cluster_.str("foo") + " -> " + cluster_.str("bar") + " -> " +
                cluster_.str("baz") + " -> " + cluster_.str("bar")));
}

TEST_P(RouteTest, TheWaitInACircleKeepsWithinTheDeadline) {
  cluster_.set_table("foo", "a..z bar");
  cluster_.set_table("bar", "a..z foo");
  CallOptions options;
  options.timeout = milliseconds(10);
  const auto result = foo_.route("hello", Whoami{}, options);
  EXPECT_THAT(told(result),
              testing::AnyOf("ABORTED not_run", "DEADLINE_EXCEEDED not_run",
                             "DEADLINE_EXCEEDED unknown"));
}

// Mends a table once a call has gone round the circle, so during its wait.
class MendTest : public RouteTest {
 protected:
  void mend_when_the_call_comes_back(const std::string& node,
                                     const std::string& table) {
    cluster_.set_table("foo", "a..z bar");
    cluster_.set_table("bar", "a..z foo");
    const RoutingTable mended = cluster_.table(table);
    Core& core = cluster_.core(node);
    cluster_.set_link("foo", "bar",
                      [&core, mended, n = 0](const auto&) mutable {
                        if (++n == 2) core.table().set(mended).IgnoreError();
                        return Passage();
                      });
  }
};
INSTANTIATE_TEST_SUITE_P(, MendTest,
                         testing::Values(Delivery::kNetwork,
                                         Delivery::kInline));

TEST_P(MendTest, MendingTheReceiversTableInTheWaitMakesTheCallSucceed) {
  mend_when_the_call_comes_back("bar", "a..z bar");
  Trace trace;
  CallOptions options;
  options.trace = &trace;
  EXPECT_EQ(*foo_.route("hello", Whoami{}, options), cluster_.str("bar"));
  EXPECT_EQ(way(trace), (std::vector<std::string>{"foo", "bar"}));
}

TEST_P(MendTest, MendingTheCallersTableInTheWaitMakesTheCallSucceed) {
  mend_when_the_call_comes_back("foo", "a..z foo");
  EXPECT_EQ(*foo_.route("hello", Whoami{}), cluster_.str("foo"));
}

TEST_P(MendTest, ATaskInTheWaitSucceedsToo) {
  mend_when_the_call_comes_back("foo", "a..z baz");
  cluster_.set_table("baz", "a..z baz");
  EXPECT_EQ(*foo_.async("hello", Whoami{}).await(), cluster_.str("baz"));
}

TEST_P(RouteTest, ACallByNodeAsksNoTable) {
  cluster_.set_tables("a..z foo");
  Trace trace;
  CallOptions options;
  options.trace = &trace;
  EXPECT_EQ(*foo_.call(cluster_.name("bar"), Whoami{}, options),
            cluster_.str("bar"));
  ASSERT_EQ(way(trace), (std::vector<std::string>{"foo", "bar"}));
  EXPECT_EQ(trace.hops[0].matched, "");
  EXPECT_EQ(trace.hops[1].matched, "");
  EXPECT_EQ(*foo_.call(cluster_.name("foo"), Whoami{}), cluster_.str("foo"));
}

TEST_P(RouteTest, ACallToNoNodeNameIsInvalid) {
  EXPECT_EQ(told(foo_.call("bar", Whoami{})), "INVALID_ARGUMENT not_run");
  EXPECT_EQ(told(foo_.call("", Whoami{})), "INVALID_ARGUMENT not_run");
}

TEST_P(RouteTest, ACallByNodeOfAnOperationOnABucketIsInvalid) {
  EXPECT_EQ(told(foo_.call(cluster_.name("bar"), Get{"milk"})),
            "INVALID_ARGUMENT not_run");
  EXPECT_EQ(cluster_.sent("foo", "bar"), 0);
}

TEST_P(RouteTest, AThousandForwardedCallsEndInTheRightPlaces) {
  cluster_.set_table("foo", "a..z bar");
  cluster_.set_table("bar", "a..m baz\nn..z bar");
  cluster_.set_table("baz", "a..z baz");
  std::vector<Task<std::string>> tasks;
  for (int i = 0; i < 1000; ++i) {
    tasks.push_back(foo_.async(i % 2 == 0 ? "hello" : "world", Whoami{}));
  }
  const auto results = await_all(tasks, kLong);
  for (int i = 0; i < 1000; ++i) {
    ASSERT_EQ(told(results[i]), "OK") << results[i].status();
    ASSERT_EQ(*results[i], cluster_.str(i % 2 == 0 ? "baz" : "bar"));
  }
}

}  // namespace
}  // namespace kv::internal
