// Many calls at once, in circles over nodes that have one thread each.
#include <kv/kv.h>

#include <atomic>
#include <chrono>
#include <string>
#include <thread>
#include <vector>

#include "cluster/two_nodes.h"

namespace {

using kv_tests::Event;
using kv_tests::expect_failure;
using kv_tests::kLong;
using kv_tests::start_node;
using kv_tests::table_of;
using kv_tests::within;

constexpr int kCalls = 1000;

class ConcurrencyTest : public kv_tests::TwoNodes {
 protected:
  ConcurrencyTest() : TwoNodes(one_thread()) {}
  static kv::NodeOptions one_thread() {
    kv::NodeOptions options;
    options.op_threads = 1;
    options.callback_threads = 1;
    // Bursts are served whole.
    options.max_queue_delay = std::chrono::seconds(60);
    return options;
  }
  void SetUp() override {
    TwoNodes::SetUp();
    define("Leaf", [](kv::OpContext&, std::string_view args) {
      return absl::StatusOr<std::string>("leaf " + std::string(args));
    });
    // Blocks its thread in the library.
    define("Ask", [](kv::OpContext& context, std::string_view args) {
      return context.router().route(
          "hello", kv::Apply{"Leaf", std::string(args)}, within(kLong));
    });
    define("AskBuiltin", [](kv::OpContext& context, std::string_view) {
      return context.router().route("hello", kv::Whoami{}, within(kLong));
    });
    define("AskTask", [](kv::OpContext& context, std::string_view args) {
      auto task = context.router().async(
          "hello", kv::Apply{"Leaf", std::string(args)}, within(kLong));
      return task.await(kLong);
    });
    // foo -> bar -> foo, with an op of the host at each.
    define("AskFar", [](kv::OpContext& context, std::string_view args) {
      return context.router().route(
          "world", kv::Apply{"Ask", std::string(args)}, within(kLong));
    });
  }

  void expect_all_answered(const std::string& bucket, const std::string& op,
                           bool leaf) {
    std::vector<kv::Task<std::string>> tasks;
    for (int i = 0; i < kCalls; ++i) {
      tasks.push_back(foo_->router().async(
          bucket, kv::Apply{op, std::to_string(i)}, within(kLong)));
    }
    const auto answers = kv::await_all(tasks, kLong);
    for (int i = 0; i < kCalls; ++i) {
      ASSERT_TRUE(answers[i].ok()) << i << ": " << answers[i].status();
      EXPECT_EQ(*answers[i],
                leaf ? "leaf " + std::to_string(i) : foo_->name().str());
    }
  }
};

TEST_F(ConcurrencyTest, FooAsksBarWhichAsksFooAThousandTimesAtOnce) {
  expect_all_answered("world", "Ask", true);
}

TEST_F(ConcurrencyTest, TheSameWithABuiltinAtTheEnd) {
  expect_all_answered("world", "AskBuiltin", false);
}

TEST_F(ConcurrencyTest, TheSameWithATask) {
  expect_all_answered("world", "AskTask", true);
}

TEST_F(ConcurrencyTest, TheSameWithAnOpOfTheHostOnEachOfThreeSteps) {
  expect_all_answered("hello", "AskFar", true);
}

TEST_F(ConcurrencyTest, TheSameOnOneBucketThatRunsThemOneByOne) {
  create("world");
  expect_all_answered("world", "Ask", true);
}

TEST_F(ConcurrencyTest, AForwardingNodeHoldsNoThread) {
  // foo -> bar -> baz, where all wait at once; bar has no thread for it.
  const auto baz = start_node("baz");
  const auto table = table_of({{"n..z", baz->name()}});
  ASSERT_TRUE(bar_->set_table(table).ok());
  ASSERT_TRUE(baz->set_table(table).ok());
  ASSERT_TRUE(foo_->router().route("world", kv::Create{}).ok());
  Event begun;
  Event release;
  ASSERT_TRUE(baz->define("Wait",
                          [&](kv::OpContext&, std::string_view) {
                            begun.set();
                            release.wait();
                            return absl::StatusOr<std::string>("done");
                          })
                  .ok());
  std::vector<kv::Task<std::string>> tasks;
  for (int i = 0; i < kCalls; ++i) {
    tasks.push_back(
        foo_->router().async("world", kv::Apply{"Wait"}, within(kLong)));
  }
  ASSERT_TRUE(begun.wait());
  // While they wait bar is there for others.
  EXPECT_EQ(*foo_->router().call(bar_->name(), kv::Apply{"Leaf", "1"}),
            "leaf 1");
  // That so many have arrived was asked for, which is no call of anybody's.
  for (const kv::OpStats& row : bar_->stats().ops) EXPECT_NE(row.op, "Whoami");
  release.set();
  for (const auto& answer : kv::await_all(tasks, kLong)) {
    ASSERT_TRUE(answer.ok()) << answer.status();
  }
}

TEST_F(ConcurrencyTest, AnOpThatWouldWaitForItsOwnBucketIsToldSo) {
  create("hello");
  create("world");
  // "hello" on foo is taken by AskFar, which waits for "world" on bar, whose
  // Ask wants "hello".
  expect_failure(
      foo_->router().route("hello", kv::Apply{"AskFar", "1"}).status(),
      absl::StatusCode::kAborted, kv::Outcome::kRan, "\"hello\"");
  EXPECT_TRUE(foo_->router().route("hello", kv::Get{"milk"}).ok());
  EXPECT_TRUE(foo_->router().route("world", kv::Get{"milk"}).ok());
}

TEST_F(ConcurrencyTest, CallbacksMayBlockInTheLibrary) {
  std::atomic<int> done{0};
  Event all;
  for (int i = 0; i < kCalls; ++i) {
    foo_->router().async(
        "world", kv::Apply{"Leaf", ""},
        [&](const absl::StatusOr<std::string>& answer) {
          EXPECT_TRUE(answer.ok()) << answer.status();
          EXPECT_TRUE(
              foo_->router().route("world", kv::Whoami{}, within(kLong)).ok());
          if (++done == kCalls) all.set();
        },
        within(kLong));
  }
  EXPECT_TRUE(all.wait(2 * kLong)) << done;
}

TEST_F(ConcurrencyTest, ManyThreadsOnBothNodesLoseNoWrite) {
  create("hello");
  create("world");
  constexpr int kThreads = 8;
  constexpr int kWrites = 250;
  std::vector<std::thread> threads;
  for (int t = 0; t < kThreads; ++t) {
    threads.emplace_back([&, t] {
      kv::Router& router = (t % 2 == 0 ? *foo_ : *bar_).router();
      for (int i = 0; i < kWrites; ++i) {
        const std::string key = std::to_string(t) + "/" + std::to_string(i);
        for (const char* bucket : {"hello", "world"}) {
          EXPECT_EQ(router.route(bucket, kv::Put{key, key}), absl::OkStatus());
          EXPECT_EQ(*router.route(bucket, kv::Get{key}), key);
        }
      }
    });
  }
  for (std::thread& thread : threads) thread.join();
  EXPECT_EQ(foo_->registry().lookup("hello")->size(), kThreads * kWrites);
  EXPECT_EQ(bar_->registry().lookup("world")->size(), kThreads * kWrites);
}

}  // namespace
