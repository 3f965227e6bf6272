// Random tables, and what the library and the reference make of them.
#include "table_reference.h"

#include <gtest/gtest.h>

#include <cstdio>
#include <random>

#include "fault/seed.h"
#include "kv/routing_table.h"

namespace kv {
namespace {

using Range = RoutingTable::Range;
using SlotRange = RoutingTable::SlotRange;

class TableReferenceTest : public testing::Test {
 protected:
  TableReferenceTest() : seed_(internal::test_seed()), random_(seed_) {}

  std::size_t below(std::size_t bound) { return random_() % bound; }

  std::string random_bytes(std::string_view alphabet, std::size_t longest) {
    std::string bytes(below(longest + 1), '\0');
    for (char& byte : bytes) byte = alphabet[below(alphabet.size())];
    return bytes;
  }

  NodeName random_node() {
    static const char* const kNodes[] = {"a@h:1", "b@h:1", "b@h:2"};
    return NodeName::parse(kNodes[below(3)]).value();
  }

  const std::uint32_t seed_;
  std::mt19937 random_;
};

// The same table as a text, by a printer that escapes everything.
std::string as_text(const std::vector<Range>& ranges) {
  std::string text;
  const auto print = [&text](const std::string& bound) {
    for (char c : bound) {
      char escaped[5];
      std::snprintf(escaped, sizeof escaped, "\\x%02X",
                    static_cast<unsigned char>(c));
      text += escaped;
    }
  };
  for (const Range& range : ranges) {
    print(range.first);
    text += "..";
    print(range.last);
    text += " " + range.node.str() + "\n";
  }
  return text;
}

std::string as_text(std::uint32_t slots, const std::vector<SlotRange>& ranges) {
  std::string text = "slots " + std::to_string(slots) + "\n";
  for (const SlotRange& range : ranges) {
    text += std::to_string(range.first) + ".." + std::to_string(range.last) +
            " " + range.node.str() + "\n";
  }
  return text;
}

// Both look-ups agree with the reference.
void expect_finds(const RoutingTable& table, const ReferenceTable& reference,
                  const std::vector<std::string>& names) {
  for (const std::string& name : names) {
    const std::size_t entry = reference.find_index(name);
    ASSERT_EQ(table.find_index(name), entry) << testing::PrintToString(name);
    const NodeName* const node = table.find(name);
    if (entry == RoutingTable::kNone) {
      ASSERT_EQ(node, nullptr) << testing::PrintToString(name);
    } else {
      ASSERT_NE(node, nullptr) << testing::PrintToString(name);
      ASSERT_EQ(*node, table.entries()[entry].node);
    }
  }
}

// The error says what the reference does, "" for none; returns whether that is
// so. The reference leaves out how the entry and an inverted range look.
bool complains(const absl::Status& status, const std::string& expected) {
  if (expected.empty()) return status.ok();
  const std::string text(status.message());
  const std::size_t stem = expected.find(" can't");
  if (stem == expected.npos) return text.rfind(expected, 0) == 0;
  const std::string place = expected.substr(0, stem) + ": entry ";
  const std::string cause = expected.substr(stem);
  return text.rfind(place, 0) == 0 && text.size() > cause.size() &&
         text.compare(text.size() - cause.size(), cause.npos, cause) == 0;
}

// The position that a complaint `entry N...` is about.
std::ptrdiff_t entry_of(const std::string& complaint) {
  return std::strtol(complaint.c_str() + sizeof "entry", nullptr, 10) - 1;
}

TEST_F(TableReferenceTest, RangesOfFewBytesAreJudgedAndFoundAlike) {
  static constexpr std::string_view kAlphabet("\0a\xff", 3);
  int faults = 0;
  for (int round = 0; round < 4000; ++round) {
    SCOPED_TRACE(testing::Message()
                 << internal::shown(seed_) << " round " << round);
    const std::size_t longest = 1 + below(4);
    const std::vector<std::string> names = all_names(kAlphabet, longest);
    std::vector<Range> ranges(below(9));
    for (Range& range : ranges) {
      range = {random_bytes(kAlphabet, longest),
               random_bytes(kAlphabet, longest), random_node()};
    }

    // Take the bad entries out one by one, until the table is good.
    absl::StatusOr<RoutingTable> table = RoutingTable::from_ranges(ranges);
    std::string complaint = ReferenceTable(ranges).complaint(names);
    for (; !complaint.empty();
         complaint = ReferenceTable(ranges).complaint(names)) {
      ASSERT_TRUE(complains(table.status(), complaint))
          << as_text(ranges) << complaint << "\n"
          << table.status();
      ++faults;
      ranges.erase(ranges.begin() + entry_of(complaint));
      table = RoutingTable::from_ranges(ranges);
    }
    ASSERT_TRUE(table.ok()) << as_text(ranges) << table.status();

    const ReferenceTable reference(ranges);
    ASSERT_NO_FATAL_FAILURE(expect_finds(*table, reference, names))
        << as_text(ranges);
    ASSERT_NO_FATAL_FAILURE(expect_finds(
        *table, reference,
        {"", random_bytes(kAlphabet, 20), random_bytes("\x01yz\xfe", 20)}))
        << as_text(ranges);
    ASSERT_EQ(RoutingTable::parse(as_text(ranges)).value(), *table);
    ASSERT_EQ(RoutingTable::parse(table->str()).value(), *table);
  }
  EXPECT_GT(faults, 1000) << "the tables are too tame to test the verdicts";
}

// Bounds that share many bytes, and names that differ from them by little.
TEST_F(TableReferenceTest, LongRangesAreFoundAlike) {
  static constexpr std::string_view kAlphabet("\0ab\xff", 4);
  static const std::string kParts[] = {"", "a", "aaaaaaa", "aaaaaaaa",
                                       std::string(8, '\0')};
  for (int round = 0; round < 2000; ++round) {
    SCOPED_TRACE(testing::Message()
                 << internal::shown(seed_) << " round " << round);
    const auto random_bound = [this] {
      return kParts[below(5)] + kParts[below(5)] + random_bytes(kAlphabet, 3);
    };
    // Good entries only: those that the library takes.
    std::vector<Range> ranges;
    RoutingTable table;
    for (int tries = 0; tries < 40; ++tries) {
      ranges.push_back({random_bound(), random_bound(), random_node()});
      if (below(2) == 0) ranges.back().last = ranges.back().first + "\xff";
      absl::StatusOr<RoutingTable> longer = RoutingTable::from_ranges(ranges);
      if (longer.ok()) {
        table = *std::move(longer);
      } else {
        ranges.pop_back();
      }
    }

    std::vector<std::string> names;
    for (const Range& range : ranges) {
      for (const std::string& bound : {range.first, range.last}) {
        names.push_back(bound);
        names.push_back(bound + random_bytes(kAlphabet, 9));
        if (bound.empty()) continue;
        names.push_back(bound.substr(0, bound.size() - 1));
        names.push_back(bound);
        ++names.back().back();
        names.push_back(bound);
        --names.back().back();
      }
    }
    ASSERT_NO_FATAL_FAILURE(expect_finds(table, ReferenceTable(ranges), names))
        << table.str();
    ASSERT_EQ(RoutingTable::parse(table.str()).value(), table);
  }
}

TEST_F(TableReferenceTest, SlotsAreJudgedAndFoundAlike) {
  int faults = 0;
  for (int round = 0; round < 3000; ++round) {
    SCOPED_TRACE(testing::Message()
                 << internal::shown(seed_) << " round " << round);
    const auto slots = static_cast<std::uint32_t>(1 + below(24));
    std::vector<std::string> names = a_name_for_each_slot(slots);
    const auto random_slot = [this, slots] {
      return static_cast<std::uint32_t>(below(slots));
    };
    std::vector<SlotRange> ranges(below(9));
    for (SlotRange& range : ranges) {
      range = {random_slot(), random_slot(), random_node()};
    }

    auto table = RoutingTable::from_slots(slots, ranges);
    std::string complaint = ReferenceTable(slots, ranges).complaint(names);
    for (; !complaint.empty();
         complaint = ReferenceTable(slots, ranges).complaint(names)) {
      ASSERT_TRUE(complains(table.status(), complaint))
          << as_text(slots, ranges) << complaint << "\n"
          << table.status();
      ++faults;
      ranges.erase(ranges.begin() + entry_of(complaint));
      table = RoutingTable::from_slots(slots, ranges);
    }
    ASSERT_TRUE(table.ok()) << as_text(slots, ranges) << table.status();

    for (int i = 0; i < 20; ++i) names.push_back(random_bytes("{}ab", 8));
    ASSERT_NO_FATAL_FAILURE(
        expect_finds(*table, ReferenceTable(slots, ranges), names))
        << as_text(slots, ranges);
    ASSERT_EQ(RoutingTable::parse(as_text(slots, ranges)).value(), *table);
    ASSERT_EQ(RoutingTable::parse(table->str()).value(), *table);
  }
  EXPECT_GT(faults, 1000) << "the tables are too tame to test the verdicts";
}

TEST_F(TableReferenceTest, HashSlotsAreAlikeWithAndWithoutTags) {
  std::vector<SlotRange> ranges;
  for (std::uint32_t slot = 0; slot < 64; ++slot) {
    ranges.push_back({slot, slot, random_node()});
  }
  const RoutingTable table = RoutingTable::from_slots(64, ranges).value();
  const ReferenceTable reference(64, ranges);
  for (int i = 0; i < 20000; ++i) {
    const std::string name = random_bytes("{{}}abc\xff", 12);
    ASSERT_EQ(table.find_index(name), reference.find_index(name))
        << internal::shown(seed_) << " " << name;
  }
}

// The reference by itself, on tables whose answers are plain.
TEST(ReferenceTableTest, JudgesPlainTables) {
  const NodeName node = NodeName::parse("a@h:1").value();
  const auto complaint = [&](std::vector<Range> ranges) {
    return ReferenceTable(std::move(ranges))
        .complaint(all_names(std::string_view("\0abcd\xff", 6), 2));
  };
  EXPECT_EQ(complaint({{"a", "b", node}, {"c", "d", node}}), "");
  EXPECT_EQ(complaint({{"a", "b", node}, {"d", "c", node}}),
            "entry 2: inverted range");
  EXPECT_EQ(complaint({{"a", "c", node}, {"bb", "cc", node}}),
            "entry 2 can't be reached: entry 1 takes all of it");
  EXPECT_EQ(complaint({{"a", "b", node}, {"c", "c", node}, {"a", "c", node}}),
            "entry 3 can't be reached: entries before it take all of it");
  EXPECT_EQ(complaint({{"a", "b", node}, {"", "", node}, {"d", "d", node}}),
            "entry 3 can't be reached: entry 2 takes all of it");
}

}  // namespace
}  // namespace kv
