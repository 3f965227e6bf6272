// A process that has no descriptors left, for all the connections it has.
#include <kv/kv.h>

#include <deque>
#include <memory>
#include <string>

#include "cluster/sockets.h"
#include "cluster/two_nodes.h"
#include "distributed/peer_process.h"
#include "trust/raw_socket.h"
#include "trust/traffic.h"

namespace {

using kv_tests::eventually;
using kv_tests::expect_failure;
using kv_tests::milliseconds;
using kv_tests::PeerProcess;
using kv_tests::RawSocket;
using kv_tests::seconds;
using kv_tests::start_node;
using kv_tests::Traffic;

TEST(DescriptorsTest, ServeAgainWithinASecondOfTheirComingFree) {
  const auto bar = PeerProcess::start("bar");
  const auto foo = start_node("foo");
  ASSERT_TRUE(bar != nullptr && foo != nullptr);
  ASSERT_TRUE(foo->router().call(bar->name(), kv::Whoami{}).ok());
  const Traffic traffic(*foo, bar->name(), 1);

  for (int round = 0; round < 3; ++round) {
    bar->limit_descriptors(64);
    std::deque<RawSocket> idle;
    bool turned_away = false;
    for (int i = 0; i < 200 && !turned_away; ++i) {
      idle.emplace_back(bar->name().port());
      ASSERT_TRUE(idle.back().connected());
      turned_away =
          !idle.back().send(kv_tests::hello()) || idle.back().closed_within(20);
    }
    EXPECT_TRUE(turned_away);
    // What it has goes on, others are told at once, and it has nothing to do.
    EXPECT_TRUE(traffic.advances());
    const auto baz = start_node("baz");
    for (int i = 0; i < 3; ++i) {
      expect_failure(baz->router().call(bar->name(), kv::Whoami{}).status(),
                     absl::StatusCode::kUnavailable, kv::Outcome::kNotRun);
    }
    idle.clear();
    EXPECT_TRUE(eventually(
        [&] { return baz->router().call(bar->name(), kv::Whoami{}).ok(); },
        seconds(1)));
  }
}

// Without a spare descriptor, or with one but without a pause, the thread that
// accepts would never sleep. Pings tell how time goes by, four in a second.
TEST(DescriptorsTest, AProcessWithoutAnyDoesNotSpin) {
  const auto bar = PeerProcess::start("bar");
  ASSERT_NE(bar, nullptr);
  const kv_tests::TcpProxy line(bar->name().port());
  kv::NodeOptions pinging;
  pinging.keepalive = milliseconds(500);
  const auto baz = start_node("baz", pinging);
  ASSERT_TRUE(baz->router().call(line.name("bar"), kv::Whoami{}).ok());
  std::deque<RawSocket> idle;
  bar->limit_descriptors(3);  // of which it has more already
  for (int i = 0; i < 20; ++i) idle.emplace_back(bar->name().port());
  const auto before = bar->time_used();
  EXPECT_TRUE(line.hears(kv_tests::kPingAnswer, 4, kv_tests::kLong));
  EXPECT_LT(bar->time_used() - before, milliseconds(200));
  bar->limit_descriptors(1024);
  idle.clear();
  const auto foo = start_node("foo");
  EXPECT_TRUE(eventually(
      [&] { return foo->router().call(bar->name(), kv::Whoami{}).ok(); },
      seconds(1)));
}

}  // namespace
