// Pings between peers that agree on nothing but to allow them.
#include <kv/kv.h>

#include <atomic>
#include <chrono>
#include <memory>
#include <string>

#include "cluster/sockets.h"
#include "cluster/two_nodes.h"
#include "trust/raw_socket.h"

namespace {

using kv_tests::Event;
using kv_tests::kLong;
using kv_tests::milliseconds;
using kv_tests::start_node;
using kv_tests::within;

// Many pings to a node that expects few itself, first without any call, then
// under one that sends nothing: it never takes them for too many.
TEST(KeepaliveTest, PingsAreNeverTooMany) {
  constexpr int kPings = 8;
  std::atomic<int> downs{0};
  kv::NodeOptions options;
  options.keepalive = milliseconds(500);
  options.on_peer = [&](const kv::PeerEvent& event) {
    if (event.kind == kv::PeerEvent::Kind::kDown) ++downs;
  };
  const auto bar = start_node("bar");
  const kv_tests::TcpProxy line(bar->name().port());
  const std::string name = line.name("bar");
  const auto foo = start_node("foo", options);
  Event begun;
  Event end;
  ASSERT_TRUE(bar->define("Wait",
                          [&](kv::OpContext&, std::string_view) {
                            begun.set();
                            end.wait();
                            return absl::StatusOr<std::string>("waited");
                          })
                  .ok());
  ASSERT_TRUE(foo->connect(name).ok());
  EXPECT_TRUE(line.hears(kv_tests::kPingAnswer, kPings, kLong));
  auto task = foo->router().async_call(name, kv::Apply{"Wait"}, within(kLong));
  ASSERT_TRUE(begun.wait());
  EXPECT_TRUE(line.hears(kv_tests::kPingAnswer, kPings, kLong));
  end.set();
  const auto waited = task.await(kLong);
  EXPECT_TRUE(waited.ok()) << waited.status();
  EXPECT_EQ(downs, 0);
}

}  // namespace
