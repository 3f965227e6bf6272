#include "rpc/allowed_peers.h"

#include <gtest/gtest.h>

namespace kv::internal {
namespace {

AllowedPeers allowed(const std::vector<std::string>& patterns) {
  auto parsed = AllowedPeers::parse(patterns);
  EXPECT_TRUE(parsed.ok()) << parsed.status();
  return parsed.ok() ? *std::move(parsed) : AllowedPeers();
}

TEST(AllowedPeersTest, WithoutPatternsThereAreNone) {
  EXPECT_TRUE(allowed({}).empty());
  EXPECT_FALSE(allowed({"a"}).empty());
  EXPECT_FALSE(allowed({"::1"}).empty());
  EXPECT_FALSE(allowed({"a://b"}).empty());
}

TEST(AllowedPeersTest, DnsNamesAreTheSameInEitherCase) {
  const AllowedPeers peers = allowed({"Foo.Example.org."});
  EXPECT_TRUE(peers.allow_dns("foo.example.ORG"));
  EXPECT_TRUE(peers.allow_dns("foo.example.org."));
  EXPECT_FALSE(peers.allow_dns("foo.example.orgs"));
  EXPECT_FALSE(peers.allow_dns("xfoo.example.org"));
  EXPECT_FALSE(peers.allow_dns("example.org"));
  EXPECT_FALSE(peers.allow_dns(""));
  EXPECT_FALSE(peers.allow_ip("foo.example.org"));
  EXPECT_FALSE(peers.allow_uri("foo.example.org"));
}

TEST(AllowedPeersTest, AStarStandsForOneFirstLabel) {
  const AllowedPeers peers = allowed({"*.example.org"});
  EXPECT_TRUE(peers.allow_dns("foo.example.org"));
  EXPECT_FALSE(peers.allow_dns("a.b.example.org"));
  EXPECT_FALSE(peers.allow_dns("example.org"));
  EXPECT_FALSE(peers.allow_dns(".example.org"));
  EXPECT_FALSE(peers.allow_dns("*.example.org"));  // names nobody
  EXPECT_FALSE(peers.allow_dns("foo.example.org.evil"));
  EXPECT_FALSE(peers.allow_dns(std::string("foo\0.example.org", 16)));
}

TEST(AllowedPeersTest, AddressesAreComparedAsAddresses) {
  const AllowedPeers peers = allowed({"10.0.0.1", "2001:DB8:0:0::1"});
  EXPECT_TRUE(peers.allow_ip("10.0.0.1"));
  EXPECT_TRUE(peers.allow_ip("2001:db8::1"));
  EXPECT_FALSE(peers.allow_ip("10.0.0.10"));
  EXPECT_FALSE(peers.allow_ip("::ffff:10.0.0.1"));
  EXPECT_FALSE(peers.allow_ip(std::string("10.0.0.1\0x", 10)));
  EXPECT_FALSE(peers.allow_dns("10.0.0.1"));
}

TEST(AllowedPeersTest, UrisAreComparedByteByByte) {
  const AllowedPeers peers = allowed({"spiffe://example.org/foo"});
  EXPECT_TRUE(peers.allow_uri("spiffe://example.org/foo"));
  EXPECT_FALSE(peers.allow_uri("spiffe://Example.org/foo"));
  EXPECT_FALSE(peers.allow_uri("spiffe://example.org/foo/"));
  EXPECT_FALSE(peers.allow_dns("spiffe://example.org/foo"));
}

TEST(AllowedPeersTest, WhatIsNoPatternIsNamed) {
  for (const char* pattern :
       {"", ".", "*", "*.", "a.*.b", "*a.b", "**.a", "a..b", ".a", "a b", "a,b",
        "*.*.a", "[::1]", "10.0.0.1:80"}) {
    const absl::Status status = AllowedPeers::parse({"ok", pattern}).status();
    EXPECT_EQ(status.code(), absl::StatusCode::kInvalidArgument) << pattern;
    EXPECT_NE(status.ToString().find(std::string("\"") + pattern + "\""),
              std::string::npos)
        << status;
  }
  EXPECT_FALSE(AllowedPeers::parse({std::string(4096, 'a')}).ok());
}

}  // namespace
}  // namespace kv::internal
