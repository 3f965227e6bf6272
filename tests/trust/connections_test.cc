// Connections that are too many, unfinished, or full of garbage, beside good
// ones.
#include <kv/kv.h>

#include <algorithm>
#include <atomic>
#include <chrono>
#include <cstdint>
#include <ctime>
#include <deque>
#include <iostream>
#include <memory>
#include <optional>
#include <random>
#include <string>
#include <thread>

#include "cluster/sockets.h"
#include "cluster/times.h"
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
using kv_tests::Times;
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
    ASSERT_TRUE(beyond.closed_within(kLongMs));
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

// What a stranger may do, once or for a while.
void send_random_bytes(std::uint16_t port, std::mt19937& random) {
  std::uniform_int_distribution<int> byte(0, 255);
  RawSocket socket(port);
  std::string bytes;
  const int kind = byte(random);
  if (kind % 3 == 1) bytes = kPreface;
  if (kind % 3 == 2) bytes = hello();
  const int size = byte(random) * (kind % 5 + 1);
  for (int k = 0; k < size; ++k) {
    bytes.push_back(static_cast<char>(byte(random)));
  }
  socket.send(bytes);
  if (kind % 2 == 0) socket.closed_within(1);
}
// A frame of any type, cut off after any byte.
void send_half_a_frame(std::uint16_t port, char type, std::size_t size) {
  RawSocket socket(port);
  socket.send(hello() +
              frame(type, 4, 1, std::string(12, '\x41')).substr(0, size));
}
constexpr char kFrameTypes = 11;
constexpr std::size_t kFrameBytes = 9 + 12;

// A header that comes byte by byte, and never ends.
class Drip {
 public:
  explicit Drip(std::uint16_t port) : socket_(port) {
    EXPECT_TRUE(socket_.send(
        hello() + frame(1, 0, 1, std::string("\x40\x01\x61\x7f\xff\x7f", 6))));
  }
  void go_on() {
    socket_.send(frame(9, 0, 1, std::string(1, 'x')));  // CONTINUATION
  }

 private:
  RawSocket socket_;
};

TEST_F(ConnectionsTest, FullOfRandomBytesHarmNobody) {
  start({});
  const std::uint32_t seed = kv::internal::test_seed();
  SCOPED_TRACE(kv::internal::shown(seed));
  std::mt19937 random(seed);
  for (int i = 0; i < 300; ++i) send_random_bytes(port(), random);
  EXPECT_TRUE(traffic_->advances());
  EXPECT_TRUE(eventually([&] { return keeps_another(); }));
}

TEST_F(ConnectionsTest, FullOfHalfFramesHarmNobody) {
  start({});
  for (char type = 0; type < kFrameTypes; ++type) {
    for (std::size_t size = 0; size <= kFrameBytes; ++size) {
      send_half_a_frame(port(), type, size);
    }
  }
  EXPECT_TRUE(traffic_->advances());
  EXPECT_TRUE(keeps_another());
}

TEST_F(ConnectionsTest, ThatDripHeadersHarmNobody) {
  start({});
  std::deque<Drip> drips;
  for (int i = 0; i < 16; ++i) drips.emplace_back(port());
  for (int i = 0; i < 300; ++i) {
    for (Drip& drip : drips) drip.go_on();
    ASSERT_TRUE(traffic_->advances(2)) << "after " << i << " bytes";
  }
  EXPECT_LT(traffic_->slowest(), seconds(2));
}

// As a caller sees it who calls once in a millisecond.
TEST_F(ConnectionsTest, OfAllThoseKindsAtOnceDisturbGoodCallsLittle) {
  const std::uint32_t seed = kv::internal::test_seed();
  SCOPED_TRACE(kv::internal::shown(seed));
  kv::NodeOptions options;
  options.max_connections = 64;
  foo_ = start_node("foo");
  bar_ = start_node("bar", options);
  ASSERT_TRUE(foo_->connect(bar_->name()).ok());
  const int calls = kv::internal::test_length(1500);
  const auto call = [&] {
    Times times;
    auto next = kv_tests::Clock::now();
    for (int i = 0; i < calls; ++i, next += milliseconds(1)) {
      std::this_thread::sleep_until(next);
      times.add(kv_tests::time_of([&] {
        const auto name = foo_->router().call(bar_->name(), kv::Whoami{});
        EXPECT_TRUE(name.ok()) << name.status();
      }));
    }
    return times;
  };
  const Times alone = call();

  std::atomic<bool> done{false};
  std::thread hostile([&] {
    std::mt19937 random(seed);
    std::deque<Drip> drips;
    for (int i = 0; i < 16; ++i) drips.emplace_back(port());
    std::deque<RawSocket> idle;
    for (int i = 0; !done; ++i) {
      send_random_bytes(port(), random);
      send_half_a_frame(port(), static_cast<char>(random() % kFrameTypes),
                        random() % kFrameBytes);
      for (Drip& drip : drips) drip.go_on();
      idle.emplace_back(port());  // soon beyond the limit
      if (idle.size() > 128) idle.pop_front();
      std::this_thread::sleep_for(milliseconds(2));
    }
  });
  const Times beside = call();
  done = true;
  hostile.join();
  std::cout << "alone:            " << alone << "\nbeside strangers: " << beside
            << std::endl;
  EXPECT_LT(beside.within(0.99), std::max<Times::Duration>(
                                     4 * alone.within(0.99), milliseconds(20)));
}

// Its pings tell how time goes by, four in a second.
TEST(AcceptTest, AnIdleNodeUsesNoTime) {
  const auto bar = start_node("bar");
  const kv_tests::TcpProxy line(bar->name().port());
  kv::NodeOptions options;
  options.keepalive = milliseconds(500);
  const auto foo = start_node("foo", options);
  ASSERT_TRUE(foo->router().call(line.name("bar"), kv::Whoami{}).ok());
  const std::clock_t before = std::clock();
  EXPECT_TRUE(line.hears(kv_tests::kPingAnswer, 4, kv_tests::kLong));
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
