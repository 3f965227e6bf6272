// What NodeOptions::on_peer tells.
#include <kv/kv.h>

#include <atomic>
#include <memory>
#include <mutex>
#include <string>
#include <thread>
#include <vector>

#include "cluster/sockets.h"
#include "cluster/two_nodes.h"

namespace {

using kv::PeerEvent;
using kv_tests::Event;
using kv_tests::eventually;
using kv_tests::milliseconds;
using kv_tests::seconds;
using kv_tests::Socket;
using kv_tests::start_node;
using Kind = PeerEvent::Kind;

class PeerEventTest : public ::testing::Test {
 protected:
  void SetUp() override {
    kv::NodeOptions options;
    options.cookie = "monster";
    options.on_peer = [this](const PeerEvent& event) { note(event); };
    foo_ = start_node("foo", options);
    bar_ = start("bar");
    ASSERT_TRUE(foo_ != nullptr && bar_ != nullptr);
  }
  void TearDown() override { foo_.reset(); }

  static std::unique_ptr<kv::Node> start(
      const std::string& name, const std::string& cookie = "monster") {
    kv::NodeOptions options;
    options.cookie = cookie;
    return start_node(name, options);
  }
  void note(const PeerEvent& event) {
    const std::lock_guard<std::mutex> lock(mutex_);
    events_.push_back(event);
  }
  // The next event, which must come.
  PeerEvent next() {
    PeerEvent event;
    EXPECT_TRUE(eventually([&] {
      const std::lock_guard<std::mutex> lock(mutex_);
      if (events_.size() <= seen_) return false;
      event = events_[seen_++];
      return true;
    }));
    return event;
  }
  PeerEvent expect_next(Kind kind, const kv::NodeName& peer) {
    const PeerEvent event = next();
    EXPECT_EQ(event.kind, kind) << event.reason;
    EXPECT_EQ(event.peer, peer);
    EXPECT_EQ(event.reason.ok(), kind != Kind::kDown) << event.reason;
    return event;
  }
  absl::Status call(const kv::NodeName& peer) {
    return foo_->router().call(peer, kv::Whoami{}).status();
  }

