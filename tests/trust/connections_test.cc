// Connections that are too many, unfinished, or full of garbage, beside good
// ones.
#include <kv/kv.h>

#include <chrono>
#include <cstdint>
#include <ctime>
#include <deque>
#include <memory>
#include <optional>
#include <random>
#include <string>
#include <thread>

#include "cluster/two_nodes.h"
#include "fault/seed.h"
#include "trust/authority.h"
#include "trust/raw_socket.h"
#include "trust/traffic.h"

namespace {

using kv_tests::eventually;
using kv_tests::frame;
using kv_tests::hello;
using kv_tests::kPreface;
using kv_tests::milliseconds;
using kv_tests::RawSocket;
using kv_tests::seconds;
using kv_tests::start_node;
using kv_tests::Traffic;

constexpr int kLongMs = 20000;

class ConnectionsTest : public ::testing::Test {
 protected:
  // Traffic from foo to bar, which takes one connection.
  void start(const kv::NodeOptions& bar) {
    foo_ = start_node("foo");
    bar_ = start_node("bar", bar);
    ASSERT_TRUE(foo_ != nullptr && bar_ != nullptr);
    traffic_.emplace(*foo_, bar_->name());
    ASSERT_TRUE(traffic_->advances());
  }
  std::uint16_t port() const { return bar_->name().port(); }
  // Whether bar keeps one more connection.
  bool keeps_another() {
    RawSocket socket(port());
    return socket.connected() && socket.send(hello()) &&
           !socket.closed_within(100);
  }

