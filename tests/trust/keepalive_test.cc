// Pings between peers that agree on nothing but to allow them.
#include <kv/kv.h>

#include <atomic>
#include <chrono>
#include <memory>
#include <string>
#include <thread>

#include "cluster/two_nodes.h"

namespace {

using kv_tests::milliseconds;
using kv_tests::seconds;
using kv_tests::start_node;
using kv_tests::within;

// Many pings to a node that expects few itself, first without any call, then
// under one that sends nothing: it never takes them for too many.
TEST(KeepaliveTest, PingsAreNeverTooMany) {
  std::atomic<int> downs{0};
  kv::NodeOptions options;
  options.keepalive = milliseconds(500);
  options.on_peer = [&](const kv::PeerEvent& event) {
    if (event.kind == kv::PeerEvent::Kind::kDown) ++downs;
  };
  const auto foo = start_node("foo", options);
  const auto bar = start_node("bar");
  ASSERT_TRUE(bar->define("Sleep",
                          [](kv::OpContext&, std::string_view) {
                            std::this_thread::sleep_for(seconds(3));
                            return absl::StatusOr<std::string>("slept");
                          })
                  .ok());
  ASSERT_TRUE(foo->connect(bar->name()).ok());
  std::this_thread::sleep_for(seconds(3));
  const auto slept = foo->router().call(bar->name(), kv::Apply{"Sleep"},
                                        within(kv_tests::kLong));
  EXPECT_TRUE(slept.ok()) << slept.status();
  EXPECT_EQ(downs, 0);
}

}  // namespace
