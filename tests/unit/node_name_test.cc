#include "kv/node_name.h"

#include <gtest/gtest.h>

#include <set>
#include <string>

#include "absl/container/flat_hash_set.h"
#include "absl/strings/str_cat.h"

namespace kv {
namespace {

NodeName name(std::string_view text) { return NodeName::parse(text).value(); }

std::string error(std::string_view text) {
  const absl::StatusOr<NodeName> name = NodeName::parse(text);
  if (name.ok()) return "accepted";
  EXPECT_EQ(name.status().code(), absl::StatusCode::kInvalidArgument);
  return std::string(name.status().message());
}

TEST(NodeNameTest, HasAShortNameAndAnAddress) {
  const NodeName foo = name("foo@127.0.0.1:4001");
  EXPECT_EQ(foo.str(), "foo@127.0.0.1:4001");
  EXPECT_EQ(foo.short_name(), "foo");
  EXPECT_EQ(foo.address(), "127.0.0.1:4001");
  EXPECT_EQ(foo.host(), "127.0.0.1");
  EXPECT_EQ(foo.port(), 4001);
  EXPECT_FALSE(foo.empty());
}

TEST(NodeNameTest, TakesHostNamesAndAddressesOfBothKinds) {
  EXPECT_EQ(name("Foo_1-a.b@db-7.example.com:1").host(), "db-7.example.com");
  EXPECT_EQ(name("foo@[::1]:4001").host(), "::1");
  EXPECT_EQ(name("foo@[::1]:4001").address(), "[::1]:4001");
  EXPECT_EQ(name("foo@[::ffff:10.0.0.1]:4001").host(), "::ffff:10.0.0.1");
}

TEST(NodeNameTest, TakesPortsFromZeroTo65535) {
  EXPECT_EQ(name("foo@h:0").port(), 0);
  EXPECT_EQ(name("foo@h:65535").port(), 65535);
}

TEST(NodeNameTest, TakesPartsOfTheGreatestLengthAndNoLonger) {
  const std::string at = "@h:1";
  EXPECT_EQ(name(std::string(64, 'a') + at).short_name().size(), 64U);
  EXPECT_EQ(error(std::string(65, 'a') + at),
            "bad node name \"" + std::string(64, 'a') +
                "...\": its short name has 65 bytes, more than 64");
  EXPECT_EQ(name("a@" + std::string(253, 'h') + ":1").host().size(), 253U);
  EXPECT_EQ(error("a@" + std::string(254, 'h') + ":1"),
            "bad node name \"a@" + std::string(62, 'h') +
                "...\": its host has 254 bytes, more than 253");
}

TEST(NodeNameTest, TellsWhatIsWrong) {
  EXPECT_EQ(error(""), "bad node name \"\": missing '@'");
  EXPECT_EQ(error("foo"), "bad node name \"foo\": missing '@'");
  EXPECT_EQ(error("@h:1"),
            "bad node name \"@h:1\": nothing stands before the '@'");
  EXPECT_EQ(error("f/o@h:1"),
            "bad node name \"f/o@h:1\": \"/\" in its short name");
  EXPECT_EQ(error("foo@h"), "bad node name \"foo@h\": missing ':' and port");
  EXPECT_EQ(error("foo@"), "bad node name \"foo@\": missing ':' and port");
  EXPECT_EQ(error("foo@[::1]"),
            "bad node name \"foo@[::1]\": missing ':' and port");
  EXPECT_EQ(error("foo@:1"), "bad node name \"foo@:1\": missing host");
  EXPECT_EQ(error("foo@a_b:1"),
            "bad node name \"foo@a_b:1\": \"_\" in its host");
  EXPECT_EQ(error("foo@a@b:1"),
            "bad node name \"foo@a@b:1\": \"@\" in its host");
}

TEST(NodeNameTest, TellsWhatIsWrongWithAPort) {
  EXPECT_EQ(error("foo@h:"), "bad node name \"foo@h:\": missing port");
  for (std::string port : {"65536", "99999999999999999999", "-1", "+1", "4001x",
                           "x", " 1", "1 "}) {
    const std::string text = "foo@h:" + port;
    EXPECT_EQ(error(text),
              absl::StrCat("bad node name \"", text, "\": port \"", port,
                           "\" is no number from 0 to 65535"));
  }
  EXPECT_EQ(error("foo@h:04001"),
            "bad node name \"foo@h:04001\": port with a leading zero");
  EXPECT_EQ(error("foo@h:00"),
            "bad node name \"foo@h:00\": port with a leading zero");
}

TEST(NodeNameTest, TellsWhatIsWrongWithAnIpv6Address) {
  EXPECT_EQ(error("foo@::1:4001"),
            "bad node name \"foo@::1:4001\": an IPv6 address must stand in "
            "brackets");
  EXPECT_EQ(error("foo@[::1:4001"),
            "bad node name \"foo@[::1:4001\": missing ']'");
  EXPECT_EQ(error("foo@[:4001"), "bad node name \"foo@[:4001\": missing ']'");
  for (std::string host : {"", "127.0.0.1", "::1::2", "fe80::1%eth0", "::g"}) {
    const std::string text = absl::StrCat("foo@[", host, "]:1");
    EXPECT_EQ(error(text), absl::StrCat("bad node name \"", text, "\": \"",
                                        host, "\" is no IPv6 address"));
  }
}

TEST(NodeNameTest, ErrorsShowRawBytesEscaped) {
  EXPECT_EQ(error("f\no@h:1"),
            "bad node name \"f\\no@h:1\": \"\\n\" in its short name");
  EXPECT_EQ(error("f\xc3@h:1"),
            "bad node name \"f\\xc3@h:1\": \"\\xc3\" in its short name");
  using namespace std::string_literals;
  EXPECT_EQ(error("foo@[::1\0x]:1"s),
            "bad node name \"foo@[::1\\x00x]:1\": \"::1\\x00x\" is no IPv6 "
            "address");
}

TEST(NodeNameTest, TheNamelessNodeIsEmpty) {
  const NodeName nobody;
  EXPECT_TRUE(nobody.empty());
  EXPECT_EQ(nobody.str(), "");
  EXPECT_EQ(nobody.short_name(), "");
  EXPECT_EQ(nobody.address(), "");
  EXPECT_EQ(nobody.host(), "");
  EXPECT_EQ(nobody.port(), 0);
}

TEST(NodeNameTest, MovesToAnotherPort) {
  EXPECT_EQ(name("foo@h:0").with_port(4001), name("foo@h:4001"));
  const NodeName moved = name("foo@[::1]:65535").with_port(7);
  EXPECT_EQ(moved.str(), "foo@[::1]:7");
  EXPECT_EQ(moved.port(), 7);
  EXPECT_EQ(moved.host(), "::1");
}

TEST(NodeNameTest, IsItsText) {
  const NodeName foo = name("foo@h:1");
  EXPECT_TRUE(foo == name("foo@h:1"));
  EXPECT_TRUE(foo != name("foo@h:2"));
  EXPECT_TRUE(foo == "foo@h:1");
  EXPECT_TRUE("foo@h:2" != foo);
  EXPECT_TRUE(foo == std::string("foo@h:1"));
  EXPECT_LT(name("bar@h:1"), foo);
  const std::string_view view = foo;
  EXPECT_EQ(view, "foo@h:1");
  EXPECT_EQ(testing::PrintToString(foo), "foo@h:1");
}

TEST(NodeNameTest, IsAKeyOfSetsOfBothKinds) {
  const absl::flat_hash_set<NodeName> hashed = {
      name("foo@h:1"), name("bar@h:1"), name("foo@h:1")};
  EXPECT_EQ(hashed.size(), 2U);
  EXPECT_TRUE(hashed.contains(name("bar@h:1")));
  const std::set<NodeName> sorted = {name("foo@h:1"), name("bar@h:1")};
  EXPECT_EQ(*sorted.begin(), "bar@h:1");
}

}  // namespace
}  // namespace kv
