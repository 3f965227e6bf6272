// connect, disconnect, ping, peers.
#include <kv/kv.h>

#include <string>
#include <vector>

#include "cluster/sockets.h"
#include "cluster/two_nodes.h"

namespace {

using kv_tests::Event;
using kv_tests::eventually;
using kv_tests::expect_failure;
using kv_tests::kLong;
using kv_tests::milliseconds;
using kv_tests::seconds;
using kv_tests::Socket;
using kv_tests::start_node;
using kv_tests::time_of;
using kv_tests::within;
using Names = std::vector<kv::NodeName>;

class ConnectionTest : public kv_tests::TwoNodes {};

TEST_F(ConnectionTest, ConnectingIsIdempotentAndSeen) {
  EXPECT_EQ(foo_->peers(), Names{});
  for (int i = 0; i < 3; ++i) {
    EXPECT_EQ(foo_->connect(bar_->name()), absl::OkStatus());
  }
  EXPECT_EQ(foo_->peers(), Names{bar_->name()});
  EXPECT_EQ(bar_->peers(), Names{});  // it has not dialled
}

TEST_F(ConnectionTest, ACallConnectsByItself) {
  EXPECT_TRUE(foo_->router().route("world", kv::Whoami{}).ok());
  EXPECT_EQ(foo_->peers(), Names{bar_->name()});
}

TEST_F(ConnectionTest, PeersComeInOrder) {
  const auto baz = start_node("baz");
  EXPECT_TRUE(foo_->connect(baz->name()).ok());
  EXPECT_TRUE(foo_->connect(bar_->name()).ok());
  EXPECT_EQ(foo_->peers(), (Names{bar_->name(), baz->name()}));
}

TEST_F(ConnectionTest, APeerThatHasGoneIsNoPeerAnyMore) {
  EXPECT_TRUE(foo_->connect(bar_->name()).ok());
  bar_.reset();
  EXPECT_TRUE(eventually([&] { return foo_->peers().empty(); }));
}

TEST_F(ConnectionTest, ConnectingToNobodyFailsAtOnce) {
  const Socket closed = Socket::bound();
  const auto took = time_of([&] {
    const absl::Status status = foo_->connect(closed.name("nobody"));
    expect_failure(status, absl::StatusCode::kUnavailable, kv::Outcome::kNotRun,
                   closed.name("nobody"));
  });
  EXPECT_LT(took, seconds(2));
  EXPECT_EQ(foo_->peers(), Names{});
}

TEST_F(ConnectionTest, ConnectingToTheDeafTakesItsTimeAndNoMore) {
  const Socket deaf = Socket::listening();
  const auto took = time_of([&] {
    expect_failure(foo_->connect(deaf.name("deaf"), milliseconds(200)),
                   absl::StatusCode::kDeadlineExceeded, kv::Outcome::kNotRun,
                   deaf.name("deaf"));
  });
  EXPECT_GE(took, milliseconds(190));
  EXPECT_LT(took, seconds(2));
}

TEST_F(ConnectionTest, BadNamesAndItsOwnAreRefused) {
  for (const std::string& name :
       {std::string(), std::string("bar"), foo_->name().str()}) {
    EXPECT_EQ(foo_->connect(name).code(), absl::StatusCode::kInvalidArgument);
  }
  EXPECT_EQ(foo_->disconnect("bar").code(), absl::StatusCode::kInvalidArgument);
  EXPECT_EQ(foo_->ping("bar").status().code(),
            absl::StatusCode::kInvalidArgument);
}

TEST_F(ConnectionTest, DisconnectingFromAStrangerIsNotFound) {
  EXPECT_EQ(foo_->disconnect(bar_->name()).code(), absl::StatusCode::kNotFound);
}

TEST_F(ConnectionTest, AfterDisconnectTheNextCallConnectsAnew) {
  for (int i = 0; i < 20; ++i) {
    EXPECT_TRUE(foo_->router().route("world", kv::Whoami{}).ok());
    EXPECT_EQ(foo_->disconnect(bar_->name()), absl::OkStatus());
    EXPECT_EQ(foo_->peers(), Names{});
    EXPECT_EQ(foo_->disconnect(bar_->name()).code(),
              absl::StatusCode::kNotFound);
  }
}

TEST_F(ConnectionTest, DisconnectEndsTheCallsUnderWay) {
  Event begun;
  Event cancelled;
  define("Wait", [&](kv::OpContext& context, std::string_view) {
    begun.set();
    if (eventually([&] { return context.cancelled(); })) cancelled.set();
    return absl::StatusOr<std::string>("done");
  });
  auto task = foo_->router().async("world", kv::Apply{"Wait"}, within(kLong));
  ASSERT_TRUE(begun.wait());
  EXPECT_EQ(foo_->disconnect(bar_->name()), absl::OkStatus());
  expect_failure(task.await(kLong).status(), absl::StatusCode::kUnavailable,
                 kv::Outcome::kUnknown, bar_->name().str());
  EXPECT_TRUE(cancelled.wait());
  EXPECT_TRUE(foo_->router().route("world", kv::Whoami{}).ok());
}

TEST_F(ConnectionTest, PingTellsTheTimeOfARoundTrip) {
  for (const auto& name : {bar_->name(), foo_->name()}) {
    const auto time = foo_->ping(name);
    ASSERT_TRUE(time.ok()) << time.status();
    EXPECT_GT(time->count(), 0);
    EXPECT_LT(*time, seconds(5));
  }
}

TEST_F(ConnectionTest, PingFailsAsACallDoes) {
  const Socket closed = Socket::bound();
  const Socket deaf = Socket::listening();
  expect_failure(foo_->ping(closed.name("nobody")).status(),
                 absl::StatusCode::kUnavailable, kv::Outcome::kNotRun,
                 closed.name("nobody"));
  expect_failure(foo_->ping(deaf.name("deaf"), milliseconds(100)).status(),
                 absl::StatusCode::kDeadlineExceeded, kv::Outcome::kNotRun,
                 deaf.name("deaf"));
}

TEST(PeerLimitTest, PeersThatDoNotAnswerMakeRoomForOthers) {
  kv::NodeOptions options;
  options.max_peers = 2;
  const auto foo = start_node("foo", options);
  const auto bar = start_node("bar");
  for (const char* name : {"one", "two", "three"}) {
    const std::string gone = start_node(name)->name();  // and stopped again
    expect_failure(foo->router().call(gone, kv::Whoami{}).status(),
                   absl::StatusCode::kUnavailable, kv::Outcome::kNotRun, gone);
  }
  EXPECT_EQ(*foo->router().call(bar->name(), kv::Whoami{}), bar->name().str());
}

}  // namespace
