// A network that loses everything without a word: packets dropped by the
// kernel, and a line that swallows bytes.
//
// A program of its own, whose tests live in a network namespace that they may
// spoil. Without the right to make one, and without nft, they fail.
#include <gtest/gtest.h>
#include <kv/kv.h>
#include <net/if.h>
#include <sched.h>
#include <sys/ioctl.h>
#include <sys/socket.h>

#include <algorithm>
#include <cerrno>
#include <cstdlib>
#include <cstring>
#include <iostream>
#include <memory>
#include <string>

#include "cluster/sockets.h"
#include "cluster/two_nodes.h"
#include "distributed/peer_process.h"

namespace {

using kv_tests::eventually;
using kv_tests::expect_failure;
using kv_tests::kLong;
using kv_tests::milliseconds;
using kv_tests::PeerProcess;
using kv_tests::seconds;
using kv_tests::Socket;
using kv_tests::start_node;
using kv_tests::time_of;
using kv_tests::within;

// Before any thread starts: all that do have the new network.
class OwnNetwork : public ::testing::Environment {
 public:
  void SetUp() override {
    ASSERT_EQ(unshare(CLONE_NEWNET), 0)
        << "no network namespace, which takes the rights of root: "
        << std::strerror(errno);
    const Socket any(socket(AF_INET, SOCK_DGRAM | SOCK_CLOEXEC, 0));
    ifreq loopback = {};
    std::strncpy(loopback.ifr_name, "lo", IFNAMSIZ - 1);
    ASSERT_EQ(ioctl(any.fd(), SIOCGIFFLAGS, &loopback), 0);
    loopback.ifr_flags |= IFF_UP;
    ASSERT_EQ(ioctl(any.fd(), SIOCSIFFLAGS, &loopback), 0);
  }
};
const auto* const kOwnNetwork =
    testing::AddGlobalTestEnvironment(new OwnNetwork);

void nft(const std::string& command) {
  ASSERT_EQ(std::system(("nft '" + command + "'").c_str()), 0)
      << "nft of the package nftables could not do: " << command;
}

// foo is here, with a keepalive of one second; bar is a process.
class BlackHoleTest : public ::testing::Test {
 protected:
  void SetUp() override {
    kv::NodeOptions options;
    options.keepalive = seconds(1);
    options.connect_timeout = seconds(1);
    foo_ = start_node("foo", options);
    bar_ = PeerProcess::start("bar");
    baz_ = start_node("baz");
    ASSERT_TRUE(foo_ != nullptr && bar_ != nullptr && baz_ != nullptr);
    line_ = std::make_unique<kv_tests::TcpProxy>(bar_->name().port());
  }
  void drop_packets() {
    const std::string port = std::to_string(bar_->name().port());
    nft("add table inet hole");
    nft("add chain inet hole input { type filter hook input priority 0; }");
    nft("add rule inet hole input tcp dport " + port + " drop");
    nft("add rule inet hole input tcp sport " + port + " drop");
  }

  absl::Status whoami(const std::string& node,
                      std::chrono::nanoseconds timeout = kLong) {
    return foo_->router().call(node, kv::Whoami{}, within(timeout)).status();
  }

  // `name` was reachable, and is a black hole now.
  void expect_hole(const std::string& name) {
    const auto soon = time_of([&] {
      expect_failure(whoami(name, milliseconds(200)),
                     absl::StatusCode::kDeadlineExceeded, kv::Outcome::kUnknown,
                     name);
    });
    EXPECT_LT(soon, milliseconds(900));
    const auto noticed = time_of([&] {
      expect_failure(whoami(name), absl::StatusCode::kUnavailable,
                     kv::Outcome::kUnknown, name);
    });
    EXPECT_LT(noticed, seconds(2));
    // A call may wait for an attempt to connect anew, once.
    EXPECT_TRUE(eventually(
        [&] { return kv::outcome(whoami(name)) == kv::Outcome::kNotRun; },
        seconds(2)));
    std::chrono::nanoseconds most{0};
    for (int i = 0; i < 50; ++i) {
      const auto took = time_of([&] {
        expect_failure(whoami(name), absl::StatusCode::kUnavailable,
                       kv::Outcome::kNotRun, name);
      });
      most = std::max(most, took);
      EXPECT_LT(took, milliseconds(100));
    }
    EXPECT_TRUE(whoami(baz_->name()).ok()) << "another node";
    std::cout << "noticed after " << noticed / milliseconds(1)
              << " ms; then calls fail within "
              << most / std::chrono::microseconds(1) << " us" << std::endl;
  }
  void expect_back(const std::string& name) {
    const auto back = time_of([&] {
      EXPECT_TRUE(eventually([&] { return whoami(name).ok(); }, seconds(5)));
    });
    std::cout << "back after " << back / milliseconds(1) << " ms" << std::endl;
  }

  std::unique_ptr<kv::Node> foo_;
  std::unique_ptr<PeerProcess> bar_;
  std::unique_ptr<kv::Node> baz_;
  std::unique_ptr<kv_tests::TcpProxy> line_;
};

TEST_F(BlackHoleTest, OfTheKernelHoldsNoCallerLong) {
  ASSERT_TRUE(whoami(bar_->name()).ok());
  ASSERT_NO_FATAL_FAILURE(drop_packets());
  expect_hole(bar_->name());
  nft("flush ruleset");
  expect_back(bar_->name());
}

TEST_F(BlackHoleTest, ThatSwallowsBytesHoldsNoCallerLong) {
  const std::string name = line_->name("bar");
  ASSERT_TRUE(whoami(name).ok());
  line_->swallow();
  expect_hole(name);
  line_->mend();
  expect_back(name);
}

// Nobody has ever been connected to it: nothing has left.
TEST_F(BlackHoleTest, ThatWasNeverAnythingElseHoldsNoCallerLong) {
  ASSERT_NO_FATAL_FAILURE(drop_packets());
  const auto took = time_of([&] {
    expect_failure(whoami(bar_->name()), absl::StatusCode::kUnavailable,
                   kv::Outcome::kNotRun, bar_->name().str());
  });
  EXPECT_LT(took, seconds(2));
  nft("flush ruleset");
  expect_back(bar_->name());
}

}  // namespace
