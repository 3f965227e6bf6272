// kv::check against following each call by hand, over all first bytes and
// random sets of tables.
#include <gtest/gtest.h>

#include <algorithm>
#include <map>
#include <random>
#include <set>
#include <string>
#include <vector>

#include "fault/seed.h"
#include "kv/check.h"
#include "table_reference.h"

namespace kv {
namespace {

using internal::shown;
using internal::test_seed;
using Tables = std::map<NodeName, RoutingTable>;

// How one call ends: what the report says of it, as text.
struct Fate {
  CallEnd end;
  std::string node;
  std::uint32_t hops;

  std::string text() const {
    return std::string(call_end_name(end)) + " " + node + " after " +
           std::to_string(hops);
  }
};

// What nodes do with a call, word for word as lib/node/call.cc: `path` are the
// nodes that have passed it on.
Fate follow(const Tables& tables, const std::set<NodeName>& unreachable,
            const NodeName& from, const std::string& name,
            std::uint32_t max_hops) {
  std::vector<NodeName> path;
  NodeName self = from;
  for (;;) {
    const auto hops = static_cast<std::uint32_t>(path.size());
    const NodeName* const owner = tables.at(self).find(name);
    if (owner == nullptr) return {CallEnd::kGap, "", hops};
    if (*owner == self) return {CallEnd::kOwner, self.str(), hops};
    if (std::count(path.begin(), path.end(), *owner) > 0) {
      return {CallEnd::kCircle, "", hops};
    }
    if (path.size() >= max_hops) return {CallEnd::kTooManyHops, "", hops};
    if (tables.count(*owner) == 0) {
      return {unreachable.count(*owner) > 0 ? CallEnd::kUnreachable
                                            : CallEnd::kUnknownNode,
              owner->str(), hops};
    }
    path.push_back(self);
    self = *owner;
  }
}

// Whether `name` belongs to a range as the report prints it.
bool belongs(const std::string& range, const std::string& name) {
  const std::size_t open = range.find("..\\<");
  const auto holds = [&](const std::string& text) {
    const auto table = RoutingTable::parse(text + " a@h:1");
    EXPECT_TRUE(table.ok()) << text << ": " << table.status();
    return table.ok() && table->find(name) != nullptr;
  };
  if (open == range.npos) return holds(range);
  // From the first bound on, but not from the second one on.
  return holds(range.substr(0, open) + "..") &&
         !holds(range.substr(open + 4) + "..");
}

bool belongs(const CheckReport& report, const std::string& range,
             const std::string& name) {
  const bool by_slot = report.slots != 0;
  const std::size_t blank = range.find(' ');
  if (by_slot) {
    const std::string slots =
        blank == range.npos ? range : range.substr(blank + 1);
    const std::size_t dots = slots.find("..");
    const std::uint32_t slot = hash_slot(name, report.slots);
    if (slot < std::stoul(slots.substr(0, dots)) ||
        slot > std::stoul(slots.substr(dots + 2))) {
      return false;
    }
    if (blank == range.npos) return true;
  }
  return belongs(range.substr(0, blank), name);
}

class CheckReferenceTest : public testing::Test {
 protected:
  CheckReferenceTest() : seed_(test_seed()), random_(seed_) {}

  std::size_t below(std::size_t bound) { return random_() % bound; }

  NodeName node(std::size_t number) {
    return NodeName::parse("n" + std::to_string(number) + "@h:1").value();
  }

  std::string random_bound(std::string_view alphabet, std::size_t longest) {
    std::string bytes(below(longest + 1), '\0');
    for (char& byte : bytes) byte = alphabet[below(alphabet.size())];
    return bytes;
  }

  // Up to five entries; what the library refuses is left out.
  RoutingTable random_ranges(std::string_view alphabet, std::size_t longest,
                             std::size_t nodes) {
    std::vector<RoutingTable::Range> ranges;
    RoutingTable table;
    for (std::size_t i = below(6); i > 0; --i) {
      ranges.push_back({random_bound(alphabet, longest),
                        random_bound(alphabet, longest), node(below(nodes))});
      auto made = RoutingTable::from_ranges(ranges);
      if (made.ok()) {
        table = *made;
      } else {
        ranges.pop_back();
      }
    }
    return table;
  }

  RoutingTable random_slots(std::uint32_t slots, std::size_t nodes) {
    std::vector<RoutingTable::SlotRange> ranges;
    RoutingTable table;
    for (std::size_t i = below(6); i > 0; --i) {
      ranges.push_back({static_cast<std::uint32_t>(below(slots)),
                        static_cast<std::uint32_t>(below(slots)),
                        node(below(nodes))});
      auto made = RoutingTable::from_slots(slots, ranges);
      if (made.ok()) {
        table = *made;
      } else {
        ranges.pop_back();
      }
    }
    return table;
  }

  void expect_right(const Tables& tables, const CheckOptions& options,
                    const std::vector<std::string>& names) {
    const auto report = check(tables, options);
    ASSERT_TRUE(report.ok()) << report.status();
    std::string all;
    for (const auto& [node, table] : tables) {
      all += "# " + node.str() + "\n" + table.str();
    }
    SCOPED_TRACE(all + report->str());
    std::map<std::string, const CheckReport::Interval*> by_range;
    for (const auto& interval : report->intervals) {
      ASSERT_TRUE(belongs(*report, interval.range, interval.example))
          << interval.range << " " << interval.example;
      ASSERT_TRUE(by_range.emplace(interval.range, &interval).second);
    }
    for (const std::string& name : names) {
      const CheckReport::Interval* holder = nullptr;
      for (const auto& interval : report->intervals) {
        if (!belongs(*report, interval.range, name)) continue;
        ASSERT_EQ(holder, nullptr) << "two intervals hold one name";
        holder = &interval;
      }
      ASSERT_NE(holder, nullptr) << "no interval holds a name";
      expect_fates(*report, *holder, tables, options, name);
      if (options.next.has_value())
        expect_moves(*report, tables, options, name);
      if (HasFatalFailure() || HasNonfatalFailure()) return;
    }
  }

