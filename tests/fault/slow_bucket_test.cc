// A bucket whose operation takes its time harms nobody but its own callers.
#include <gtest/gtest.h>

#include <atomic>
#include <mutex>
#include <string>
#include <thread>
#include <vector>

#include "fault/fake_cluster.h"
#include "fault/gate.h"
#include "fault/told.h"

namespace kv::internal {
namespace {

using std::chrono::milliseconds;
using std::chrono::seconds;

NodeOptions two_threads() {
  NodeOptions options;
  options.op_threads = 2;
  return options;
}

CallOptions in(std::chrono::nanoseconds timeout) {
  CallOptions options;
  options.timeout = timeout;
  return options;
}

class SlowBucketTest : public testing::Test {
 protected:
  SlowBucketTest() {
    cluster_.set_tables("a..m foo\nn..z bar");
    for (const char* node : {"foo", "bar"}) {
      cluster_.define(node, "wait", [this](OpContext&, std::string_view) {
        gate_.pass();
        return "";
      });
      cluster_.define(node, "note",
                      [this](OpContext& context, std::string_view args) {
                        const std::lock_guard<std::mutex> lock(mutex_);
                        notes_.emplace_back(args);
                        return std::string(context.bucket_name());
                      });
    }
    for (const char* bucket : {"busy", "free", "zslow", "zfree"}) {
      EXPECT_EQ(told(foo_.route(bucket, Create{})), "OK");
    }
  }
  void TearDown() override { gate_.open(); }

  // `bucket` is held until gate_ opens.
  Task<std::string> hold(const std::string& bucket) {
    const int before = gate_.arrived();
    auto task = foo_.async(bucket, Apply{"wait", ""}, in(kLong));
    EXPECT_TRUE(gate_.wait_for_arrivals(before + 1));
    return task;
  }

