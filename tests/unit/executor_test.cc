#include "exec/executor.h"

#include <gtest/gtest.h>

#include <array>
#include <atomic>
#include <functional>
#include <memory>
#include <thread>
#include <vector>

#include "base/blocking.h"
#include "fault/gate.h"

namespace kv::internal {
namespace {

using std::chrono::milliseconds;

Clock::time_point long_after() { return Clock::now() + kLong; }

class ExecutorTest : public testing::Test {
 protected:
  bool post(Executor& executor, Job job, std::size_t depth = 0) {
    return executor.post(depth, job);
  }
  // A job that holds its thread until gate_ opens.
  void occupy(Executor& executor, std::size_t depth = 0) {
    const int before = gate_.arrived();
    ASSERT_TRUE(post(
        executor, [this] { gate_.pass(); }, depth));
    ASSERT_TRUE(gate_.wait_for_arrivals(before + 1));
  }
  // The same, but it says that it waits.
  void wait_inside(Executor& executor, std::size_t depth = 0) {
    const int before = gate_.arrived();
    ASSERT_TRUE(post(
        executor,
        [this] {
          const BlockingRegion region;
          gate_.pass();
        },
        depth));
    ASSERT_TRUE(gate_.wait_for_arrivals(before + 1));
  }

  Gate gate_;
  Gate ran_;
};

TEST_F(ExecutorTest, RunsJobsOnOtherThreads) {
  Executor executor({2, 1, 100});
  std::thread::id thread;
  ASSERT_TRUE(post(executor, [&] {
    thread = std::this_thread::get_id();
    ran_.touch();
  }));
  ASSERT_TRUE(ran_.wait_for_arrivals(1));
  EXPECT_NE(thread, std::this_thread::get_id());
  EXPECT_TRUE(executor.stop(long_after()));
}

TEST_F(ExecutorTest, RunsNoMoreAtOnceThanItHasThreads) {
  Executor executor({3, 1, 1000});
  std::atomic<int> now{0}, most{0};
  for (int i = 0; i < 300; ++i) {
    ASSERT_TRUE(post(executor, [&] {
      const int here = ++now;
      int before = most;
      while (before < here && !most.compare_exchange_weak(before, here)) {
      }
      std::this_thread::yield();
      --now;
      ran_.touch();
    }));
  }
  EXPECT_TRUE(ran_.wait_for_arrivals(300));
  EXPECT_LE(most, 3);
  EXPECT_TRUE(executor.stop(long_after()));
}

TEST_F(ExecutorTest, UsesAllOfItsThreads) {
  Executor executor({3, 1, 1000});
  for (int i = 0; i < 3; ++i) ASSERT_NO_FATAL_FAILURE(occupy(executor));
  gate_.open();
  EXPECT_TRUE(executor.stop(long_after()));
}

TEST_F(ExecutorTest, JobsOfOneDepthBeginInOrder) {
  Executor executor({1, 1, 1000});
  std::vector<int> order;
  ASSERT_NO_FATAL_FAILURE(occupy(executor));
  for (int i = 0; i < 100; ++i) {
    ASSERT_TRUE(post(executor, [&, i] { order.push_back(i); }));
  }
  gate_.open();
  EXPECT_TRUE(executor.stop(long_after()));
  ASSERT_EQ(order.size(), 100U);
  for (int i = 0; i < 100; ++i) EXPECT_EQ(order[i], i);
}

TEST_F(ExecutorTest, TheDeepestRunFirst) {
  Executor executor({1, 1, 1000});
  std::vector<std::size_t> order;
  ASSERT_NO_FATAL_FAILURE(occupy(executor));
  for (const std::size_t depth : {0, 3, 1000, 1}) {
    ASSERT_TRUE(post(
        executor, [&, depth] { order.push_back(depth); }, depth));
  }
  gate_.open();
  EXPECT_TRUE(executor.stop(long_after()));
  EXPECT_EQ(order, (std::vector<std::size_t>{1000, 3, 1, 0}));
}

TEST_F(ExecutorTest, TheQueueHasALimitAndARefusedJobIsLeftAlone) {
  Executor executor({1, 1, 1});
  ASSERT_NO_FATAL_FAILURE(occupy(executor));
  ASSERT_TRUE(post(executor, [this] { ran_.touch(); }));
  Job job = [this] { ran_.touch(); };
  EXPECT_FALSE(executor.post(0, job));
  EXPECT_FALSE(executor.post(0, job));
  ASSERT_TRUE(job != nullptr);
  gate_.open();
  EXPECT_TRUE(executor.stop(long_after()));
  EXPECT_EQ(ran_.arrived(), 1);
}

TEST_F(ExecutorTest, SeveralArePostedAtOnceAsFarAsThereIsRoom) {
  Executor executor({2, 1, 3});
  std::vector<Job> jobs;
  for (int i = 0; i < 2; ++i) jobs.emplace_back([this] { gate_.pass(); });
  executor.runner()->post_all(jobs);
  EXPECT_TRUE(jobs.empty());
  ASSERT_TRUE(gate_.wait_for_arrivals(2));  // each on a thread of its own

  std::array<std::atomic<bool>, 5> ran{};
  for (auto& it : ran) {
    jobs.emplace_back([&] {
      it = true;
      ran_.touch();
    });
  }
  executor.runner()->post_all(jobs);
  ASSERT_EQ(jobs.size(), 2U);
  for (Job& job : jobs) job();
  for (std::size_t i = 0; i < ran.size(); ++i) EXPECT_EQ(ran[i], i >= 3);
  gate_.open();
  EXPECT_TRUE(ran_.wait_for_arrivals(5));
  EXPECT_TRUE(executor.stop(long_after()));
  jobs.clear();
  jobs.emplace_back([] {});
  executor.runner()->post_all(jobs);
  EXPECT_EQ(jobs.size(), 1U);
}

TEST_F(ExecutorTest, AJobThatWaitsInsideTheLibraryGivesItsPlaceAway) {
  Executor executor({1, 2, 100});
  ASSERT_NO_FATAL_FAILURE(wait_inside(executor));
  ASSERT_NO_FATAL_FAILURE(wait_inside(executor));
  ASSERT_TRUE(post(executor, [this] { ran_.touch(); }));
  EXPECT_TRUE(ran_.wait_for_arrivals(1));
  gate_.open();
  EXPECT_TRUE(executor.stop(long_after()));
}

TEST_F(ExecutorTest, NoMoreWaitThanTheLimitButWhatMustWaitMay) {
  Executor executor({1, 1, 100});
  ASSERT_NO_FATAL_FAILURE(wait_inside(executor));
  ASSERT_TRUE(post(executor, [this] {
    const BlockingRegion refused;
    EXPECT_FALSE(refused.allowed());
    EXPECT_EQ(refused.refusal().code(), absl::StatusCode::kResourceExhausted);
    EXPECT_TRUE(BlockingRegion(BlockingRegion::Must()).allowed());
    ran_.touch();
  }));
  EXPECT_TRUE(ran_.wait_for_arrivals(1));
  gate_.open();
  EXPECT_TRUE(executor.stop(long_after()));
}

TEST_F(ExecutorTest, CountsTheThreadsThatAreAwake) {
  std::atomic<int> awake{0};
  Executor::Options options{2, 2, 100};
  options.awake = &awake;
  Executor executor(options);
  ASSERT_NO_FATAL_FAILURE(occupy(executor));
  EXPECT_EQ(awake, 1);
  ASSERT_NO_FATAL_FAILURE(wait_inside(executor));
  EXPECT_EQ(awake, 1) << "one waits";
  ASSERT_NO_FATAL_FAILURE(occupy(executor));
  EXPECT_EQ(awake, 2);
  gate_.open();
  EXPECT_TRUE(executor.stop(long_after()));
  EXPECT_EQ(awake, 0);
}

TEST_F(ExecutorTest, AThreadOfTheHostMayAlwaysWait) {
  EXPECT_TRUE(BlockingRegion().allowed());
}

// Each waits for one of the next depth, all the way down, on one thread.
TEST_F(ExecutorTest, ChainsOfWaitingJobsGetOn) {
  constexpr std::size_t kDeep = 30;
  constexpr int kChains = 20;
  Executor executor({1, kChains * kDeep, 10000});
  std::function<void(std::size_t, Gate&)> descend;
  descend = [&](std::size_t depth, Gate& done) {
    if (depth < kDeep) {
      Gate inner;
      ASSERT_TRUE(post(
          executor, [&] { descend(depth + 1, inner); }, depth + 1));
      const BlockingRegion region;
      EXPECT_TRUE(region.allowed());
      EXPECT_TRUE(inner.wait_for_arrivals(1));
    }
    done.touch();
  };
  for (int i = 0; i < kChains; ++i) {
    ASSERT_TRUE(post(executor, [&] { descend(0, ran_); }));
  }
  EXPECT_TRUE(ran_.wait_for_arrivals(kChains));
  EXPECT_TRUE(executor.stop(long_after()));
}

TEST_F(ExecutorTest, ARunnerPostsOneDeeperThanTheJobThatUsesIt) {
  Executor executor({1, 1, 100});
  std::vector<int> order;
  ASSERT_TRUE(post(executor, [&] {
    Job same = [&] { order.push_back(2); };
    ASSERT_TRUE(executor.post(0, same));
    Job deeper = [&] { order.push_back(1); };
    ASSERT_EQ(Executor::runner_of_thread(), executor.runner());
    ASSERT_TRUE(Executor::runner_of_thread()->post(deeper));
    ran_.touch();
  }));
  ASSERT_TRUE(ran_.wait_for_arrivals(1));
  EXPECT_TRUE(executor.stop(long_after()));
  EXPECT_EQ(order, (std::vector<int>{1, 2}));
  EXPECT_EQ(Executor::runner_of_thread(), nullptr);
  Job late = [] {};
  EXPECT_FALSE(executor.runner()->post(late));
  EXPECT_TRUE(late != nullptr) << "left alone";
}

TEST_F(ExecutorTest, StopRunsWhatIsQueuedAndTakesNoMore) {
  Executor executor({1, 1, 100});
  ASSERT_NO_FATAL_FAILURE(occupy(executor));
  for (int i = 0; i < 10; ++i) {
    ASSERT_TRUE(post(executor, [this] { ran_.touch(); }));
  }
  std::thread stopper([&] { EXPECT_TRUE(executor.stop(long_after())); });
  Job job = [] {};
  while (executor.post(0, job)) {
    job = [] {};
    std::this_thread::yield();
  }
  gate_.open();
  stopper.join();
  EXPECT_EQ(ran_.arrived(), 10);
  EXPECT_FALSE(executor.post(0, job));
}

TEST_F(ExecutorTest, StopIsBoundedAndDropsWhatHasNotBegun) {
  Executor executor({1, 1, 100});
  ASSERT_NO_FATAL_FAILURE(occupy(executor));
  const auto held = std::make_shared<int>(0);
  ASSERT_TRUE(post(executor, [this, held] { ran_.touch(); }));
  EXPECT_FALSE(executor.stop(Clock::now() + milliseconds(10)));
  EXPECT_EQ(held.use_count(), 1);
  gate_.open();
  EXPECT_EQ(ran_.arrived(), 0);
}

TEST_F(ExecutorTest, AJobMayOutliveItsExecutor) {
  const auto gone = std::make_shared<int>(0);
  {
    Executor executor({1, 1, 100});
    ASSERT_TRUE(post(executor, [this, gone] { gate_.pass(); }));
    ASSERT_TRUE(gate_.wait_for_arrivals(1));
    EXPECT_FALSE(executor.stop(Clock::now()));
  }
  gate_.open();
  const Clock::time_point end = long_after();
  while (gone.use_count() > 1 && Clock::now() < end) std::this_thread::yield();
  EXPECT_EQ(gone.use_count(), 1);
}

TEST_F(ExecutorTest, StopWithoutAJobIsFine) {
  Executor executor({1, 1, 1});
  EXPECT_TRUE(executor.stop(Clock::now()));
}

TEST_F(ExecutorTest, ManyThreadsMayPostJobsThatWait) {
  Executor executor({2, 3, 100000});
  std::vector<std::thread> threads;
  for (int t = 0; t < 4; ++t) {
    threads.emplace_back([&] {
      for (int i = 0; i < 500; ++i) {
        ASSERT_TRUE(post(
            executor,
            [this] {
              const BlockingRegion region;
              ran_.touch();
            },
            static_cast<std::size_t>(i % 3)));
      }
    });
  }
  for (std::thread& thread : threads) thread.join();
  EXPECT_TRUE(ran_.wait_for_arrivals(2000));
  EXPECT_TRUE(executor.stop(long_after()));
}

// Jobs wait behind one that does not end, on one thread.
class CrowdedExecutorTest : public ExecutorTest {
 protected:
  static Executor::Options options(milliseconds max_delay) {
    Executor::Options options;
    options.max_queued = 100000;
    options.max_delay = max_delay;
    return options;
  }
  // Posts one with the next number, which is noted when it is refused.
  void post_next(Executor& executor) {
    Job job = [this] { ran_.touch(); };
    ASSERT_TRUE(executor.post(
        0, job, [this, number = posted_] { refused_.push_back(number); }));
    ++posted_;
  }
  // Until jobs are refused.
  bool crowd(Executor& executor) {
    const Clock::time_point end = long_after();
    while (refused_.empty() && Clock::now() < end) {
      post_next(executor);
      std::this_thread::sleep_for(milliseconds(1));
    }
    return !refused_.empty();
  }

