// Peers that are down, deaf, cut off or back.
#include <kv/kv.h>

#include <atomic>
#include <string>
#include <thread>

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
using kv_tests::table_of;
using kv_tests::TcpProxy;
using kv_tests::time_of;
using kv_tests::within;

class ReconnectTest : public kv_tests::TwoNodes {
 protected:
  kv::Router& router() { return foo_->router(); }
};

TEST_F(ReconnectTest, APeerThatIsDownIsUnavailableAtOnceAndNamed) {
  const Socket closed = Socket::bound();
  const std::string nobody = closed.name("nobody");
  for (int i = 0; i < 20; ++i) {
    const auto took = time_of([&] {
      expect_failure(router().call(nobody, kv::Whoami{}).status(),
                     absl::StatusCode::kUnavailable, kv::Outcome::kNotRun,
                     nobody);
    });
    EXPECT_LT(took, seconds(1));
  }
}

TEST_F(ReconnectTest, APeerThatStoppedIsUnavailableAndTheOthersAreNot) {
  const kv::NodeName bar = bar_->name();
  EXPECT_TRUE(router().route("world", kv::Whoami{}).ok());
  bar_.reset();
  const auto took =
      time_of([&] { kv_tests::expect_unreachable(router(), "world", bar); });
  EXPECT_LT(took, seconds(1));
  EXPECT_TRUE(router().route("hello", kv::Whoami{}).ok());
}

TEST_F(ReconnectTest, APeerThatIsBackAnswersWithinASecond) {
  const std::string bar = bar_->name().str();
  const auto table = bar_->table();
  for (int round = 0; round < 3; ++round) {
    EXPECT_TRUE(router().route("world", kv::Whoami{}).ok());
    bar_.reset();
    const auto end = kv_tests::Clock::now() + milliseconds(700);
    do {  // long enough down for the pause between attempts to have grown
      EXPECT_FALSE(router().route("world", kv::Whoami{}).ok());
    } while (kv_tests::Clock::now() < end);

    kv::NodeOptions options;
    options.table = table;
    bar_ = start_node(bar, options);
    ASSERT_NE(bar_, nullptr);
    EXPECT_TRUE(eventually(
        [&] {
          const auto answer = router().route("world", kv::Whoami{});
          if (!answer.ok()) {
            expect_failure(answer.status(), absl::StatusCode::kUnavailable,
                           kv::Outcome::kNotRun, bar);
          }
          return answer.ok();
        },
        seconds(1)))
        << "round " << round;
  }
}

TEST_F(ReconnectTest, ARefFromBeforeARestartIsStale) {
  const auto ref = router().route("world", kv::Create{});
  ASSERT_TRUE(ref.ok()) << ref.status();
  const std::string bar = bar_->name().str();
  kv::NodeOptions options;
  options.table = bar_->table();
  bar_.reset();
  bar_ = start_node(bar, options);
  ASSERT_NE(bar_, nullptr);
  ASSERT_TRUE(
      eventually([&] { return router().route("world", kv::Create{}).ok(); }));
  expect_failure(router().route(*ref, kv::Get{"milk"}).status(),
                 absl::StatusCode::kAborted, kv::Outcome::kNotRun, bar);
}

// Each costs the caller's deadline, and no more; nothing has left this node.
void expect_costs_the_deadline(kv::Router& router, const std::string& node) {
  for (int i = 0; i < 2; ++i) {
    const auto took = time_of([&] {
      expect_failure(
          router.call(node, kv::Whoami{}, within(milliseconds(300))).status(),
          absl::StatusCode::kDeadlineExceeded, kv::Outcome::kNotRun, node);
    });
    EXPECT_GE(took, milliseconds(290));
    EXPECT_LT(took, seconds(2));
  }
}

TEST_F(ReconnectTest, APeerThatSpeaksNoHttp2CostsTheDeadline) {
  const Socket deaf = Socket::listening();
  expect_costs_the_deadline(router(), deaf.name("deaf"));
}

TEST_F(ReconnectTest, ABlackHoleCostsTheDeadline) {
  const Socket hole = Socket::listening(0);
  const auto filled = kv_tests::fill_backlog(hole);
  expect_costs_the_deadline(router(), hole.name("hole"));
}

