// co_await on tasks. Compiled as C++20; a compiler without coroutines sees none
// of it.
#include <gtest/gtest.h>

#include <cstdlib>
#include <exception>
#include <string>
#include <thread>
#include <utility>

#include "fault/fake_cluster.h"
#include "fault/gate.h"
#include "fault/told.h"

namespace kv::internal {
namespace {

#if defined(__cpp_impl_coroutine)

// A coroutine that begins at once and that nobody waits for.
struct Detached {
  struct promise_type {
    Detached get_return_object() { return {}; }
    std::suspend_never initial_suspend() noexcept { return {}; }
    std::suspend_never final_suspend() noexcept { return {}; }
    void return_void() {}
    void unhandled_exception() { std::terminate(); }
  };
};

class CoroutineTest : public testing::Test {
 protected:
  CoroutineTest() {
    cluster_.set_tables("a..m foo\nn..z bar");
    cluster_.define("bar", "wait", [this](OpContext&, std::string_view args) {
      gate_.pass();
      return std::string(args);
    });
  }
  void TearDown() override { gate_.open(); }

  Detached story(std::string bucket) {
    const auto ref = co_await foo_.async(bucket, Create{});
    said_ += told(ref);
    const Put put{"milk", "1"};
    said_ += " " + told(co_await foo_.async(*ref, put));
    const Get get{"milk"};
    const auto value = co_await foo_.async(bucket, get);
    said_ += " " + value->value_or("none");
    const auto none = co_await foo_.async("", get);
    said_ += " " + told(none);
    ended_.touch();
  }

  Detached wait(CallOptions options) {
    const Apply apply{"wait", "done"};
    auto task = foo_.async("room", apply, options);
    const auto result = co_await std::move(task);
    said_ = result.ok() ? *result : told(result);
    thread_ = std::this_thread::get_id();
    ended_.touch();
  }

  Gate gate_, ended_;
  std::string said_;
  std::thread::id thread_;
  FakeCluster cluster_{{"foo", "bar"}};
  Router& foo_ = cluster_.router("foo");
};

TEST_F(CoroutineTest, AwaitsOneTaskAfterTheOther) {
  for (const char* bucket : {"home", "room"}) {
    said_.clear();
    const int before = ended_.arrived();
    story(bucket);
    ASSERT_TRUE(ended_.wait_for_arrivals(before + 1));
    EXPECT_EQ(said_, "OK OK 1 INVALID_ARGUMENT not_run");
  }
}

TEST_F(CoroutineTest, GoesOnOnAThreadOfTheNode) {
  wait({});
  ASSERT_TRUE(gate_.wait_for_arrivals(1));
  gate_.open();
  ASSERT_TRUE(ended_.wait_for_arrivals(1));
  EXPECT_EQ(said_, "done");
  EXPECT_NE(thread_, std::this_thread::get_id());
}

TEST_F(CoroutineTest, GoesOnWhenTheTimeIsUp) {
  CallOptions options;
  options.timeout = std::chrono::milliseconds(20);
  wait(options);
  ASSERT_TRUE(ended_.wait_for_arrivals(1));
  EXPECT_EQ(said_.substr(0, 17), "DEADLINE_EXCEEDED");
}

TEST_F(CoroutineTest, GoesOnWhenTheNodeStops) {
  wait({});
  ASSERT_TRUE(gate_.wait_for_arrivals(1));
  EXPECT_EQ(told(cluster_.core("foo").stop(std::chrono::nanoseconds(0))), "OK");
  ASSERT_TRUE(ended_.wait_for_arrivals(1));
  EXPECT_EQ(said_, "CANCELLED unknown");
}

TEST_F(CoroutineTest, ATaskThatStandsForNothingFailsAtOnce) {
  [](std::string& said) -> Detached {
    Task<std::string> none;
    said = told(co_await std::move(none));
  }(said_);
  EXPECT_EQ(said_, "FAILED_PRECONDITION not_run");
}

// Of design.md. g++ 12 destroys a temporary aggregate in a co_await expression
// twice.
void in_place() {
  FakeCluster cluster({"foo"});
  cluster.set_tables("a..z foo");
  Gate ended;
  [](Router& router, Gate& end) -> Detached {
    const std::string key = "longer than what a string keeps in itself";
    const auto created = co_await router.async("shopping", Create{});
    const absl::Status put = co_await router.async("shopping", Put{key, "1"});
    const auto value = co_await router.async("shopping", Get{key});
    if (told(created) + told(put) + **value == "OKOK1") end.touch();
  }(cluster.router("foo"), ended);
  if (ended.wait_for_arrivals(1)) std::exit(0);
}

TEST(CoroutineDeathTest, AnOperationMayBeWrittenInPlace) {
  testing::FLAGS_gtest_death_test_style = "threadsafe";
  EXPECT_EXIT(in_place(), testing::ExitedWithCode(0), "");
}

#endif

}  // namespace
}  // namespace kv::internal
