// The text form of a RoutingTable: what parse() reads, refuses and str()
// prints.
#include <gtest/gtest.h>

#include <string>
#include <vector>

#include "kv/routing_table.h"

namespace kv {
namespace {

using namespace std::string_literals;

RoutingTable table(std::string_view text) {
  return RoutingTable::parse(text).value();
}

std::string error(std::string_view text) {
  const absl::StatusOr<RoutingTable> table = RoutingTable::parse(text);
  if (table.ok()) return "accepted as " + table->summary();
  EXPECT_EQ(table.status().code(), absl::StatusCode::kInvalidArgument);
  return std::string(table.status().message());
}

// The table of one range from these bytes to these.
RoutingTable range(std::string first, std::string last) {
  return RoutingTable::from_ranges({{std::move(first), std::move(last),
                                     NodeName::parse("a@h:1").value()}})
      .value();
}

TEST(TableTextTest, PrintsWhatItReads) {
  for (std::string text : {
           "",
           "a..m foo@127.0.0.1:4001\nn..z bar@127.0.0.1:4002\n",
           "version 18446744073709551615\n.. foo@[::1]:4001\n",
           "slots 16384\n0..8191 foo@h:1\n8192..16383 bar@h:1\n",
           "slots 1\nversion 3\n0..0 foo@h:1\n",
           "slots 65536\n",
           "version 1\n",
           "\\x00..\\x20 a@h:1\n!..\\# b@h:1\n\\.\\.\\...\\\\ c@h:1\n",
       }) {
    EXPECT_EQ(table(text).str(), text);
  }
}

TEST(TableTextTest, EveryByteRoundTripsInABound) {
  for (int byte = 0; byte < 256; ++byte) {
    const std::string bound(1, static_cast<char>(byte));
    for (const RoutingTable& each :
         {range(bound, bound), range(bound + bound + bound, ""),
          range("", bound + bound)}) {
      const std::string text = each.str();
      EXPECT_EQ(table(text), each) << text;
      for (char c : text.substr(0, text.size() - 1)) {
        EXPECT_TRUE(c >= ' ' && c <= '~') << text;
      }
    }
  }
}

TEST(TableTextTest, WhatMeansSomethingIsPrintedEscaped) {
  EXPECT_EQ(range("a b", "a.b").str(), "a\\x20b..a\\.b a@h:1\n");
  EXPECT_EQ(range("#", "\\").str(), "\\#..\\\\ a@h:1\n");
  EXPECT_EQ(range("\x01", "\xff").str(), "\\x01..\\xff a@h:1\n");
  EXPECT_EQ(range("!", "~\x7f").str(), "!..~\\x7f a@h:1\n");
}

TEST(TableTextTest, EscapesStandForOneByteEach) {
  EXPECT_EQ(table("\\x00..\\xfF a@h:1"), range("\0"s, "\xff"));
  EXPECT_EQ(table("\\ ..\\\\ a@h:1"), range(" ", "\\"));
  EXPECT_EQ(table("\\#..\\. a@h:1"), range("#", "."));
  EXPECT_EQ(table("a\\x20b..a\\ c a@h:1"), range("a b", "a c"));
}

TEST(TableTextTest, OtherBytesStandForThemselves) {
  EXPECT_EQ(table("\xc3\xa4..\xc3\xbc a@h:1"), range("\xc3\xa4", "\xc3\xbc"));
  EXPECT_EQ(table("user:a..user:f a@h:1"), range("user:a", "user:f"));
}

TEST(TableTextTest, TheFirstTwoBareDotsSplitARange) {
  EXPECT_EQ(table("a.b..c.d a@h:1"), range("a.b", "c.d"));
  EXPECT_EQ(table("-...m a@h:1"), range("-", ".m"));
  EXPECT_EQ(table("-\\...m a@h:1"), range("-.", "m"));
  EXPECT_EQ(table("... a@h:1"), range("", "."));
  EXPECT_EQ(table("..\\.\\. a@h:1"), range("", ".."));
  EXPECT_EQ(table("a..m. a@h:1"), range("a", "m."));
  EXPECT_EQ(table("a.\\...m a@h:1"), range("a..", "m"));
}

TEST(TableTextTest, EmptyBoundsAreWrittenAsNothing) {
  EXPECT_EQ(table(".. a@h:1"), range("", ""));
  EXPECT_EQ(table("..m a@h:1"), range("", "m"));
  EXPECT_EQ(table("n.. a@h:1"), range("n", ""));
}

TEST(TableTextTest, BlanksCommentsAndLineEndsCountForNothing) {
  const RoutingTable two = table("a..m a@h:1\nn..z b@h:1\n");
  EXPECT_EQ(table("a..m a@h:1\r\nn..z b@h:1"), two);
  EXPECT_EQ(table("\n \t\n# all\n  a..m \t a@h:1  # half\r\n\r\n"
                  "\tn..z b@h:1# and half\n   # end"),
            two);
  EXPECT_EQ(table("# a..m a@h:1"), RoutingTable());
  EXPECT_EQ(table("\r\n"), RoutingTable());
}

TEST(TableTextTest, DirectivesMayStandInAnyOrder) {
  EXPECT_EQ(table("version 3\n\nslots 16 # few\n0..7 a@h:1"),
            table("slots 16\nversion 3\n0..7 a@h:1"));
  EXPECT_EQ(table("version 0\na..m a@h:1"), table("a..m a@h:1"));
}

TEST(TableTextTest, DirectivesStandOnceBeforeTheEntries) {
  EXPECT_EQ(error("slots 16\nslots 16"), "line 2: second \"slots\"");
  EXPECT_EQ(error("version 0\n\nversion 0"), "line 3: second \"version\"");
  EXPECT_EQ(error("a..m a@h:1\nslots 16"),
            "line 2: \"slots\" behind the first entry");
  EXPECT_EQ(error("a..m a@h:1\nversion 1"),
            "line 2: \"version\" behind the first entry");
}

TEST(TableTextTest, DirectivesHaveOneNumberEach) {
  for (std::string wrong : {"", " 0", " 65537", " -1", " +1", " 16x", " 16 16",
                            " 99999999999999999999"}) {
    EXPECT_EQ(error("slots" + wrong),
              "line 1: expected \"slots N\" with N from 1 to 65536");
  }
  EXPECT_EQ(table("slots 65536").slots(), 65536U);
  for (std::string wrong : {"", " -1", " x", " 1 1", " 18446744073709551616"}) {
    EXPECT_EQ(error("version" + wrong),
              "line 1: expected \"version N\" with N from 0 to "
              "18446744073709551615");
  }
}

TEST(TableTextTest, AnEntryHasARangeAndANode) {
  EXPECT_EQ(error("\nfoo"),
            "line 2: expected \"first..last node\", not \"foo\"");
  EXPECT_EQ(error("a-m foo@h:1"),
            "line 1: expected \"first..last node\", not \"a-m\"");
  EXPECT_EQ(error("a\\..m a@h:1"),
            "line 1: expected \"first..last node\", not \"a\\\\..m\"");
  EXPECT_EQ(error("a..m"),
            "line 1: expected \"first..last node\", but no node follows "
            "\"a..m\"");
  EXPECT_EQ(error("a..m # foo@h:1"),
            "line 1: expected \"first..last node\", but no node follows "
            "\"a..m\"");
  EXPECT_EQ(error("a..m foo@h:1 bar@h:1"),
            "line 1: expected \"first..last node\", but \"bar@h:1\" follows "
            "the node");
}

TEST(TableTextTest, BadNodesAreNamed) {
  EXPECT_EQ(error("a..l a@h:1\nm..m foo"),
            "line 2: bad node name \"foo\": missing '@'");
  EXPECT_EQ(error("a..m foo@h:0"),
            "line 1: bad node name \"foo@h:0\": nobody can dial port 0");
  EXPECT_EQ(error("a..m f\x01@h:1"),
            "line 1: bad node name \"f\\x01@h:1\": \"\\x01\" in its short "
            "name");
}

TEST(TableTextTest, UnknownEscapesAreNamed) {
  const auto unknown = [](const std::string& escape) {
    return "line 1: unknown escape \"" + escape + "\" in a bound";
  };
  EXPECT_EQ(error("\\q..z a@h:1"), unknown("\\q"));
  EXPECT_EQ(error("a..\\n a@h:1"), unknown("\\n"));
  EXPECT_EQ(error("a..\\x a@h:1"), unknown("\\x"));
  EXPECT_EQ(error("a..\\x4 a@h:1"), unknown("\\x4"));
  EXPECT_EQ(error("a..\\x4g1 a@h:1"), unknown("\\x4g"));
  EXPECT_EQ(error("a..\\xg4 a@h:1"), unknown("\\xg4"));
  EXPECT_EQ(error("a..\\X41 a@h:1"), unknown("\\X"));
  EXPECT_EQ(error("a..\\\t a@h:1"), unknown("\\\\t"));
  EXPECT_EQ(error("a..\\\xff a@h:1"), unknown("\\\\xff"));
}

// The backslash would escape the end of the line.
TEST(TableTextTest, ABackslashAtTheEndIsPartOfItsWord) {
  EXPECT_EQ(error("a..m\\"),
            "line 1: expected \"first..last node\", but no node follows "
            "\"a..m\\\\\"");
  EXPECT_EQ(error("a..m a@h:1 \\\n"),
            "line 1: expected \"first..last node\", but \"\\\\\" follows the "
            "node");
}

TEST(TableTextTest, ARangeHasTwoBounds) {
  EXPECT_EQ(error("a..m..z a@h:1"),
            "line 1: second \"..\" in a range; a dot of a bound is written "
            "\\.");
  EXPECT_EQ(error("a....z a@h:1"),
            "line 1: second \"..\" in a range; a dot of a bound is written "
            "\\.");
}

TEST(TableTextTest, LongBoundsAreRefused) {
  const std::string longest(1024, 'a');
  EXPECT_EQ(table(longest + ".. a@h:1"), range(longest, ""));
  EXPECT_EQ(error("\n" + longest + "a.. a@h:1"),
            "line 2: a bound of 1025 bytes; at most 1024");
  std::string escaped;
  for (int i = 0; i < 1024; ++i) escaped += "\\x61";
  EXPECT_EQ(table(escaped + ".. a@h:1"), range(longest, ""));
}

TEST(TableTextTest, InvertedRangesAreRefused) {
  EXPECT_EQ(error("A..B a@h:1\n# and\nz..a b@h:1\n"),
            "line 3: inverted range z..a: no name is >= \"z\" and begins with "
            "at most \"a\"");
  EXPECT_EQ(error("ab..aa a@h:1"),
            "line 1: inverted range ab..aa: no name is >= \"ab\" and begins "
            "with at most \"aa\"");
  EXPECT_EQ(error("\\xff..\\x00 a@h:1"),
            "line 1: inverted range \\xff..\\x00: no name is >= \"\\xff\" and "
            "begins with at most \"\\x00\"");
  EXPECT_EQ(error("slots 16\n7..6 a@h:1"), "line 2: inverted range 7..6");
}

TEST(TableTextTest, EntriesThatCantBeReachedAreRefused) {
  EXPECT_EQ(error("a..b foo@h:1\n\nb..m bar@h:1\nc..d baz@h:1\n"),
            "line 4: entry c..d baz@h:1 can't be reached: line 3 takes all of "
            "it");
  EXPECT_EQ(error("a..b foo@h:1\nc..d bar@h:1\na..d baz@h:1\n"),
            "line 3: entry a..d baz@h:1 can't be reached: entries before it "
            "take all of it");
  EXPECT_EQ(error("slots 16\n0..15 foo@h:1\n3..4 baz@h:1\n"),
            "line 3: entry 3..4 baz@h:1 can't be reached: line 2 takes all of "
            "it");
  EXPECT_EQ(error("slots 4\n0..1 foo@h:1\n2..3 bar@h:1\n0..3 baz@h:1\n"),
            "line 4: entry 0..3 baz@h:1 can't be reached: entries before it "
            "take all of it");
}

// Part of line 2 went to line 1, but line 2 alone would have taken all.
TEST(TableTextTest, TheLineThatTakesAllIsNamedEvenIfOthersHelped) {
  EXPECT_EQ(error("c..c foo@h:1\na..m bar@h:1\nb..d baz@h:1\n"),
            "line 3: entry b..d baz@h:1 can't be reached: line 2 takes all of "
            "it");
}

TEST(TableTextTest, SlotsAreNumbersBelowTheirCount) {
  for (std::string wrong : {"", "x", "-1", "0x1", "1.5", "4294967296"}) {
    EXPECT_EQ(
        error("slots 16\n0.." + wrong + " a@h:1"),
        "line 2: bad slot \"" + wrong + "\": expected a number from 0 to 15");
  }
  EXPECT_EQ(error("slots 16\na..m a@h:1"),
            "line 2: bad slot \"a\": expected a number from 0 to 15");
  EXPECT_EQ(error("slots 16\n\n0..16 a@h:1"),
            "line 3: slot 16 is beyond the last one, 15");
}

TEST(TableTextTest, LongTextsInErrorsAreCut) {
  const std::string bound(1024, '\xff');
  EXPECT_LT(error(bound + "..a a@h:1").size(), 1024U);
  EXPECT_LT(error(".. a@h:1\n" + bound + ".." + bound + " a@h:1").size(),
            1024U);
  EXPECT_LT(error(bound).size(), 1024U);
}

TEST(TableTextTest, RefusesMoreThanAMillionEntries) {
  std::string text;
  for (int i = 0; i < 1'000'000; ++i) text += "a..a a@h:1\n";
  EXPECT_EQ(error(text + "a..a a@h:1\n"),
            "line 1000001: more than 1000000 entries");
}

TEST(TableTextTest, RefusesMoreThan64MiB) {
  std::string text(64 << 20, '#');
  EXPECT_EQ(table(text), RoutingTable());
  text += '#';
  EXPECT_EQ(error(text), "a table of 67108865 bytes; at most 67108864");
}

}  // namespace
}  // namespace kv
