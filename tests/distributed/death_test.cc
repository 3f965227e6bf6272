// Processes that are killed, frozen, started again, or asked to end.
#include <kv/kv.h>

#include <atomic>
#include <csignal>
#include <functional>
#include <optional>
#include <string>
#include <thread>
#include <vector>

#include "distributed/two_processes.h"

namespace {

using kv_tests::Clock;
using kv_tests::Event;
using kv_tests::eventually;
using kv_tests::expect_failure;
using kv_tests::expect_unreachable;
using kv_tests::kLong;
using kv_tests::milliseconds;
using kv_tests::PeerProcess;
using kv_tests::seconds;
using kv_tests::start_node;
using kv_tests::time_of;
using kv_tests::within;

class DeathTest : public kv_tests::TwoProcesses {
 protected:
  void SetUp() override {
    TwoProcesses::SetUp();
    ASSERT_TRUE(router().route("world", kv::Create{}).ok());
    ASSERT_TRUE(foo_->define("Begun",
                             [this](kv::OpContext&, std::string_view) {
                               begun_.set();
                               return absl::StatusOr<std::string>("");
                             })
                    .ok());
  }
  // An op on bar that has begun, and ends when its call does.
  kv::Task<std::string> begin_wait() {
    auto task = router().async("world", kv::Apply{"Wait"}, within(kLong));
    EXPECT_TRUE(begun_.wait());
    return task;
  }