  Gate gate_;
  std::mutex mutex_;
  std::vector<std::string> notes_;
  FakeCluster cluster_{{"foo", "bar"}, two_threads()};
  Router& foo_ = cluster_.router("foo");
  Router& bar_ = cluster_.router("bar");
};

TEST_F(SlowBucketTest, AnOperationThatNeverReturnsHarmsNoOtherBucket) {
  const auto held = hold("zslow");
  for (Router* router : {&foo_, &bar_}) {
    EXPECT_EQ(told(router->route("zfree", Put{"k", "v"})), "OK");
    EXPECT_EQ(told(router->route("zfree", Apply{"note", ""})), "OK");
    EXPECT_EQ(told(router->route("free", Apply{"note", ""})), "OK");
    EXPECT_EQ(told(router->route("znone", Apply{"note", ""})), "OK");
  }
}

TEST_F(SlowBucketTest, TheOwnCallersOfABusyBucketEndAtTheirDeadlines) {
  const auto held = hold("zslow");
  for (Router* router : {&foo_, &bar_}) {
    const Clock::time_point begin = Clock::now();
    auto put = router->async("zslow", Put{"k", "v"}, in(milliseconds(40)));
    auto note = router->async("zslow", Apply{"note", ""}, in(milliseconds(40)));
    for (const std::string& end : {told(put.await()), told(note.await())}) {
      // At foo, bar's answer races with the link's own deadline.
      EXPECT_TRUE(end == "DEADLINE_EXCEEDED not_run" ||
                  (router == &foo_ && end == "DEADLINE_EXCEEDED unknown"))
          << end;
    }
    EXPECT_LT(Clock::now() - begin, seconds(3));
  }
  gate_.open();
  EXPECT_EQ(*bar_.route("zslow", Get{"k"}), std::nullopt);
  EXPECT_TRUE(notes_.empty()) << "work that had not begun began";
}

TEST_F(SlowBucketTest, TheTimeInTheQueueCountsForAThreadlessOperationToo) {
  auto one = hold("zslow");
  auto two = hold("zfree");  // no thread is left
  EXPECT_EQ(told(bar_.route("znone", Apply{"note", ""}, in(milliseconds(30)))),
            "DEADLINE_EXCEEDED not_run");
  gate_.open();
  EXPECT_EQ(told(one.await()), "OK");
  EXPECT_EQ(told(two.await()), "OK");
  EXPECT_EQ(told(bar_.route("znone", Apply{"note", "after"})), "OK");
  EXPECT_EQ(notes_, std::vector<std::string>{"after"});
}

TEST_F(SlowBucketTest, CancellingATaskInTheQueueTakesItOut) {
  const auto held = hold("busy");
  auto put = foo_.async("busy", Put{"k", "v"}, in(kLong));
  auto note = foo_.async("busy", Apply{"note", ""}, in(kLong));
  auto far = bar_.async("busy", Put{"far", "v"}, in(kLong));
  put.cancel();
  note.cancel();
  far.cancel();
  EXPECT_EQ(told(put.await()), "CANCELLED not_run");
  EXPECT_EQ(told(note.await()), "CANCELLED not_run");
  EXPECT_EQ(told(far.await()), "CANCELLED unknown");
  gate_.open();
  EXPECT_EQ(*foo_.route("busy", Get{"k"}), std::nullopt);
  EXPECT_TRUE(notes_.empty());
}

TEST_F(SlowBucketTest, CancellingATaskThatRunsIsUnknown) {
  auto task = hold("busy");
  task.cancel();
  EXPECT_EQ(told(task.await()), "CANCELLED unknown");
  auto next = foo_.async("busy", Put{"k", "v"}, in(kLong));
  EXPECT_FALSE(next.ready()) << "the operation still has the bucket";
  gate_.open();
  EXPECT_EQ(told(next.await()), "OK");
}

TEST_F(SlowBucketTest, CallsOfOneBucketRunInOrderOfTheirArrival) {
  auto held = hold("busy");
  std::vector<Task<std::string>> tasks;
  std::vector<std::string> expected;
  for (int i = 0; i < 500; ++i) {
    expected.push_back(std::to_string(i));
    tasks.push_back(
        foo_.async("busy", Apply{"note", expected.back()}, in(kLong)));
  }
  auto last = foo_.async("busy", Put{"last", "1"}, in(kLong));
  gate_.open();
  for (auto& task : tasks) ASSERT_EQ(told(task.await(kLong)), "OK");
  EXPECT_EQ(told(last.await()), "OK");
  EXPECT_EQ(notes_, expected);
}

TEST_F(SlowBucketTest, OperationsOfOneBucketRunOneAtATimeAndLoseNothing) {
  std::atomic<int> inside{0};
  std::atomic<bool> together{false};
  cluster_.define("foo", "add", [&](OpContext& context, std::string_view) {
    if (inside.fetch_add(1) != 0) together = true;
    Bucket& bucket = *context.bucket();
    const int sum = std::stoi(bucket.get("sum").value_or("0"));
    std::this_thread::yield();
    bucket.put("sum", std::to_string(sum + 1)).IgnoreError();
    inside.fetch_sub(1);
    return "";
  });
  std::vector<std::thread> threads;
  for (int t = 0; t < 4; ++t) {
    threads.emplace_back([&, t] {
      Router& router = t % 2 == 0 ? foo_ : bar_;
      for (int i = 0; i < 100; ++i) {
        EXPECT_EQ(told(router.route("busy", Apply{"add", ""}, in(kLong))),
                  "OK");
        EXPECT_EQ(told(router.route("busy", Get{"sum"}, in(kLong))), "OK");
      }
    });
  }
  for (std::thread& thread : threads) thread.join();
  EXPECT_FALSE(together);
  EXPECT_EQ(**foo_.route("busy", Get{"sum"}), "400");
}

TEST_F(SlowBucketTest, TenThousandQueuedCallsLetOtherBucketsAnswer) {
  auto held = hold("zslow");
  std::vector<Task<void>> tasks;
  for (int i = 0; i < 10000; ++i) {
    Router& router = i % 2 == 0 ? foo_ : bar_;
    tasks.push_back(
        router.async("zslow", Put{std::to_string(i), "v"}, in(seconds(60))));
  }
  for (int i = 0; i < 100; ++i) {
    for (Router* router : {&foo_, &bar_}) {
      ASSERT_EQ(told(router->route("zfree", Put{"k", "v"})), "OK");
      ASSERT_EQ(told(router->route("free", Apply{"note", ""})), "OK");
    }
  }
  EXPECT_FALSE(tasks[0].ready());
  gate_.open();
  for (const absl::Status& result : await_all(tasks, kLong)) {
    ASSERT_EQ(told(result), "OK") << result;
  }
  EXPECT_EQ(cluster_.core("bar").registry().lookup("zslow")->size(), 10000U);
}

// foo -> bar -> foo, all at once, with one thread for operations on each.
TEST(ForwardTest, AThousandCallsThereAndBackHoldNoThread) {
  for (const Delivery delivery : {Delivery::kNetwork, Delivery::kInline}) {
    NodeOptions options;
    options.op_threads = 1;
    options.max_queue_delay = std::chrono::seconds(60);  // a burst is served
    FakeCluster cluster({"foo", "bar"}, options, delivery);
    cluster.set_tables("a..m foo\nn..z bar");
    cluster.define("bar", "back", [](OpContext& context, std::string_view key) {
      return context.router()
          .route("home", Get{std::string(key)})
          .value()
          .value_or("none");
    });
    Router& foo = cluster.router("foo");
    ASSERT_EQ(told(foo.route("home", Create{})), "OK");
    ASSERT_EQ(told(foo.route("home", Put{"k", "v"})), "OK");
    std::vector<Task<std::string>> tasks;
    for (int i = 0; i < 1000; ++i) {
      tasks.push_back(foo.async("n" + std::to_string(i % 100),
                                Apply{"back", "k"}, in(kLong)));
    }
    for (const auto& result : await_all(tasks, kLong)) {
      ASSERT_EQ(told(result), "OK") << result.status();
      ASSERT_EQ(*result, "v");
    }
  }
}

}  // namespace
}  // namespace kv::internal
