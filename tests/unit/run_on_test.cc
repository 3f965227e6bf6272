#include "base/run_on.h"

#include <gtest/gtest.h>

#include <cstddef>
#include <future>
#include <memory>
#include <string>
#include <thread>
#include <utility>
#include <vector>

#include "base/clock.h"
#include "fault/gate.h"

namespace kv::internal {
namespace {

// Runs what it is given at once, as far as it has room, and notes in which
// portions it came.
class NotingRunner final : public Runner {
 public:
  explicit NotingRunner(std::string& story, std::size_t room = 1000)
      : story_(story), room_(room) {}

  bool post(Job& job) override {
    if (room_ == 0) return false;
    --room_;
    Job mine = std::move(job);
    mine();
    return true;
  }
  void post_all(std::vector<Job>& jobs) override {
    story_ += "(";
    Runner::post_all(jobs);
    story_ += ")";
  }

 private:
  std::string& story_;
  std::size_t room_;
};

class RunOnTest : public testing::Test {
 protected:
  Job job(const std::string& name) {
    return [this, name] { story_ += name; };
  }

  std::string story_;
  const std::shared_ptr<Runner> runner_ =
      std::make_shared<NotingRunner>(story_);
  const std::shared_ptr<Runner> full_ =
      std::make_shared<NotingRunner>(story_, 0);
};

TEST_F(RunOnTest, AJobGoesToItsRunnerAtOnce) {
  run_on(runner_, job("a"));
  EXPECT_EQ(story_, "a");
}

TEST_F(RunOnTest, WithoutRoomItRunsHereAfterTheOneThatItComesFrom) {
  run_on(full_, [this] {
    run_on(full_, job("inner"));
    story_ += "outer ";
  });
  EXPECT_EQ(story_, "outer inner");
}

TEST_F(RunOnTest, AGatheringGivesThemTogetherAtItsEnd) {
  {
    const Gathering gathering;
    run_on(runner_, job("a"));
    {
      const Gathering inner;
      run_on(runner_, job("b"));
    }
    run_on(runner_, job("c"));
    EXPECT_EQ(story_, "");
  }
  EXPECT_EQ(story_, "(abc)");
  run_on(runner_, job("d"));
  EXPECT_EQ(story_, "(abc)d");
}

TEST_F(RunOnTest, OfAGatheringEachRunnerGetsItsOwn) {
  const auto other = std::make_shared<NotingRunner>(story_);
  {
    const Gathering gathering;
    run_on(runner_, job("a"));
    run_on(other, job("b"));
    run_on(other, job("c"));
  }
  EXPECT_EQ(story_, "(a)(bc)");
}

TEST_F(RunOnTest, WhatAGatheringHasNoRoomForRunsHereInOrder) {
  const auto small = std::make_shared<NotingRunner>(story_, 2);
  {
    const Gathering gathering;
    for (const char* const name : {"a", "b", "c", "d"})
      run_on(small, job(name));
  }
  EXPECT_EQ(story_, "(ab)cd");
}

TEST_F(RunOnTest, AGatheringGivesAwayAPortionBeforeItsEnd) {
  const Gathering gathering;
  for (std::size_t i = 0; i + 1 < Gathering::kPortion; ++i) {
    run_on(runner_, job("a"));
  }
  EXPECT_EQ(story_, "");
  run_on(runner_, job("b"));
  EXPECT_EQ(story_, "(" + std::string(Gathering::kPortion - 1, 'a') + "b)");
}

// They may wait for what this thread is about to do.
TEST_F(RunOnTest, WhatAPortionHasNoRoomForRunsAtTheEnd) {
  {
    const Gathering gathering;
    for (std::size_t i = 0; i < Gathering::kPortion; ++i) {
      run_on(full_, job("a"));
    }
    run_on(runner_, job("b"));
    EXPECT_EQ(story_, "()");
  }
  EXPECT_EQ(story_, "()(b)" + std::string(Gathering::kPortion, 'a'));
}

TEST_F(RunOnTest, BeforeEachPortionItSettles) {
  static std::string* story = nullptr;
  story = &story_;
  const auto settle = [] { *story += "s"; };
  EXPECT_FALSE(Gathering::before_next(settle));
  {
    const Gathering gathering;
    for (std::size_t i = 0; i <= Gathering::kPortion; ++i) {
      EXPECT_TRUE(Gathering::before_next(settle));
      run_on(runner_, job(""));
    }
  }
  EXPECT_EQ(story_, "s()s()");
  {
    const Gathering gathering;
    EXPECT_TRUE(Gathering::before_next(settle));
  }
  EXPECT_EQ(story_, "s()s()s");
}

// As a thread does that has a window of them under way.
class AwaitedTest : public RunOnTest {
 protected:
  using State = TaskState<std::string>;

  std::shared_ptr<State> task() { return std::make_shared<State>(runner_); }
  static void end(State& task) { task.finish_with(std::string(), nullptr); }
  // Asleep until it has ended.
  static std::future<absl::Status> await(State& task) {
    auto woken = std::async(std::launch::async, [&task] {
      return task.wait_until(Clock::now() + kLong);
    });
    const Clock::time_point end = Clock::now() + kLong;
    while (!task.is_awaited() && Clock::now() < end) std::this_thread::yield();
    return woken;
  }
  // Long before the time is over for which it would sleep.
  static void expect_awake(const std::future<absl::Status>& woken) {
    EXPECT_EQ(woken.wait_for(kLong / 2), std::future_status::ready);
  }
};

TEST_F(AwaitedTest, WhoAwaitsATaskWakesAtTheEndOfTheGathering) {
  const auto awaited = task();
  std::future<absl::Status> woken = await(*awaited);
  {
    const Gathering gathering;
    end(*awaited);
    EXPECT_TRUE(awaited->ready());
  }
  expect_awake(woken);
}

TEST_F(AwaitedTest, OrOnceAPortionHasEnded) {
  const auto awaited = task();
  std::future<absl::Status> woken = await(*awaited);
  const Gathering gathering;
  end(*awaited);
  for (std::size_t i = 1; i < Gathering::kPortion; ++i) end(*task());
  expect_awake(woken);
}

}  // namespace
}  // namespace kv::internal