TEST_F(ReconnectTest, AConnectionThatTakesTooLongIsUnavailable) {
  kv::NodeOptions options;
  options.connect_timeout = milliseconds(200);
  const auto node = start_node("hasty", options);
  const Socket deaf = Socket::listening();
  const auto took = time_of([&] {
    expect_failure(
        node->router().call(deaf.name("deaf"), kv::Whoami{}).status(),
        absl::StatusCode::kUnavailable, kv::Outcome::kNotRun,
        deaf.name("deaf"));
  });
  EXPECT_LT(took, seconds(3));
}

// foo knows bar by an address that is a line to it.
class CutTest : public ReconnectTest {
 protected:
  void SetUp() override {
    ReconnectTest::SetUp();
    proxy_ = std::make_unique<TcpProxy>(bar_->name().port());
    name_ = proxy_->name("bar");
  }
  std::unique_ptr<TcpProxy> proxy_;
  std::string name_;
};

TEST_F(CutTest, AConnectionThatBreaksUnderACallLeavesItsOutcomeUnknown) {
  Event begun;
  Event cancelled;
  define("Wait", [&](kv::OpContext& context, std::string_view) {
    begun.set();
    EXPECT_TRUE(eventually([&] { return context.cancelled(); }));
    cancelled.set();
    return absl::StatusOr<std::string>("done");
  });
  auto task = router().async_call(name_, kv::Apply{"Wait"}, within(kLong));
  ASSERT_TRUE(begun.wait());
  absl::Status status;
  const auto took = time_of([&] {
    proxy_->cut();
    status = task.await(kLong).status();
  });
  expect_failure(status, absl::StatusCode::kUnavailable, kv::Outcome::kUnknown,
                 name_);
  EXPECT_LT(took, seconds(2));
  EXPECT_TRUE(cancelled.wait()) << "nobody told the op";
}

TEST_F(CutTest, CallsGoOnOnceTheLineIsMended) {
  EXPECT_TRUE(router().call(name_, kv::Whoami{}).ok());
  proxy_->cut();
  EXPECT_TRUE(
      eventually([&] { return !router().call(name_, kv::Whoami{}).ok(); }));
  proxy_->mend();
  EXPECT_TRUE(eventually(
      [&] { return router().call(name_, kv::Whoami{}).ok(); }, seconds(2)));
}

TEST_F(CutTest, NoCallIsSentAgainAfterTheLineBroke) {
  std::atomic<int> runs{0};
  Event begun;
  define("Count", [&](kv::OpContext& context, std::string_view) {
    ++runs;
    begun.set();
    eventually([&] { return context.cancelled(); });
    return absl::StatusOr<std::string>("done");
  });
  auto task = router().async_call(name_, kv::Apply{"Count"}, within(kLong));
  ASSERT_TRUE(begun.wait());
  proxy_->cut();
  EXPECT_FALSE(task.await(kLong).ok());
  proxy_->mend();
  EXPECT_TRUE(
      eventually([&] { return router().call(name_, kv::Whoami{}).ok(); }));
  EXPECT_EQ(runs, 1);
}

TEST_F(CutTest, ARefusalIsMarkedOnTheWire) {
  expect_failure(router().call(name_, kv::Apply{"Nobody.knows"}).status(),
                 absl::StatusCode::kUnimplemented, kv::Outcome::kNotRun);
  EXPECT_NE(proxy_->heard().find("kvroute-executed"), std::string::npos);
}

// From here the peer's word for "it did not run" does not arrive, and no code
// proves it.
TEST_F(CutTest, WithoutTheMarkNothingCountsAsNotRun) {
  proxy_->replace("kvroute-executed", "kvroute-exfcuted");
  expect_failure(router().call(name_, kv::Apply{"Nobody.knows"}).status(),
                 absl::StatusCode::kUnimplemented, kv::Outcome::kUnknown);
}

TEST_F(CutTest, AnAnswerOfTheOpItselfBearsNoMark) {
  define("Fail", [](kv::OpContext&, std::string_view) {
    return absl::StatusOr<std::string>(absl::UnavailableError("sold out"));
  });
  expect_failure(router().call(name_, kv::Apply{"Fail"}).status(),
                 absl::StatusCode::kUnavailable, kv::Outcome::kRan, "sold out");
  EXPECT_EQ(proxy_->heard().find("kvroute-executed"), std::string::npos);
}

}  // namespace