  std::mutex mutex_;
  std::vector<PeerEvent> events_;  // guarded by mutex_
  std::size_t seen_ = 0;           // guarded by mutex_
  std::unique_ptr<kv::Node> foo_;
  std::unique_ptr<kv::Node> bar_;
};

TEST_F(PeerEventTest, APeerComesGoesAndComesBackAsAnother) {
  const kv::NodeName bar = bar_->name();
  EXPECT_TRUE(call(bar).ok());
  const PeerEvent up = expect_next(Kind::kUp, bar);
  EXPECT_NE(up.incarnation, 0U);
  for (int i = 0; i < 3; ++i) {
    bar_.reset();
    const PeerEvent down = expect_next(Kind::kDown, bar);
    EXPECT_TRUE(absl::IsUnavailable(down.reason)) << down.reason;
    EXPECT_NE(std::string(down.reason.message()).find(bar.str()),
              std::string::npos)
        << down.reason;
    bar_ = start(bar.str());
    // Nobody calls meanwhile.
    const PeerEvent restarted = expect_next(Kind::kRestarted, bar);
    EXPECT_NE(restarted.incarnation, down.incarnation);
    EXPECT_TRUE(call(bar).ok());
  }
}

TEST_F(PeerEventTest, AConnectionThatIsCutAndMendedIsNoRestart) {
  auto proxy = std::make_unique<kv_tests::TcpProxy>(bar_->name().port());
  const auto name = *kv::NodeName::parse(proxy->name("bar"));
  EXPECT_TRUE(call(name).ok());
  const PeerEvent up = expect_next(Kind::kUp, name);
  proxy->cut();
  EXPECT_EQ(expect_next(Kind::kDown, name).incarnation, up.incarnation);
  proxy->mend();
  EXPECT_EQ(expect_next(Kind::kUp, name).incarnation, up.incarnation);
}

TEST_F(PeerEventTest, ConnectingTellsWithoutACall) {
  EXPECT_TRUE(foo_->connect(bar_->name()).ok());
  expect_next(Kind::kUp, bar_->name());
}

TEST_F(PeerEventTest, DisconnectIsADown) {
  EXPECT_TRUE(call(bar_->name()).ok());
  const PeerEvent up = expect_next(Kind::kUp, bar_->name());
  EXPECT_TRUE(foo_->disconnect(bar_->name()).ok());
  EXPECT_TRUE(absl::IsCancelled(expect_next(Kind::kDown, bar_->name()).reason));
  EXPECT_TRUE(call(bar_->name()).ok());
  EXPECT_EQ(expect_next(Kind::kUp, bar_->name()).incarnation, up.incarnation);
}

TEST_F(PeerEventTest, WhoCannotBeReachedIsDownOnce) {
  const Socket closed = Socket::bound();
  const auto nobody = *kv::NodeName::parse(closed.name("nobody"));
  for (int i = 0; i < 3; ++i) EXPECT_FALSE(call(nobody).ok());
  const PeerEvent down = expect_next(Kind::kDown, nobody);
  EXPECT_EQ(down.incarnation, 0U);
  EXPECT_NE(std::string(down.reason.message()).find("refused"),
            std::string::npos)
      << down.reason;
  EXPECT_TRUE(call(bar_->name()).ok());
  expect_next(Kind::kUp, bar_->name());
}

TEST_F(PeerEventTest, WhoDoesNotLetThisNodeInIsDown) {
  const auto other = start("other", "another");
  EXPECT_FALSE(call(other->name()).ok());
  EXPECT_TRUE(
      absl::IsUnauthenticated(expect_next(Kind::kDown, other->name()).reason));
}

// The first call, and those that wait for the connection with it, hear why.
TEST_F(PeerEventTest, AFailureToConnectSaysWhy) {
  const Socket closed = Socket::bound();
  const auto nobody = *kv::NodeName::parse(closed.name("nobody"));
  for (int i = 0; i < 3; ++i) {
    kv_tests::expect_failure(call(nobody), absl::StatusCode::kUnavailable,
                             kv::Outcome::kNotRun, "refused");
  }
}

TEST(PeerEventOrderTest, ASlowCallbackHoldsUpNoOtherPeerAndNoCall) {
  std::mutex mutex;
  std::vector<kv::NodeName> told;
  Event release;
  std::atomic<int> running{0};
  kv::NodeName slow;
  kv::NodeOptions options;
  options.on_peer = [&](const PeerEvent& event) {
    if (event.peer == slow) {
      EXPECT_EQ(++running, 1) << "two at once for one peer";
      EXPECT_TRUE(release.wait());
      --running;
    }
    const std::lock_guard<std::mutex> lock(mutex);
    told.push_back(event.peer);
  };
  auto bar = start_node("bar");
  const auto baz = start_node("baz");
  slow = bar->name();
  const auto foo = start_node("foo", options);
  EXPECT_TRUE(foo->router().call(slow, kv::Whoami{}).ok());
  EXPECT_TRUE(eventually([&] { return running == 1; }));
  bar.reset();  // an event that must wait
  EXPECT_TRUE(foo->router().call(baz->name(), kv::Whoami{}).ok());
  EXPECT_TRUE(eventually([&] {
    const std::lock_guard<std::mutex> lock(mutex);
    return told == std::vector<kv::NodeName>{baz->name()};
  }));
  release.set();
  EXPECT_TRUE(eventually([&] {
    const std::lock_guard<std::mutex> lock(mutex);
    return told == std::vector<kv::NodeName>{baz->name(), slow, slow};
  }));
}

TEST(PeerEventOrderTest, ACallbackMayCallItsNodeAndMayThrow) {
  std::atomic<int> answers{0};
  std::unique_ptr<kv::Node> foo;
  Event started;
  kv::NodeOptions options;
  options.on_peer = [&](const PeerEvent& event) {
    EXPECT_TRUE(started.wait());
    if (foo->router().call(event.peer, kv::Whoami{}).ok()) ++answers;
    throw 1;
  };
  const auto bar = start_node("bar");
  foo = start_node("foo", options);
  started.set();
  for (int i = 1; i <= 3; ++i) {
    EXPECT_TRUE(foo->router().call(bar->name(), kv::Whoami{}).ok());
    EXPECT_TRUE(eventually([&] { return answers >= i; }));
    EXPECT_TRUE(foo->disconnect(bar->name()).ok());
  }
  foo->stop().IgnoreError();  // no event any more
}

}  // namespace
