// What a call comes to when the link to its peer is bad.
#include <gmock/gmock.h>
#include <gtest/gtest.h>

#include <string>
#include <thread>

#include "fault/fake_cluster.h"
#include "fault/gate.h"
#include "fault/told.h"

namespace kv::internal {
namespace {

using std::chrono::milliseconds;
using std::chrono::seconds;
using testing::HasSubstr;

class LinkTest : public testing::Test {
 protected:
  LinkTest() {
    cluster_.set_tables("a..m foo\nn..s bar\nt..z baz");
    for (const char* node : {"foo", "bar", "baz"}) {
      cluster_.define(node, "count", [this](OpContext&, std::string_view) {
        runs_.touch();
        return "";
      });
    }
  }

  static CallOptions in(std::chrono::nanoseconds timeout) {
    CallOptions options;
    options.timeout = timeout;
    return options;
  }

  Gate runs_;
  FakeCluster cluster_{{"foo", "bar", "baz"}};
  Router& foo_ = cluster_.router("foo");
};

TEST_F(LinkTest, APeerThatRefusesIsUnavailableByName) {
  cluster_.set_link("foo", "bar", Fate::kRefuse);
  const auto result = foo_.route("room", Apply{"count", ""}, in(seconds(60)));
  EXPECT_EQ(told(result), "UNAVAILABLE not_run");
  EXPECT_THAT(std::string(result.status().message()),
              HasSubstr(cluster_.str("bar")));
  EXPECT_EQ(cluster_.sent("foo", "bar"), 1);
  EXPECT_EQ(runs_.arrived(), 0);
}

TEST_F(LinkTest, APeerThatDoesNotExistIsUnavailableByName) {
  cluster_.set_table("foo", "a..z qux");
  const auto result = foo_.route("room", Whoami{});
  EXPECT_EQ(told(result), "UNAVAILABLE not_run");
  EXPECT_THAT(std::string(result.status().message()),
              HasSubstr(cluster_.str("qux")));
}

TEST_F(LinkTest, APeerThatComesUpAgainAnswersAgain) {
  cluster_.set_link("foo", "bar", Fate::kRefuse);
  EXPECT_EQ(told(foo_.route("room", Create{})), "UNAVAILABLE not_run");
  cluster_.set_link("foo", "bar", Fate::kDeliver);
  EXPECT_EQ(told(foo_.route("room", Create{})), "OK");
}

TEST_F(LinkTest, AFailureFurtherOnComesBackWithItsOutcomeAndName) {
  cluster_.set_table("foo", "a..z bar");
  cluster_.set_link("bar", "baz", Fate::kRefuse);
  const auto result = foo_.route("user", Whoami{});
  EXPECT_EQ(told(result), "UNAVAILABLE not_run");
  EXPECT_THAT(std::string(result.status().message()),
              HasSubstr(cluster_.str("baz")));
}

TEST_F(LinkTest, ALostAnswerIsUnknownAndTheCallIsNeverSentTwice) {
  cluster_.set_link("foo", "bar", Fate::kLoseAnswer);
  const auto result = foo_.route("room", Apply{"count", ""});
  EXPECT_EQ(told(result), "UNAVAILABLE unknown");
  EXPECT_EQ(cluster_.sent("foo", "bar"), 1);
  EXPECT_EQ(runs_.arrived(), 1);
}

TEST_F(LinkTest, AnAnswerLostOnTheSecondHopIsUnknownAndRunsOnce) {
  cluster_.set_table("foo", "a..z bar");
  cluster_.set_link("bar", "baz", Fate::kLoseAnswer);
  EXPECT_EQ(told(foo_.route("user", Apply{"count", ""})),
            "UNAVAILABLE unknown");
  EXPECT_EQ(cluster_.sent("foo", "bar"), 1);
  EXPECT_EQ(cluster_.sent("bar", "baz"), 1);
  EXPECT_EQ(runs_.arrived(), 1);
}

// A circle is looked at again; what may have run is not, whatever it failed
// with.
TEST_F(LinkTest, AnAnswerLostInACircleIsNotLookedAtAgain) {
  cluster_.set_table("foo", "a..z bar");
  cluster_.set_table("bar", "a..z foo");
  cluster_.set_link("foo", "bar", Fate::kLoseAnswer);
  EXPECT_EQ(told(foo_.route("room", Apply{"count", ""})),
            "UNAVAILABLE unknown");
  EXPECT_EQ(cluster_.sent("foo", "bar"), 1);
}

TEST_F(LinkTest, ABlackHoleCostsTheDeadlineAndNoMore) {
  cluster_.set_link("foo", "bar", Fate::kDrop);
  const Clock::time_point begin = Clock::now();
  const auto result = foo_.route("room", Whoami{}, in(milliseconds(50)));
  const Clock::duration took = Clock::now() - begin;
  EXPECT_EQ(told(result), "DEADLINE_EXCEEDED unknown");
  EXPECT_GE(took, milliseconds(50));
  EXPECT_LT(took, seconds(3));
}

TEST_F(LinkTest, ABlackHoleOnTheSecondHopCostsTheDeadlineToo) {
  cluster_.set_table("foo", "a..z bar");
  cluster_.set_link("bar", "baz", Fate::kDrop);
  EXPECT_EQ(told(foo_.route("user", Whoami{}, in(milliseconds(50)))),
            "DEADLINE_EXCEEDED unknown");
}

TEST_F(LinkTest, ABlackHoleHarmsNoCallToOthers) {
  cluster_.set_link("foo", "bar", Fate::kDrop);
  auto stuck = foo_.async("room", Whoami{}, in(seconds(60)));
  EXPECT_EQ(*foo_.route("user", Whoami{}), cluster_.str("baz"));
  EXPECT_EQ(*foo_.route("hello", Whoami{}), cluster_.str("foo"));
  EXPECT_FALSE(stuck.ready());
}

TEST_F(LinkTest, NoTimeAtAllSendsNothing) {
  for (const auto timeout : {milliseconds(0), milliseconds(-1)}) {
    EXPECT_EQ(told(foo_.route("room", Whoami{}, in(timeout))),
              "DEADLINE_EXCEEDED not_run");
    EXPECT_EQ(told(foo_.route("hello", Create{}, in(timeout))),
              "DEADLINE_EXCEEDED not_run");
    EXPECT_EQ(told(foo_.async("room", Whoami{}, in(timeout)).await()),
              "DEADLINE_EXCEEDED not_run");
  }
  EXPECT_EQ(cluster_.sent("foo", "bar"), 0);
  EXPECT_EQ(told(foo_.route("hello", Lookup{})), "NOT_FOUND ran");
}

TEST_F(LinkTest, ATimeoutWithoutEndIsNoTimeout) {
  EXPECT_EQ(*foo_.route("room", Whoami{}, in(std::chrono::nanoseconds::max())),
            cluster_.str("bar"));
  EXPECT_EQ(*foo_.async("room", Whoami{}, in(std::chrono::nanoseconds::max()))
                 .await(std::chrono::nanoseconds::max()),
            cluster_.str("bar"));
}

TEST_F(LinkTest, ARequestThatArrivesTooLateDoesNotRun) {
  Request request;
  request.bucket = "room";
  request.op = Apply{"count", ""};
  request.deadline = Clock::now() - milliseconds(1);
  Gate answered;
  cluster_.core("bar").receive(request, [&](const Response& response) {
    EXPECT_EQ(told(response.answer.status), "DEADLINE_EXCEEDED not_run");
    answered.touch();
  });
  EXPECT_TRUE(answered.wait_for_arrivals(1));
  EXPECT_EQ(runs_.arrived(), 0);
}

TEST_F(LinkTest, TheDeadlineTravelsOverEveryHop) {
  cluster_.set_table("foo", "a..z bar");
  Clock::time_point seen;
  cluster_.set_link("bar", "baz", [&](const Request& request) {
    seen = request.deadline;
    return Passage();
  });
  const Clock::time_point before = Clock::now();
  EXPECT_EQ(told(foo_.route("user", Whoami{}, in(seconds(7)))), "OK");
  EXPECT_GE(seen, before + seconds(7));
  EXPECT_LE(seen, Clock::now() + seconds(7));
}

TEST_F(LinkTest, CancellingATaskAtAPeerThatNeverAnswersEndsIt) {
  cluster_.set_link("foo", "bar", Fate::kDrop);
  auto task = foo_.async("room", Whoami{}, in(seconds(60)));
  task.cancel();
  EXPECT_EQ(told(task.await(kLong)), "CANCELLED unknown");
}

TEST_F(LinkTest, CancelTravelsToTheNodeWhereTheOperationRuns) {
  cluster_.set_table("foo", "a..z bar");
  Gate began, saw;
  cluster_.define("baz", "wait", [&](OpContext& context, std::string_view) {
    began.touch();
    const Clock::time_point end = Clock::now() + kLong;
    while (!context.cancelled() && Clock::now() < end)
      std::this_thread::yield();
    if (Clock::now() < end) saw.touch();
    return "";
  });
  auto task = foo_.async("user", Apply{"wait", ""}, in(seconds(60)));
  ASSERT_TRUE(began.wait_for_arrivals(1));
  task.cancel();
  EXPECT_EQ(told(task.await(kLong)), "CANCELLED unknown");
  EXPECT_TRUE(saw.wait_for_arrivals(1));
}

TEST_F(LinkTest, ATaskThatNobodyAwaitsIsCancelledAtThePeer) {
  Gate began, saw;
  cluster_.define("bar", "wait", [&](OpContext& context, std::string_view) {
    began.touch();
    const Clock::time_point end = Clock::now() + kLong;
    while (!context.cancelled() && Clock::now() < end)
      std::this_thread::yield();
    if (Clock::now() < end) saw.touch();
    return "";
  });
  {
    const auto task = foo_.async("room", Apply{"wait", ""}, in(seconds(60)));
    ASSERT_TRUE(began.wait_for_arrivals(1));
  }
  EXPECT_TRUE(saw.wait_for_arrivals(1));
}

TEST_F(LinkTest, ACancelledCallThatHasNotArrivedDoesNotRun) {
  cluster_.set_link("foo", "bar", [](const Request&) {
    return Passage{Fate::kDeliver, milliseconds(30)};
  });
  auto task = foo_.async("room", Apply{"count", ""});
  task.cancel();
  EXPECT_EQ(told(task.await()), "CANCELLED unknown");
  // A later request on each of the network's threads has arrived: so has that.
  EXPECT_EQ(told(foo_.route("room", Whoami{})), "OK");
  EXPECT_EQ(told(foo_.route("room", Whoami{})), "OK");
  EXPECT_EQ(runs_.arrived(), 0);
}

TEST_F(LinkTest, AnAnswerThatComesAfterTheCancelIsDropped) {
  Gate gate;
  cluster_.define("bar", "wait", [&](OpContext&, std::string_view) {
    gate.pass();
    return "late";
  });
  auto task = foo_.async("room", Apply{"wait", ""});
  ASSERT_TRUE(gate.wait_for_arrivals(1));
  task.cancel();
  gate.open();
  EXPECT_EQ(told(task.await()), "CANCELLED unknown");
}

}  // namespace
}  // namespace kv::internal
