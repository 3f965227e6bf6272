// Whether the tables of a cluster hold together.
#include "kv/check.h"

#include <gtest/gtest.h>

#include <algorithm>
#include <map>
#include <set>
#include <string>
#include <vector>

namespace kv {
namespace {

using Tables = std::map<NodeName, RoutingTable>;

NodeName node(const std::string& name) {
  return NodeName::parse(name + "@h:1").value();
}

// "a..m foo; n..z bar"
RoutingTable table(const std::string& text) {
  std::string lines;
  for (const char byte : text) {
    if (byte == ';' || byte == '\n') {
      lines += "@h:1\n";
    } else {
      lines += byte;
    }
  }
  auto table = RoutingTable::parse(lines + (text.empty() ? "" : "@h:1"));
  EXPECT_TRUE(table.ok()) << table.status();
  return table.value_or(RoutingTable());
}

CheckReport checked(const Tables& tables, const CheckOptions& options = {}) {
  auto report = check(tables, options);
  EXPECT_TRUE(report.ok()) << report.status();
  return report.value_or(CheckReport());
}

const CheckReport::Interval& at(const CheckReport& report,
                                const std::string& range) {
  static const CheckReport::Interval kNone{
      "none", "", std::make_shared<std::vector<CheckReport::Ending>>(), false};
  for (const auto& interval : report.intervals) {
    if (interval.range == range) return interval;
  }
  ADD_FAILURE() << "no " << range << " in\n" << report;
  return kNone;
}

// "owner foo 0 1", "circle foo -> bar -> foo 1 1": how calls end, and after how
// many hops from each node.
std::vector<std::string> ends(const CheckReport& report,
                              const std::string& range) {
  std::vector<std::string> texts;
  for (const auto& ending : *at(report, range).endings) {
    std::string text = call_end_name(ending.end);
    if (!ending.node.empty()) {
      text += " " + std::string(ending.node.short_name());
    } else if (ending.end != CallEnd::kGap) {
      for (const NodeName& step : ending.path) {
        text += " " + std::string(step.short_name());
      }
    }
    for (const auto& from : ending.from) {
      text += " " + std::string(report.nodes[from.node].short_name()) + "+" +
              std::to_string(from.hops);
    }
    texts.push_back(text);
  }
  return texts;
}

using Texts = std::vector<std::string>;

TEST(CheckTest, TablesThatAgreeHoldTogether) {
  const RoutingTable guide = table("a..m foo; n..z bar");
  const CheckReport report =
      checked({{node("foo"), guide}, {node("bar"), guide}});
  EXPECT_TRUE(report.ok());
  EXPECT_EQ(ends(report, "a..m"), Texts{"owner foo bar+1 foo+0"});
  EXPECT_EQ(ends(report, "n..z"), Texts{"owner bar bar+0 foo+1"});
  EXPECT_EQ(report.verdict(),
            "The tables of 2 nodes hold together: 2 ranges, each with one "
            "owner, 2 gaps.");
  EXPECT_FALSE(report.mixed);
}

TEST(CheckTest, IntervalsAreAllNamesInOrder) {
  const CheckReport report =
      checked({{node("foo"), table("b..c foo; e..e foo")}});
  Texts ranges;
  for (const auto& it : report.intervals) ranges.push_back(it.range);
  EXPECT_EQ(ranges, (Texts{"\\x00..a", "b..c", "d..d", "e..e", "f.."}));
}

TEST(CheckTest, AGapEverywhereIsLegalAndToldOf) {
  const CheckReport report = checked({{node("foo"), table("b..y foo")}});
  EXPECT_TRUE(report.ok());
  EXPECT_TRUE(at(report, "z..").gap());
  EXPECT_EQ(ends(report, "z.."), Texts{"gap foo+0"});
}

TEST(CheckTest, AGapOnOneNodeAloneIsAProblem) {
  const CheckReport report = checked(
      {{node("foo"), table("a..m foo")}, {node("bar"), RoutingTable()}});
  EXPECT_FALSE(report.ok());
  EXPECT_EQ(ends(report, "a..m"), (Texts{"gap bar+0", "owner foo foo+0"}));
  EXPECT_FALSE(report.mixed) << "a table without entries is of either kind";
}

TEST(CheckTest, ACircleIsShownAsTheRouterShowsIt) {
  const CheckReport report = checked({{node("foo"), table("a..z bar")},
                                      {node("bar"), table("a..z baz")},
                                      {node("baz"), table("a..z bar")}});
  EXPECT_FALSE(report.ok());
  EXPECT_EQ(ends(report, "a..z"),
            Texts{"circle bar baz bar bar+1 baz+1 foo+2"});
  EXPECT_NE(report.verdict().find("1 with a circle"), std::string::npos)
      << report.verdict();
}

TEST(CheckTest, TwoOwnersOfOneNameAreAProblem) {
  const CheckReport report = checked(
      {{node("foo"), table("a..z foo")}, {node("bar"), table("a..z bar")}});
  EXPECT_FALSE(report.ok());
  EXPECT_EQ(ends(report, "a..z"),
            (Texts{"owner bar bar+0", "owner foo foo+0"}));
  EXPECT_NE(report.verdict().find("1 with more than one owner"),
            std::string::npos);
}

TEST(CheckTest, EntriesThatDisagreeAreToldOfAlsoIfCallsArrive) {
  const CheckReport report = checked({{node("foo"), table("a..z bar")},
                                      {node("bar"), table("a..z baz")},
                                      {node("baz"), table("a..z baz")}});
  EXPECT_TRUE(report.ok());
  EXPECT_TRUE(at(report, "a..z").disagree);
  EXPECT_EQ(at(report, "a..z").most_hops(), 2U);
  EXPECT_NE(report.str().find("the tables name different nodes for 1 range"),
            std::string::npos);
}

TEST(CheckTest, DeadEndsAreUnreachableOrUnknown) {
  CheckOptions options;
  options.unreachable = {node("bar")};
  const CheckReport report =
      checked({{node("foo"), table("a..c foo; d..f bar; g..i qux")}}, options);
  EXPECT_FALSE(report.ok());
  EXPECT_EQ(ends(report, "a..c"), Texts{"owner foo foo+0"});
  EXPECT_EQ(ends(report, "d..f"), Texts{"unreachable bar foo+0"});
  EXPECT_EQ(ends(report, "g..i"), Texts{"unknown node qux foo+0"});
  EXPECT_EQ(report.unreachable, std::vector<NodeName>{node("bar")});
  EXPECT_EQ(report.unknown, std::vector<NodeName>{node("qux")});
}

TEST(CheckTest, HopsAreBoundedAsTheRouterBoundsThem) {
  Tables chain;
  for (int i = 0; i < 70; ++i) {
    const std::string name = "n" + std::to_string(100 + i);
    chain[node(name)] =
        table("a..z n" + std::to_string(std::min(100 + i + 1, 169)));
  }
  CheckOptions options;
  options.max_hops = 8;
  const auto reach = [&] {
    const CheckReport report = checked(chain, options);
    std::size_t arrived = 0;
    for (const auto& it : *at(report, "a..z").endings) {
      if (it.end == CallEnd::kOwner) arrived += it.from.size();
    }
    return arrived;
  };
  EXPECT_EQ(reach(), 9U);
  options.max_hops = 1000;  // counts as 64
  EXPECT_EQ(reach(), 65U);
}

TEST(CheckTest, SlotsAreCutAtTheBoundsOfAllTables) {
  const auto parse = [](const std::string& text) {
    return RoutingTable::parse(text).value();
  };
  const CheckReport report = checked(
      {{node("foo"), parse("slots 16384\n0..99 foo@h:1\n100..16383 bar@h:1")},
       {node("bar"),
        parse("slots 16384\n0..199 foo@h:1\n200..16383 bar@h:1")}});
  EXPECT_EQ(report.slots, 16384U);
  EXPECT_EQ(ends(report, "0..99"), Texts{"owner foo bar+1 foo+0"});
  EXPECT_EQ(ends(report, "100..199"), Texts{"circle bar foo bar bar+1 foo+1"});
  EXPECT_EQ(ends(report, "200..16383"), Texts{"owner bar bar+0 foo+1"});
  EXPECT_EQ(hash_slot(at(report, "100..199").example, 16384), 100U);
}

TEST(CheckTest, TablesOfBothKindsAreCrossed) {
  const auto by_slot =
      RoutingTable::parse("slots 4\n0..1 foo@h:1\n2..3 bar@h:1").value();
  const CheckReport report = checked(
      {{node("foo"), table("a..m foo; n..z bar")}, {node("bar"), by_slot}});
  EXPECT_TRUE(report.mixed);
  EXPECT_EQ(ends(report, "a..m 0..1"), Texts{"owner foo bar+1 foo+0"});
  EXPECT_EQ(ends(report, "a..m 2..3"),
            (Texts{"owner bar bar+0", "owner foo foo+0"}));
  EXPECT_EQ(ends(report, "n..z 0..1"), Texts{"circle bar foo bar bar+1 foo+1"});
  EXPECT_NE(report.str().find("in different ways"), std::string::npos);
}

TEST(CheckTest, AHashTagLeavesOneSlotAlone) {
  const auto by_slot =
      RoutingTable::parse("slots 2\n0..0 foo@h:1\n1..1 bar@h:1").value();
  const CheckReport report =
      checked({{node("foo"), table("{a}..{a} foo")}, {node("bar"), by_slot}});
  const std::string slot = std::to_string(hash_slot("a", 2));
  const auto& interval = at(report, "{a}..{a} " + slot + ".." + slot);
  EXPECT_EQ(interval.example, "{a}");
  EXPECT_EQ(std::count_if(
                report.intervals.begin(), report.intervals.end(),
                [](const auto& it) { return it.range.find("{a}..{a}") == 0; }),
            1);
}

TEST(CheckTest, TooManyPiecesOfBothKindsAreRefused) {
  std::vector<RoutingTable::Range> ranges;
  std::vector<RoutingTable::SlotRange> slots;
  for (std::uint32_t i = 0; i < 40; ++i) {
    ranges.push_back({std::string(1, static_cast<char>(i + 1)),
                      std::string(1, static_cast<char>(i + 1)),
                      i % 2 == 0 ? node("foo") : node("bar")});
  }
  for (std::uint32_t i = 0; i < RoutingTable::kMaxSlots; ++i) {
    slots.push_back({i, i, i % 2 == 0 ? node("foo") : node("bar")});
  }
  const auto report =
      check({{node("foo"), RoutingTable::from_ranges(ranges).value()},
             {node("bar"), RoutingTable::from_slots(65536, slots).value()}});
  EXPECT_EQ(report.status().code(), absl::StatusCode::kResourceExhausted)
      << report.status();
}

TEST(CheckTest, ANextTableTellsWhatWouldMove) {
  const RoutingTable now = table("a..m foo; n..z bar").with_version(2);
  CheckOptions options;
  options.next = table("a..k foo; l..z bar; 0..9 foo").with_version(1);
  const CheckReport report = checked(
      {{node("foo"), now}, {node("bar"), now.with_version(1)}}, options);
  ASSERT_EQ(report.moves.size(), 2U) << report;
  EXPECT_EQ(report.moves[0].range, "0..9");
  EXPECT_TRUE(report.moves[0].from.empty());
  EXPECT_EQ(report.moves[0].to, node("foo"));
  EXPECT_EQ(report.moves[1].range, "l..m");
  EXPECT_EQ(report.moves[1].from, std::vector<NodeName>{node("foo")});
  EXPECT_EQ(report.moves[1].to, node("bar"));
  EXPECT_EQ(report.refused_by, std::vector<NodeName>{node("foo")});
  EXPECT_EQ(report.least_version, 1U);
  EXPECT_EQ(report.most_version, 2U);
}

TEST(CheckTest, ANextTableOfTheSameEntriesMovesNothing) {
  const RoutingTable now = table("a..m foo; n..z foo");
  CheckOptions options;
  options.next = table("a..z foo").with_version(7);
  EXPECT_TRUE(checked({{node("foo"), now}}, options).moves.empty());
}

TEST(CheckTest, BadInputIsRefused) {
  EXPECT_EQ(check({}).status().code(), absl::StatusCode::kInvalidArgument);
  EXPECT_EQ(check({{NodeName(), RoutingTable()}}).status().code(),
            absl::StatusCode::kInvalidArgument);
  CheckOptions options;
  options.unreachable = {node("foo")};
  const auto both = check({{node("foo"), RoutingTable()}}, options);
  EXPECT_EQ(both.status().code(), absl::StatusCode::kInvalidArgument);
  EXPECT_NE(std::string(both.status().message()).find("foo@h:1"),
            std::string::npos);
}

TEST(CheckTest, APieceThatNoPrefixEndsIsShownWithWhatComesBehindIt) {
  const CheckReport report =
      checked({{node("foo"), table("a..z foo")},
               {node("bar"), table("a\\x00..z foo; a..a bar")}});
  EXPECT_EQ(ends(report, "a..\\<a\\x00"),
            (Texts{"owner bar bar+0", "owner foo foo+0"}));
}

TEST(CheckTest, ThePrintedReportPutsProblemsFirstWhereNotAllFit) {
  std::string text;
  for (char byte = 'a'; byte < 'z'; ++byte) {
    text += std::string(1, byte) + ".." + byte +
            (byte % 2 == 0 ? " foo; " : " bar; ");
  }
  Tables tables = {{node("foo"), table(text + "z..z foo")},
                   {node("bar"), table(text + "z..z bar")}};
  const CheckReport report = checked(tables);
  const std::string shown = report.str(3);
  EXPECT_NE(shown.find("z..z"), std::string::npos) << shown;
  EXPECT_NE(shown.find("... 25 more"), std::string::npos) << shown;
  EXPECT_EQ(shown.find("y..y"), std::string::npos) << shown;
}

}  // namespace
}  // namespace kv
