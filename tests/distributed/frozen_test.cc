// A process that is frozen: its kernel still takes connections and bytes.
#include <kv/kv.h>

#include <atomic>
#include <csignal>
#include <memory>
#include <mutex>
#include <string>
#include <vector>

#include "distributed/two_processes.h"

namespace {

using kv_tests::Clock;
using kv_tests::eventually;
using kv_tests::expect_failure;
using kv_tests::kLong;
using kv_tests::milliseconds;
using kv_tests::PeerProcess;
using kv_tests::seconds;
using kv_tests::start_node;
using kv_tests::time_of;
using kv_tests::within;
using Kind = kv::PeerEvent::Kind;

class FrozenTest : public ::testing::Test {
 protected:
  void SetUp() override {
    kv::NodeOptions options;
    options.keepalive = seconds(1);
    options.on_peer = [this](const kv::PeerEvent& event) {
      const std::lock_guard<std::mutex> lock(mutex_);
      events_.push_back(event);
    };
    foo_ = start_node("foo", options);
    bar_ = PeerProcess::start("bar");
    ASSERT_TRUE(foo_ != nullptr && bar_ != nullptr);
    ASSERT_TRUE(whoami().ok());
  }
  void TearDown() override { foo_.reset(); }

  absl::Status whoami(std::chrono::nanoseconds timeout = kLong) {
    return foo_->router()
        .call(bar_->name(), kv::Whoami{}, within(timeout))
        .status();
  }
  std::vector<Kind> events() {
    const std::lock_guard<std::mutex> lock(mutex_);
    std::vector<Kind> kinds;
    for (const kv::PeerEvent& event : events_) kinds.push_back(event.kind);
    return kinds;
  }
  bool told(const std::vector<Kind>& kinds) {
    return eventually([&] { return events() == kinds; });
  }

  std::mutex mutex_;
  std::vector<kv::PeerEvent> events_;  // guarded by mutex_
  std::unique_ptr<kv::Node> foo_;
  std::unique_ptr<PeerProcess> bar_;
};

TEST_F(FrozenTest, ACallerIsFreeSoonAndThenCallsFailAtOnce) {
  bar_->signal(SIGSTOP);
  const auto took = time_of([&] {
    expect_failure(whoami(), absl::StatusCode::kUnavailable,
                   kv::Outcome::kUnknown, bar_->name().str());
  });
  EXPECT_LT(took, seconds(2));
  ASSERT_TRUE(told({Kind::kUp, Kind::kDown}));
  for (int i = 0; i < 20; ++i) {
    const auto again = time_of([&] {
      expect_failure(whoami(), absl::StatusCode::kUnavailable,
                     kv::Outcome::kNotRun, bar_->name().str());
    });
    EXPECT_LT(again, milliseconds(100));
  }
  bar_->signal(SIGCONT);
  EXPECT_TRUE(eventually([&] { return whoami().ok(); }));
  // The same incarnation: nothing is lost.
  EXPECT_TRUE(told({Kind::kUp, Kind::kDown, Kind::kUp}));
}

TEST_F(FrozenTest, AShorterDeadlineIsKept) {
  bar_->signal(SIGSTOP);
  const auto took = time_of([&] {
    expect_failure(whoami(milliseconds(200)),
                   absl::StatusCode::kDeadlineExceeded, kv::Outcome::kUnknown);
  });
  EXPECT_LT(took, milliseconds(900));
}

// Nobody calls: it is noticed all the same.
TEST_F(FrozenTest, AnIdlePeerThatFreezesIsNoticed) {
  bar_->signal(SIGSTOP);
  ASSERT_TRUE(told({Kind::kUp, Kind::kDown}));
  const std::lock_guard<std::mutex> lock(mutex_);
  EXPECT_TRUE(absl::IsUnavailable(events_.back().reason));
}

TEST_F(FrozenTest, AProcessThatIsKilledAndStartedAgainIsARestart) {
  bar_->signal(SIGKILL);
  ASSERT_TRUE(told({Kind::kUp, Kind::kDown}));
  bar_ = PeerProcess::start(bar_->name().str());
  ASSERT_NE(bar_, nullptr);
  const auto back = time_of([&] {
    EXPECT_TRUE(told({Kind::kUp, Kind::kDown, Kind::kRestarted}));
  });
  EXPECT_LT(back, seconds(1));
  EXPECT_TRUE(whoami().ok());
}

}  // namespace
