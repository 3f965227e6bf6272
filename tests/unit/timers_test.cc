#include "exec/timers.h"

#include <gtest/gtest.h>

#include <memory>
#include <thread>
#include <vector>

#include "fault/gate.h"

namespace kv::internal {
namespace {

using std::chrono::milliseconds;
using std::chrono::seconds;

class TimersTest : public testing::Test {
 protected:
  Gate ran_;
  std::vector<int> order_;  // of the timers' thread, then of the test
  Timers timers_;

  Timers::Id note(Clock::time_point time, int number) {
    return timers_.at(time, [this, number] {
      order_.push_back(number);
      ran_.touch();
    });
  }
};

TEST_F(TimersTest, RunsAJobAtItsTimeOnAnotherThread) {
  const Clock::time_point time = Clock::now() + milliseconds(20);
  Clock::time_point ran;
  std::thread::id thread;
  timers_.at(time, [&] {
    ran = Clock::now();
    thread = std::this_thread::get_id();
    ran_.touch();
  });
  ASSERT_TRUE(ran_.wait_for_arrivals(1));
  EXPECT_GE(ran, time);
  EXPECT_NE(thread, std::this_thread::get_id());
}

TEST_F(TimersTest, RunsWhatIsPastAtOnce) {
  note(Clock::time_point::min(), 1);
  EXPECT_TRUE(ran_.wait_for_arrivals(1));
}

TEST_F(TimersTest, RunsJobsInOrderOfTimeAndEqualOnesInOrderOfArrival) {
  Gate hold;
  timers_.at(Clock::now(), [&] { hold.pass(); });
  ASSERT_TRUE(hold.wait_for_arrivals(1));
  const Clock::time_point time = Clock::now();
  note(time + milliseconds(2), 4);
  note(time, 1);
  note(time, 2);
  note(time + milliseconds(1), 3);
  hold.open();
  ASSERT_TRUE(ran_.wait_for_arrivals(4));
  EXPECT_EQ(order_, (std::vector<int>{1, 2, 3, 4}));
}

TEST_F(TimersTest, AnEarlierTimeThanTheOneItSleepsForWakesIt) {
  note(Clock::now() + seconds(3600), 2);
  note(Clock::now() + milliseconds(5), 1);
  EXPECT_TRUE(ran_.wait_for_arrivals(1));
  EXPECT_EQ(order_, (std::vector<int>{1}));
}

TEST_F(TimersTest, ACancelledJobDoesNotRunAndIsForgotten) {
  const auto held = std::make_shared<int>(0);
  const Timers::Id id = timers_.at(Clock::now() + milliseconds(5),
                                   [this, held] { ran_.touch(); });
  timers_.cancel(id);
  EXPECT_EQ(held.use_count(), 1);
  timers_.cancel(id);
  note(Clock::now() + milliseconds(10), 2);
  EXPECT_TRUE(ran_.wait_for_arrivals(1));
  EXPECT_EQ(order_, (std::vector<int>{2}));
}

TEST_F(TimersTest, TheEndOfTimeNeverComes) {
  const auto held = std::make_shared<int>(0);
  const Timers::Id id = timers_.at(Clock::time_point::max(), [held] {});
  EXPECT_EQ(held.use_count(), 1);
  timers_.cancel(id);
}

TEST_F(TimersTest, AJobMaySetAndCancelTimers) {
  timers_.at(Clock::now(), [this] {
    timers_.cancel(note(Clock::now(), 1));
    note(Clock::now(), 2);
  });
  ASSERT_TRUE(ran_.wait_for_arrivals(1));
  EXPECT_EQ(order_, (std::vector<int>{2}));
}

TEST_F(TimersTest, StopDropsWhatHasNotRunAndWhatComesLater) {
  const auto held = std::make_shared<int>(0);
  timers_.at(Clock::now() + seconds(3600), [held] {});
  timers_.stop();
  timers_.at(Clock::now(), [held] {});
  timers_.stop();
  EXPECT_EQ(held.use_count(), 1);
}

TEST_F(TimersTest, ThreadsMaySetAndCancelTimersTogether) {
  std::vector<std::thread> threads;
  for (int t = 0; t < 4; ++t) {
    threads.emplace_back([&] {
      for (int i = 0; i < 500; ++i) {
        timers_.cancel(timers_.at(Clock::now() + seconds(60), [] {}));
        timers_.at(Clock::now(), [this] { ran_.touch(); });
      }
    });
  }
  for (std::thread& thread : threads) thread.join();
  EXPECT_TRUE(ran_.wait_for_arrivals(2000));
}

}  // namespace
}  // namespace kv::internal
