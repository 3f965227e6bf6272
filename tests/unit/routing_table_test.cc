#include "kv/routing_table.h"

#include <gtest/gtest.h>

#include <cstdio>
#include <memory>
#include <string>
#include <utility>
#include <vector>

#include "table_reference.h"

namespace kv {
namespace {

using namespace std::string_literals;
using Range = RoutingTable::Range;
using SlotRange = RoutingTable::SlotRange;

constexpr std::string_view kGuide =
    "a..m foo@127.0.0.1:4001\n"
    "n..z bar@127.0.0.1:4002\n";

RoutingTable table(std::string_view text) {
  return RoutingTable::parse(text).value();
}

NodeName node(std::string_view text) { return NodeName::parse(text).value(); }

// Of the node that owns `bucket`, "-" where nobody does.
std::string owner(const RoutingTable& table, std::string_view bucket) {
  const NodeName* const node = table.find(bucket);
  return node == nullptr ? "-" : std::string(node->short_name());
}

template <typename T>
std::string error(const absl::StatusOr<T>& result) {
  if (result.ok()) return "accepted";
  EXPECT_EQ(result.status().code(), absl::StatusCode::kInvalidArgument);
  return std::string(result.status().message());
}

TEST(RoutingTableTest, GuidesTableOverAllFirstBytes) {
  const RoutingTable guide = table(kGuide);
  const ReferenceTable reference({{"a", "m", node("foo@127.0.0.1:4001")},
                                  {"n", "z", node("bar@127.0.0.1:4002")}});
  for (int byte = 0; byte < 256; ++byte) {
    for (std::string_view rest : {"", "hopping", "\xff"}) {
      const std::string name = static_cast<char>(byte) + std::string(rest);
      EXPECT_EQ(guide.find_index(name), reference.find_index(name)) << byte;
      const std::string expected = byte >= 'a' && byte <= 'm'   ? "foo"
                                   : byte >= 'n' && byte <= 'z' ? "bar"
                                                                : "-";
      EXPECT_EQ(owner(guide, name), expected) << byte;
    }
  }
}

TEST(RoutingTableTest, FirstMatchWins) {
  const RoutingTable shop = table(
      "vip..vip a@h:1\n"
      "a..z b@h:1\n"
      ".. c@h:1\n");
  EXPECT_EQ(owner(shop, "vip:7"), "a");
  EXPECT_EQ(owner(shop, "vi"), "b");
  EXPECT_EQ(owner(shop, "viq"), "b");
  EXPECT_EQ(owner(shop, "VIP"), "c");
  EXPECT_EQ(shop.find_index("VIP"), 2U);
}

TEST(RoutingTableTest, LongerPrefixesSplitOneByte) {
  const RoutingTable users = table(
      "user:a..user:f a@h:1\n"
      "user:g..user:z b@h:1\n");
  EXPECT_EQ(owner(users, "user:a"), "a");
  EXPECT_EQ(owner(users, "user:fritz"), "a");
  EXPECT_EQ(owner(users, "user:g"), "b");
  EXPECT_EQ(owner(users, "user:"), "-");
  EXPECT_EQ(owner(users, "user:{"), "-");
  EXPECT_EQ(owner(users, "uses:a"), "-");
}

TEST(RoutingTableTest, BoundsOfUnequalLengthsArePrefixesToo) {
  const RoutingTable uneven = table("aa..b a@h:1\nc..cc b@h:1\n");
  EXPECT_EQ(owner(uneven, "a"), "-");
  EXPECT_EQ(owner(uneven, "aa"), "a");
  EXPECT_EQ(owner(uneven, "bzzz"), "a");
  EXPECT_EQ(owner(uneven, "c"), "b");
  EXPECT_EQ(owner(uneven, "cczz"), "b");
  EXPECT_EQ(owner(uneven, "cd"), "-");
}

TEST(RoutingTableTest, BytesAreUnsigned) {
  const RoutingTable bytes = table("\\x00..\\x7f a@h:1\n\\x80..\\xff b@h:1\n");
  EXPECT_EQ(owner(bytes, "\0"s), "a");
  EXPECT_EQ(owner(bytes, "\x7f"), "a");
  EXPECT_EQ(owner(bytes, "\x80"), "b");
  EXPECT_EQ(owner(bytes, "\xff\xff"), "b");
}

TEST(RoutingTableTest, EmptyBoundsReachBothEnds) {
  const RoutingTable halves = table("..m a@h:1\nn.. b@h:1\n");
  EXPECT_EQ(owner(halves, "\0"s), "a");
  EXPECT_EQ(owner(halves, "mzz"), "a");
  EXPECT_EQ(owner(halves, "n"), "b");
  EXPECT_EQ(owner(halves, "\xff\xff\xff"), "b");
}

TEST(RoutingTableTest, NobodyOwnsTheEmptyName) {
  for (const RoutingTable& all :
       {table(".. a@h:1\n"), table("slots 1\n0..0 a@h:1\n"), RoutingTable()}) {
    EXPECT_EQ(all.find(""), nullptr);
    EXPECT_EQ(all.find_index(""), RoutingTable::kNone);
  }
}

TEST(RoutingTableTest, WithoutEntriesHoldsNothing) {
  const RoutingTable empty;
  EXPECT_EQ(empty.find("shopping"), nullptr);
  EXPECT_EQ(empty.find_index("shopping"), RoutingTable::kNone);
  EXPECT_TRUE(empty.entries().empty());
  EXPECT_TRUE(empty.nodes().empty());
  EXPECT_EQ(empty.slots(), 0U);
  EXPECT_EQ(empty.version(), 0U);
  EXPECT_EQ(empty, table(""));
  EXPECT_EQ(empty, RoutingTable::from_ranges({}).value());
  EXPECT_EQ(RoutingTable::from_slots(16, {}).value().find("shopping"), nullptr);
}

TEST(RoutingTableTest, SlotsOwnWhatHashesIntoThem) {
  const RoutingTable redis = table(
      "slots 16384\n"
      "0..8191 a@h:1\n"
      "8192..16000 b@h:1\n");
  EXPECT_EQ(redis.slots(), 16384U);
  EXPECT_EQ(owner(redis, "bar"), "a");        // 5061
  EXPECT_EQ(owner(redis, "123456789"), "b");  // 12739
  EXPECT_EQ(owner(redis, "any{bar}"), "a");
  const std::string late = a_name_for_each_slot(16384)[16001];
  EXPECT_EQ(owner(redis, late), "-");
}

TEST(RoutingTableTest, EveryOneOfTheMostSlotsCanHaveAnEntry) {
  std::vector<SlotRange> ranges;
  for (std::uint32_t i = 0; i < RoutingTable::kMaxSlots; ++i) {
    ranges.push_back({i, i, node("a@h:1")});
  }
  const RoutingTable slots =
      RoutingTable::from_slots(RoutingTable::kMaxSlots, ranges).value();
  EXPECT_EQ(slots.find_index("123456789"), 0x31c3U);
  EXPECT_EQ(slots.nodes().size(), 1U);
}

TEST(RoutingTableTest, ListsEntriesAsGivenAndEachNodeOnce) {
  const RoutingTable three = table(
      "n..z b@h:1 # the second half\n"
      "a..m a@h:1\n"
      "\\x41..\\x5A b@h:1\n");
  ASSERT_EQ(three.entries().size(), 3U);
  EXPECT_EQ(three.entries()[0].range, "n..z");
  EXPECT_EQ(three.entries()[0].node, "b@h:1");
  EXPECT_EQ(three.entries()[1].range, "a..m");
  EXPECT_EQ(three.entries()[2].range, "A..Z");
  EXPECT_EQ(three.nodes(),
            (std::vector<NodeName>{node("b@h:1"), node("a@h:1")}));
}

TEST(RoutingTableTest, FindsTheSamePointerForAllEntriesOfANode) {
  const RoutingTable guide = table("a..a x@h:1\nb..b y@h:1\nc..c x@h:1\n");
  EXPECT_EQ(guide.find("a"), guide.find("c"));
  EXPECT_NE(guide.find("a"), guide.find("b"));
  EXPECT_EQ(guide.find("a"), &guide.nodes()[0]);
  EXPECT_EQ(guide.find("b"), &guide.nodes()[1]);
}

TEST(RoutingTableTest, CopiesShareTheirInsidesAndKeepThemAlive) {
  auto original = std::make_unique<RoutingTable>(table(kGuide));
  const NodeName* const foo = original->find("hello");
  const RoutingTable copy = *original;
  const RoutingTable later = original->with_version(7);
  original.reset();
  EXPECT_EQ(copy.find("hello"), foo);
  EXPECT_EQ(later.find("hello"), foo);
  EXPECT_EQ(&later.entries(), &copy.entries());
  EXPECT_EQ(*foo, "foo@127.0.0.1:4001");
}

TEST(RoutingTableTest, WithVersionChangesNothingElse) {
  const RoutingTable guide = table(kGuide);
  const RoutingTable later = guide.with_version(7);
  EXPECT_EQ(guide.version(), 0U);
  EXPECT_EQ(later.version(), 7U);
  EXPECT_NE(guide, later);
  EXPECT_EQ(guide, later.with_version(0));
  EXPECT_EQ(later.with_version(UINT64_MAX).version(), UINT64_MAX);
}

TEST(RoutingTableTest, IsEqualIfKindEntriesAndVersionAre) {
  const RoutingTable guide = table(kGuide);
  EXPECT_EQ(guide, table(kGuide));
  EXPECT_EQ(guide, table("# the guide's\n\\x61..\\x6d  foo@127.0.0.1:4001\n"
                         "n..z\tbar@127.0.0.1:4002"));
  EXPECT_NE(guide, RoutingTable());
  EXPECT_NE(guide, table("a..m foo@127.0.0.1:4001\n"));
  EXPECT_NE(guide, table("n..z bar@127.0.0.1:4002\na..m foo@127.0.0.1:4001\n"));
  EXPECT_NE(guide, table("a..m foo@127.0.0.1:4001\nn..z bar@127.0.0.1:1\n"));
  EXPECT_NE(guide, table("a..l foo@127.0.0.1:4001\nn..z bar@127.0.0.1:4002\n"));
  EXPECT_NE(table("0..7 a@h:1\n"), table("slots 16\n0..7 a@h:1\n"));
  EXPECT_NE(table("slots 8\n0..7 a@h:1\n"), table("slots 16\n0..7 a@h:1\n"));
  EXPECT_NE(RoutingTable(), table("slots 16\n"));
}

TEST(RoutingTableTest, EntriesInCodeAreCheckedAndCounted) {
  const NodeName a = node("a@h:1");
  EXPECT_EQ(error(RoutingTable::from_ranges({{"a", "m", a}, {"z", "n", a}})),
            "entry 2: inverted range z..n: no name is >= \"z\" and begins with "
            "at most \"n\"");
  EXPECT_EQ(error(RoutingTable::from_ranges({{"a", "m", a}, {"b", "c", a}})),
            "entry 2: entry b..c a@h:1 can't be reached: entry 1 takes all of "
            "it");
  EXPECT_EQ(error(RoutingTable::from_ranges({{"a", "m", NodeName()}})),
            "entry 1: no node");
  EXPECT_EQ(error(RoutingTable::from_ranges({{"a", "m", node("a@h:0")}})),
            "entry 1: bad node name \"a@h:0\": nobody can dial port 0");
}

TEST(RoutingTableTest, SlotEntriesInCodeAreCheckedAndCounted) {
  const NodeName a = node("a@h:1");
  EXPECT_EQ(error(RoutingTable::from_slots(0, {})),
            "0 slots; a table has 1 to 65536");
  EXPECT_EQ(error(RoutingTable::from_slots(65537, {})),
            "65537 slots; a table has 1 to 65536");
  EXPECT_EQ(error(RoutingTable::from_slots(16, {{0, 7, a}, {8, 16, a}})),
            "entry 2: slot 16 is beyond the last one, 15");
  EXPECT_EQ(error(RoutingTable::from_slots(16, {{UINT32_MAX, 3, a}})),
            "entry 1: slot 4294967295 is beyond the last one, 15");
  EXPECT_EQ(error(RoutingTable::from_slots(16, {{8, 7, a}})),
            "entry 1: inverted range 8..7");
  EXPECT_EQ(error(RoutingTable::from_slots(16, {{0, 7, a}, {7, 7, a}})),
            "entry 2: entry 7..7 a@h:1 can't be reached: entry 1 takes all of "
            "it");
  EXPECT_EQ(error(RoutingTable::from_slots(16, {{0, 7, NodeName()}})),
            "entry 1: no node");
  EXPECT_EQ(error(RoutingTable::from_slots(16, {{0, 7, node("a@h:0")}})),
            "entry 1: bad node name \"a@h:0\": nobody can dial port 0");
}

TEST(RoutingTableTest, BoundsHaveAtMost1024Bytes) {
  const NodeName a = node("a@h:1");
  const std::string longest(1024, 'a');
  const RoutingTable good =
      RoutingTable::from_ranges({{longest, longest, a}}).value();
  EXPECT_EQ(owner(good, longest + "b"), "a");
  EXPECT_EQ(owner(good, longest.substr(1)), "-");
  EXPECT_EQ(error(RoutingTable::from_ranges({{longest + "a", "", a}})),
            "entry 1: a bound of 1025 bytes; at most 1024");
  EXPECT_EQ(error(RoutingTable::from_ranges({{"", longest + "a", a}})),
            "entry 1: a bound of 1025 bytes; at most 1024");
}

TEST(RoutingTableTest, RefusesMoreThanAMillionEntries) {
  EXPECT_EQ(error(RoutingTable::from_ranges(std::vector<Range>(1'000'001))),
            "more than 1000000 entries");
  EXPECT_EQ(
      error(RoutingTable::from_slots(16, std::vector<SlotRange>(1'000'001))),
      "more than 1000000 entries");
}

// Otherwise there would be tables whose str() parse() does not take.
TEST(RoutingTableTest, RefusesEntriesWhoseTextIsOver64MiB) {
  std::vector<Range> ranges;
  for (int i = 0; i < 9000; ++i) {
    const std::string bound = std::to_string(10000 + i) + std::string(1000, 1);
    ranges.push_back({bound, bound, node("a@h:1")});
  }
  EXPECT_EQ(error(RoutingTable::from_ranges(ranges)),
            "a table whose text has more than 67108864 bytes");
  ranges.resize(100);
  EXPECT_TRUE(RoutingTable::from_ranges(ranges).ok());
}

TEST(RoutingTableTest, ManyRangesAreFoundEachByItself) {
  const auto bound = [](int i) {
    char text[16];
    std::snprintf(text, sizeof text, "user:%06d", i);
    return std::string(text);
  };
  std::vector<Range> ranges;
  for (int i = 0; i < 50'000; ++i) {  // every second one is a gap
    ranges.push_back({bound(2 * i), bound(2 * i), node("a@h:1")});
  }
  ranges.push_back({"user", "user", node("b@h:1")});
  const RoutingTable users = RoutingTable::from_ranges(ranges).value();
  for (int i = 0; i < 100'000; ++i) {
    const std::size_t expected =
        i % 2 == 0 ? static_cast<std::size_t>(i / 2) : 50'000U;
    ASSERT_EQ(users.find_index(bound(i)), expected) << i;
    ASSERT_EQ(users.find_index(bound(i) + "/cart"), expected) << i;
  }
}

TEST(RoutingTableTest, SummaryIsOneLine) {
  EXPECT_EQ(table(kGuide).summary(),
            "[a..m foo@127.0.0.1:4001, n..z bar@127.0.0.1:4002]");
  EXPECT_EQ(RoutingTable().summary(), "[]");
  EXPECT_EQ(table("slots 16\n0..7 a@h:1\n").summary(), "[0..7 a@h:1]");
  EXPECT_EQ(table("\\x0a..n a@h:1\n").summary(), "[\\x0a..n a@h:1]");
}

TEST(RoutingTableTest, SummaryOfALongTableIsCut) {
  std::vector<SlotRange> ranges;
  for (std::uint32_t i = 0; i < 100; ++i)
    ranges.push_back({i, i, node("a@h:1")});
  const std::string eight =
      "[0..0 a@h:1, 1..1 a@h:1, 2..2 a@h:1, 3..3 a@h:1, 4..4 a@h:1, "
      "5..5 a@h:1, 6..6 a@h:1, 7..7 a@h:1";
  EXPECT_EQ(RoutingTable::from_slots(100, ranges).value().summary(),
            eight + ", ... 92 more]");
  ranges.resize(9);
  EXPECT_EQ(RoutingTable::from_slots(100, ranges).value().summary(),
            eight + ", ... 1 more]");
  ranges.resize(8);
  EXPECT_EQ(RoutingTable::from_slots(100, ranges).value().summary(),
            eight + "]");
}

TEST(RoutingTableTest, SummaryOfALongRangeIsCut) {
  const std::string bound(1024, 'a');
  EXPECT_EQ(RoutingTable::from_ranges({{bound, bound, node("a@h:1")}})
                .value()
                .summary(),
            "[" + std::string(64, 'a') + "... a@h:1]");
}

}  // namespace
}  // namespace kv