  static void expect_fates(const CheckReport& report,
                           const CheckReport::Interval& interval,
                           const Tables& tables, const CheckOptions& options,
                           const std::string& name) {
    const std::set<NodeName> unreachable(options.unreachable.begin(),
                                         options.unreachable.end());
    std::map<std::string, std::string> said;
    for (const auto& ending : *interval.endings) {
      for (const auto& from : ending.from) {
        said[report.nodes[from.node].str()] =
            Fate{ending.end, ending.node.str(), from.hops}.text();
      }
    }
    std::map<std::string, std::string> truth;
    std::set<std::string> ends;
    std::set<std::string> owners;
    std::set<std::string> named;
    for (const auto& [node, table] : tables) {
      const Fate fate =
          follow(tables, unreachable, node, name, options.max_hops);
      truth[node.str()] = fate.text();
      ends.insert(call_end_name(fate.end));
      if (fate.end == CallEnd::kOwner) owners.insert(fate.node);
      const NodeName* const owner = table.find(name);
      named.insert(owner == nullptr ? "" : owner->str());
    }
    EXPECT_EQ(said, truth) << interval.range;
    const bool arrive =
        ends == std::set<std::string>{"owner"} && owners.size() == 1;
    const bool gap = ends == std::set<std::string>{"gap"};
    EXPECT_EQ(interval.ok(), arrive || gap);
    EXPECT_EQ(interval.gap(), gap);
    EXPECT_EQ(interval.disagree, named.size() > 1);
  }

  static void expect_moves(const CheckReport& report, const Tables& tables,
                           const CheckOptions& options,
                           const std::string& name) {
    const std::set<NodeName> unreachable(options.unreachable.begin(),
                                         options.unreachable.end());
    std::set<std::string> from;
    for (const auto& [node, table] : tables) {
      const Fate fate =
          follow(tables, unreachable, node, name, options.max_hops);
      if (!fate.node.empty()) from.insert(fate.node);
    }
    const NodeName* const owner = options.next->find(name);
    std::set<std::string> to;
    if (owner != nullptr) to.insert(owner->str());
    std::vector<CheckReport::Move> moves;
    for (const auto& move : report.moves) {
      const bool pure = !report.mixed && options.next->slots() == report.slots;
      if (pure && belongs(report, move.range, name)) moves.push_back(move);
    }
    if (report.mixed || options.next->slots() != report.slots) return;
    ASSERT_EQ(moves.size(), from == to ? 0U : 1U);
    if (moves.empty()) return;
    std::set<std::string> said;
    for (const NodeName& it : moves[0].from) said.insert(it.str());
    EXPECT_EQ(said, from);
    EXPECT_EQ(moves[0].to.has_value() ? moves[0].to->str() : "",
              owner == nullptr ? "" : owner->str());
  }

  // Of `known` nodes some have tables, some are unreachable, and the tables
  // name `named` of which some are unknown.
  template <typename MakeTable>
  void run(int rounds, const std::vector<std::string>& names,
           const MakeTable& make) {
    for (int round = 0; round < rounds; ++round) {
      const std::size_t known = 1 + below(5);
      const std::size_t named = 1 + below(known + 1);
      Tables tables;
      CheckOptions options;
      options.max_hops = static_cast<std::uint32_t>(below(5));
      for (std::size_t i = 0; i < known; ++i) {
        if (i > 0 && below(6) == 0) {
          options.unreachable.push_back(node(i));
        } else {
          tables[node(i)] = make(named);
        }
      }
      if (below(2) == 0) options.next = make(named);
      SCOPED_TRACE(shown(seed_) + " round " + std::to_string(round));
      expect_right(tables, options, names);
      if (HasFatalFailure() || HasNonfatalFailure()) return;
    }
  }

  static std::vector<std::string> first_bytes() {
    std::vector<std::string> names;
    for (int byte = 0; byte < 256; ++byte) {
      names.emplace_back(1, static_cast<char>(byte));
    }
    return names;
  }

  const std::uint32_t seed_;
  std::mt19937 random_;
};

TEST_F(CheckReferenceTest, AllFirstBytes) {
  std::string bytes;
  for (const std::string& name : first_bytes()) bytes += name;
  run(60, first_bytes(),
      [&](std::size_t nodes) { return random_ranges(bytes, 1, nodes); });
}

TEST_F(CheckReferenceTest, BoundsOfSeveralBytes) {
  const std::string alphabet("\0ab\xff", 4);
  const std::vector<std::string> names = all_names(alphabet, 3);
  run(60, names,
      [&](std::size_t nodes) { return random_ranges(alphabet, 3, nodes); });
}

TEST_F(CheckReferenceTest, Slots) {
  run(60, a_name_for_each_slot(64),
      [&](std::size_t nodes) { return random_slots(64, nodes); });
}

TEST_F(CheckReferenceTest, DifferentNumbersOfSlots) {
  run(10, a_name_for_each_slot(210), [&](std::size_t nodes) {
    return random_slots(below(2) == 0 ? 14 : 15, nodes);
  });
}

TEST_F(CheckReferenceTest, RangesAndSlotsMixed) {
  const std::string alphabet("\0a{}", 4);
  const std::vector<std::string> names = all_names(alphabet, 3);
  run(40, names, [&](std::size_t nodes) {
    return below(2) == 0 ? random_ranges(alphabet, 3, nodes)
                         : random_slots(5, nodes);
  });
}

}  // namespace
}  // namespace kv