  int posted_ = 0;
  std::vector<int> refused_;
};

TEST_F(CrowdedExecutorTest, RefusesTheFirstOfThemAndKeepsOneForEachThread) {
  Executor executor(options(milliseconds(1)));
  ASSERT_NO_FATAL_FAILURE(occupy(executor));
  const Clock::time_point begin = Clock::now();
  ASSERT_TRUE(crowd(executor));
  EXPECT_GT(Clock::now() - begin, milliseconds(5));
  for (std::size_t i = 0; i < refused_.size(); ++i) {
    EXPECT_EQ(refused_[i], static_cast<int>(i));
  }
  EXPECT_GE(executor.load().queued, 1U);
  EXPECT_EQ(executor.room(), 2U);
  // From now on it does not take as long.
  for (int i = 0; i < 100 && posted_ < 100000; ++i) post_next(executor);
  gate_.open();
  EXPECT_TRUE(executor.stop(long_after()));
  EXPECT_EQ(ran_.arrived() + static_cast<int>(refused_.size()), posted_);
}

TEST_F(CrowdedExecutorTest, ABurstThatIsOverSoonIsServedWhole) {
  Executor executor(options(std::chrono::minutes(1)));
  ASSERT_NO_FATAL_FAILURE(occupy(executor));
  for (int i = 0; i < 1000; ++i) post_next(executor);
  gate_.open();
  EXPECT_TRUE(executor.stop(long_after()));
  EXPECT_EQ(ran_.arrived(), 1000);
  EXPECT_TRUE(refused_.empty());
}

TEST_F(CrowdedExecutorTest, OneForEachThreadMayWaitForAsLongAsItTakes) {
  Executor executor(options(milliseconds(1)));
  ASSERT_NO_FATAL_FAILURE(occupy(executor));
  post_next(executor);
  std::this_thread::sleep_for(milliseconds(20));  // nothing happens in it
  EXPECT_EQ(executor.load().queued, 1U);
  EXPECT_TRUE(refused_.empty());
  gate_.open();
  EXPECT_TRUE(executor.stop(long_after()));
}

TEST_F(CrowdedExecutorTest, DeepOnesAreRefusedLast) {
  Executor executor(options(milliseconds(1)));
  ASSERT_NO_FATAL_FAILURE(occupy(executor));
  std::atomic<int> deep{0};
  for (int i = 0; i < 10; ++i) {
    Job job = [this] { ran_.touch(); };
    ASSERT_TRUE(executor.post(5, job, [&] { ++deep; }));
  }
  post_next(executor);
  const Clock::time_point end = long_after();
  while (deep == 0 && Clock::now() < end) {
    EXPECT_TRUE(deep == 0 || !refused_.empty());
    post_next(executor);
    std::this_thread::sleep_for(milliseconds(1));
  }
  EXPECT_FALSE(refused_.empty());
  gate_.open();
  EXPECT_TRUE(executor.stop(long_after()));
}

// As the next call for a bucket does.
TEST_F(CrowdedExecutorTest, ARefusalMayPostWithoutEnd) {
  Executor executor(options(milliseconds(1)));
  ASSERT_NO_FATAL_FAILURE(occupy(executor));
  constexpr int kChain = 100;
  int chain = 0;
  int within = 0;
  std::function<void()> post_another = [&] {
    EXPECT_EQ(within++, 0) << "one refusal within another";
    ++chain;
    Job job = [this] { ran_.touch(); };
    EXPECT_TRUE(executor.post(0, job, post_another));
    --within;
  };
  const Clock::time_point end = long_after();
  while (chain < kChain && Clock::now() < end) {
    Job job = [this] { ran_.touch(); };
    ASSERT_TRUE(executor.post(0, job, post_another));
    std::this_thread::sleep_for(milliseconds(1));
  }
  EXPECT_GE(chain, kChain);
  gate_.open();
  EXPECT_TRUE(executor.stop(long_after()));
}

}  // namespace
}  // namespace kv::internal