  Event begun_;
};

TEST_F(DeathTest, AKillUnderLoadLosesNoAcknowledgedWriteUntilThen) {
  // Each writer counts in a bucket of its own; what it was told must be what
  // the bucket says next.
  constexpr int kWriters = 4;
  std::atomic<int> acknowledged{0};
  std::atomic<bool> killed{false};
  std::vector<std::thread> threads;
  for (int t = 0; t < kWriters; ++t) {
    threads.emplace_back([&, t] {
      const std::string bucket = "writer" + std::to_string(t);
      ASSERT_TRUE(router().route(bucket, kv::Create{}).ok());
      for (int i = 1;; ++i) {
        const auto counted = router().route(bucket, kv::Apply{"Increment"});
        if (!counted.ok()) {
          EXPECT_TRUE(killed) << counted.status();
          expect_failure(counted.status(), absl::StatusCode::kUnavailable,
                         kv::outcome(counted.status()), bar_->name().str());
          EXPECT_NE(kv::outcome(counted.status()), kv::Outcome::kRan);
          return;
        }
        EXPECT_EQ(*counted, std::to_string(i));
        const auto read = router().route(bucket, kv::Get{"n"});
        if (!read.ok()) {
          EXPECT_TRUE(killed) << read.status();
          return;
        }
        EXPECT_EQ(*read, std::to_string(i));
        ++acknowledged;
      }
    });
  }
  // A third node, and this one, serve on all the while.
  const auto baz = start_node("baz");
  std::atomic<bool> done{false};
  std::thread unaffected([&] {
    while (!done) {
      EXPECT_TRUE(router().route("hello", kv::Whoami{}).ok());
      const auto answer = router().call(baz->name(), kv::Whoami{});
      EXPECT_TRUE(answer.ok()) << answer.status();
    }
  });
  EXPECT_TRUE(eventually([&] { return acknowledged > 500; }));
  killed = true;
  bar_->signal(SIGKILL);
  for (std::thread& thread : threads) thread.join();
  done = true;
  unaffected.join();
  EXPECT_EQ(bar_->wait(), 128 + SIGKILL);
}

TEST_F(DeathTest, AKillUnderACallLeavesItsOutcomeUnknownAndTheNextNotRun) {
  auto task = begin_wait();
  auto queued = router().async("world", kv::Put{"k", "v"}, within(kLong));
  // It was sent before this, on the same connection.
  ASSERT_TRUE(router().call(bar_->name(), kv::Whoami{}).ok());
  const auto took = time_of([&] {
    bar_->signal(SIGKILL);
    expect_failure(task.await(kLong).status(), absl::StatusCode::kUnavailable,
                   kv::Outcome::kUnknown, bar_->name().str());
    expect_failure(queued.await(kLong), absl::StatusCode::kUnavailable,
                   kv::Outcome::kUnknown, bar_->name().str());
  });
  EXPECT_LT(took, seconds(2));
  EXPECT_EQ(bar_->wait(), 128 + SIGKILL);
  expect_unreachable(router(), "world", bar_->name());
}

TEST_F(DeathTest, AProcessThatIsStartedAgainAnswersWithinASecond) {
  for (int round = 0; round < 3; ++round) {
    bar_->signal(SIGKILL);
    EXPECT_EQ(bar_->wait(), 128 + SIGKILL);
    const auto down = Clock::now() + milliseconds(500);
    while (Clock::now() < down) {
      EXPECT_FALSE(router().route("world", kv::Whoami{}).ok());
    }
    restart_bar();
    EXPECT_TRUE(
        eventually([&] { return router().route("world", kv::Whoami{}).ok(); },
                   seconds(1)));
  }
}

TEST_F(DeathTest, ARefFromBeforeTheRestartIsStale) {
  const auto ref = router().route("world", kv::Lookup{});
  ASSERT_TRUE(ref.ok()) << ref.status();
  bar_->signal(SIGKILL);
  EXPECT_EQ(bar_->wait(), 128 + SIGKILL);
  restart_bar();
  const auto expect_stale = [&] {
    expect_failure(router().route(*ref, kv::Get{"milk"}).status(),
                   absl::StatusCode::kAborted, kv::Outcome::kNotRun,
                   bar_->name().str());
  };
  ASSERT_TRUE(
      eventually([&] { return router().route("world", kv::Whoami{}).ok(); }));
  expect_stale();
  // Nor does it mean the first bucket that the new process makes.
  EXPECT_NE(*router().route("world", kv::Create{}), *ref);
  expect_stale();
}

TEST_F(DeathTest, AFrozenProcessCostsTheDeadlineAndNoMore) {
  bar_->signal(SIGSTOP);
  for (int i = 0; i < 2; ++i) {
    const auto took = time_of([&] {
      expect_failure(
          router()
              .route("world", kv::Get{"milk"}, within(milliseconds(300)))
              .status(),
          absl::StatusCode::kDeadlineExceeded, kv::Outcome::kUnknown,
          bar_->name().str());
    });
    EXPECT_GE(took, milliseconds(290));
    EXPECT_LT(took, seconds(2));
  }
  EXPECT_TRUE(router().route("hello", kv::Whoami{}).ok());
  bar_->signal(SIGCONT);
  EXPECT_TRUE(router().route("world", kv::Whoami{}).ok());
}

TEST_F(DeathTest, AFrozenProcessThatNobodyWasConnectedToDidNotRunAnything) {
  const auto baz = start_node("baz");
  bar_->signal(SIGSTOP);
  expect_failure(
      baz->router()
          .call(bar_->name(), kv::Whoami{}, within(milliseconds(300)))
          .status(),
      absl::StatusCode::kDeadlineExceeded, kv::Outcome::kNotRun,
      bar_->name().str());
  bar_->signal(SIGCONT);
  EXPECT_TRUE(baz->router().call(bar_->name(), kv::Whoami{}).ok());
}

TEST_F(DeathTest, AnOpWhoseCallersProcessDiesIsCancelled) {
  Event begun;
  Event cancelled;
  ASSERT_TRUE(
      foo_->define("Obey",
                   [&](kv::OpContext& context, std::string_view) {
                     begun.set();
                     if (eventually([&] { return context.cancelled(); })) {
                       cancelled.set();
                     }
                     return absl::StatusOr<std::string>("done");
                   })
          .ok());
  EXPECT_EQ(bar_->command("begin hello Obey"), "begun");
  ASSERT_TRUE(begun.wait());
  bar_->signal(SIGKILL);
  EXPECT_TRUE(cancelled.wait(seconds(10)));
}

class EndTest : public DeathTest {
 protected:
  void expect_clean_end(const std::function<void()>& end) {
    auto task = begin_wait();
    const auto took = time_of([&] {
      end();
      EXPECT_EQ(bar_->wait(), 0);
    });
    EXPECT_LT(took, seconds(5));
    const absl::Status status = task.await(kLong).status();
    EXPECT_TRUE(absl::IsCancelled(status) || absl::IsUnavailable(status))
        << status;
    EXPECT_EQ(kv::outcome(status), kv::Outcome::kUnknown) << status;
    expect_unreachable(router(), "world", bar_->name());
  }
};

TEST_F(EndTest, SigtermEndsItCleanlyWithACallUnderWay) {
  expect_clean_end([this] { bar_->signal(SIGTERM); });
}

TEST_F(EndTest, TheEndOfItsInputEndsItCleanlyWithACallUnderWay) {
  expect_clean_end([this] { bar_->close_stdin(); });
}

TEST_F(EndTest, APortThatAnotherProcessHasIsRefused) {
  kv::NodeOptions options;
  options.name = bar_->name().str();
  EXPECT_EQ(kv::Node::start(options).status().code(),
            absl::StatusCode::kAlreadyExists);
}

}  // namespace
