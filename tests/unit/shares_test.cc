#include "node/shares.h"

#include <gtest/gtest.h>

#include <vector>

namespace kv::internal {
namespace {

TEST(SharesTest, EachPeerHasItsOwnAndGetsBackWhatHasEnded) {
  const NodeName foo = *NodeName::parse("foo@127.0.0.1:4001");
  const NodeName bar = *NodeName::parse("bar@127.0.0.1:4002");
  Shares shares(2, 10);
  Shares::Place first = shares.enter(foo);
  const Shares::Place second = shares.enter(foo);
  EXPECT_TRUE(first && second);
  EXPECT_FALSE(shares.enter(foo));
  EXPECT_TRUE(shares.enter(bar));
  EXPECT_TRUE(shares.enter(NodeName()));
  first = {};
  EXPECT_FALSE(first);
  const Shares::Place third = shares.enter(foo);
  EXPECT_TRUE(third);
  EXPECT_FALSE(shares.enter(foo));
}

TEST(SharesTest, PeersThatHaveNoCallAreForgottenAndOthersAreNot) {
  Shares shares(1, 2);
  std::vector<Shares::Place> held;
  for (int port = 1; port <= 100; ++port) {
    const NodeName peer =
        *NodeName::parse("foo@127.0.0.1:" + std::to_string(port));
    Shares::Place place = shares.enter(peer);
    EXPECT_TRUE(place);
    if (port % 10 == 0) held.push_back(std::move(place));
  }
  for (int port = 10; port <= 100; port += 10) {
    EXPECT_FALSE(shares.enter(
        *NodeName::parse("foo@127.0.0.1:" + std::to_string(port))));
  }
}

}  // namespace
}  // namespace kv::internal