  std::unique_ptr<kv::Node> foo_;
  std::unique_ptr<kv::Node> bar_;
  std::optional<Traffic> traffic_;
};

TEST_F(ConnectionsTest, BeyondTheLimitAreClosedAtOnceAndThereIsRoomAgain) {
  kv::NodeOptions options;
  options.max_connections = 4;
  start(options);
  std::deque<RawSocket> sockets;
  for (int i = 0; i < 3; ++i) {
    sockets.emplace_back(port());
    ASSERT_TRUE(sockets.back().send(hello()));
  }
  for (int i = 0; i < 20; ++i) {
    RawSocket beyond(port());
    EXPECT_TRUE(beyond.closed_within(kLongMs));
  }
  for (RawSocket& socket : sockets) EXPECT_FALSE(socket.closed_within(0));
  EXPECT_TRUE(traffic_->advances());
  sockets.pop_back();
  EXPECT_TRUE(eventually([&] { return keeps_another(); }, seconds(1)));
}

// Nor do they count for ever.
TEST_F(ConnectionsTest, ThatAreNeverFinishedAreClosed) {
  kv::NodeOptions options;
  options.connect_timeout = milliseconds(300);
  options.max_connections = 4;
  start(options);
  RawSocket silent(port());
  RawSocket half(port());
  RawSocket slow(port());
  ASSERT_TRUE(half.send(kPreface.substr(0, 10)));
  ASSERT_TRUE(slow.send(kPreface + std::string(3, '\0')));
  EXPECT_FALSE(keeps_another());
  EXPECT_TRUE(silent.closed_within(kLongMs));
  EXPECT_TRUE(half.closed_within(kLongMs));
  EXPECT_TRUE(slow.closed_within(kLongMs));
  EXPECT_TRUE(eventually([&] { return keeps_another(); }));
}

TEST_F(ConnectionsTest, ThatNeverFinishTlsAreClosed) {
  kv_tests::Authority authority;
  kv::NodeOptions options;
  options.tls = authority.issue("bar");
  options.connect_timeout = milliseconds(300);
  bar_ = start_node("bar", options);
  RawSocket silent(port());
  RawSocket half(port());
  ASSERT_TRUE(half.send(std::string("\x16\x03\x01\x02\x00\x01", 6)));
  EXPECT_TRUE(silent.closed_within(kLongMs));
  EXPECT_TRUE(half.closed_within(kLongMs));
}

TEST_F(ConnectionsTest, FullOfRandomBytesHarmNobody) {
  start({});
  const std::uint32_t seed = kv::internal::test_seed();
  SCOPED_TRACE(kv::internal::shown(seed));
  std::mt19937 random(seed);
  std::uniform_int_distribution<int> byte(0, 255);
  for (int i = 0; i < 300; ++i) {
    RawSocket socket(port());
    std::string bytes;
    if (i % 3 == 1) bytes = kPreface;
    if (i % 3 == 2) bytes = hello();
    const int size = byte(random) * (i % 5 + 1);
    for (int k = 0; k < size; ++k) {
      bytes.push_back(static_cast<char>(byte(random)));
    }
    socket.send(bytes);
    if (i % 2 == 0) socket.closed_within(1);
  }
  EXPECT_TRUE(traffic_->advances());
  EXPECT_TRUE(eventually([&] { return keeps_another(); }));
}

// Frames of each type, each cut off after each byte.
TEST_F(ConnectionsTest, FullOfHalfFramesHarmNobody) {
  start({});
  for (char type = 0; type < 11; ++type) {
    const std::string whole =
        hello() + frame(type, 4, 1, std::string(12, '\x41'));
    for (std::size_t size = kPreface.size(); size <= whole.size(); ++size) {
      RawSocket socket(port());
      socket.send(whole.substr(0, size));
    }
  }
  EXPECT_TRUE(traffic_->advances());
  EXPECT_TRUE(keeps_another());
}

// One header that comes byte by byte, and never ends.
TEST_F(ConnectionsTest, ThatDripHeadersHarmNobody) {
  start({});
  std::deque<RawSocket> sockets;
  for (int i = 0; i < 16; ++i) {
    sockets.emplace_back(port());
    ASSERT_TRUE(sockets.back().send(
        hello() + frame(1, 0, 1, std::string("\x40\x01\x61\x7f\xff\x7f", 6))));
  }
  const auto end = kv_tests::Clock::now() + seconds(1);
  while (kv_tests::Clock::now() < end) {
    for (RawSocket& socket : sockets) {
      socket.send(frame(9, 0, 1, std::string(1, 'x')));  // CONTINUATION
    }
    std::this_thread::sleep_for(milliseconds(1));
  }
  EXPECT_TRUE(traffic_->advances());
  EXPECT_LT(traffic_->slowest(), seconds(2));
}

TEST(AcceptTest, AnIdleNodeUsesNoTime) {
  const auto foo = start_node("foo");
  const auto bar = start_node("bar");
  ASSERT_TRUE(foo->router().call(bar->name(), kv::Whoami{}).ok());
  const std::clock_t before = std::clock();
  std::this_thread::sleep_for(seconds(1));
  EXPECT_LT(std::clock() - before, CLOCKS_PER_SEC / 20);
}

TEST(AcceptTest, AHostNameMeansAllItsAddresses) {
  const auto node = start_node("node@localhost:0");
  ASSERT_NE(node, nullptr);
  const auto foo = start_node("foo");
  EXPECT_TRUE(foo->router().call(node->name(), kv::Whoami{}).ok());
  EXPECT_TRUE(foo->router()
                  .call("node@127.0.0.1:" + std::to_string(node->name().port()),
                        kv::Whoami{})
                  .ok());
}

TEST(AcceptTest, TheWildcardOfIpv6IsThatOfIpv4Too) {
  kv::NodeOptions options;
  options.insecure = true;
  const auto node = start_node("node@[::]:0", options);
  ASSERT_NE(node, nullptr);
  const std::string port = std::to_string(node->name().port());
  const auto foo = start_node("foo");
  EXPECT_TRUE(foo->router().call("node@[::1]:" + port, kv::Whoami{}).ok());
  EXPECT_TRUE(foo->router().call("node@127.0.0.1:" + port, kv::Whoami{}).ok());
}

}  // namespace
