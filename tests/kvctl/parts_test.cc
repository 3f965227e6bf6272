// Parts of kvctl that need no cluster.
#include <gtest/gtest.h>

#include <chrono>
#include <random>
#include <sstream>
#include <string>
#include <vector>

#include "kvctl/app.h"
#include "kvctl/bench.h"
#include "kvctl/bytes.h"
#include "kvctl/completion.h"
#include "kvctl/histogram.h"
#include "kvctl/output.h"
#include "kvctl/typed_op.h"
#include "kvctl/words.h"

namespace kvctl {
namespace {

using Words = std::vector<std::string>;

TEST(BytesTest, EscapesStandForBytes) {
  EXPECT_EQ(*unescape("a\\x00\\xFFb"), std::string("a\0\xff"
                                                   "b",
                                                   4));
  EXPECT_EQ(*unescape("\\n\\r\\t\\\\\\.\\#\\ "), "\n\r\t\\.# ");
  EXPECT_EQ(*unescape(""), "");
  EXPECT_EQ(*unescape("\xc3\xa9"), "\xc3\xa9");
}

TEST(BytesTest, WhatIsNoEscapeIsNamed) {
  for (const char* text : {"\\", "a\\q", "\\x", "\\x1", "\\xg0"}) {
    EXPECT_EQ(unescape(text).status().code(),
              absl::StatusCode::kInvalidArgument)
        << text;
  }
  EXPECT_NE(unescape("a\\qb").status().message().find("\"\\q\""),
            absl::string_view::npos);
}

TEST(BytesTest, OnlyPrintableTextIsShownAsItIs) {
  EXPECT_EQ(escape("milk 1"), "milk 1");
  EXPECT_EQ(escape("caf\xc3\xa9"), "caf\xc3\xa9");
  EXPECT_EQ(escape("a\\b"), "a\\\\b");
  EXPECT_EQ(escape(std::string("\0\n\x7f\x1b", 4)), "\\x00\\n\\x7f\\x1b");
  EXPECT_EQ(escape("\xc2\x9b"), "\\xc2\\x9b") << "a control character";
  EXPECT_EQ(escape("\xff\xc3("), "\\xff\\xc3(");
  EXPECT_EQ(escape("\xe2\x82"), "\\xe2\\x82") << "a character cut short";
}

TEST(BytesTest, WhatIsShownCanBeGiven) {
  std::minstd_rand random(1);
  for (int round = 0; round < 2000; ++round) {
    std::string bytes(random() % 12, '\0');
    for (char& byte : bytes) byte = static_cast<char>(random() % 256);
    ASSERT_EQ(*unescape(escape(bytes)), bytes);
    ASSERT_TRUE(is_utf8(escape(bytes)));
    const auto words = split_words("x " + as_word(bytes) + " y");
    ASSERT_TRUE(words.ok());
    ASSERT_EQ(words->size(), 3U) << as_word(bytes);
    ASSERT_EQ(*unescape((*words)[1]), bytes) << as_word(bytes);
  }
}

TEST(BytesTest, JsonHoldsTextOrBase64) {
  EXPECT_EQ(to_json(std::string_view("caf\xc3\xa9")).dump(), "\"caf\xc3\xa9\"");
  EXPECT_EQ(to_json(std::string_view("\xff")).dump(), R"({"base64":"/w=="})");
  EXPECT_EQ(to_json(std::optional<std::string>()).dump(), "null");
  EXPECT_FALSE(is_utf8("\xc0\x80"));          // overlong
  EXPECT_FALSE(is_utf8("\xed\xa0\x80"));      // a surrogate
  EXPECT_FALSE(is_utf8("\xf4\x90\x80\x80"));  // beyond Unicode
  EXPECT_TRUE(is_utf8("\xf0\x9f\x98\x80"));
}

TEST(BytesTest, Base64IsThatOfRfc4648) {
  EXPECT_EQ(base64(""), "");
  EXPECT_EQ(base64("f"), "Zg==");
  EXPECT_EQ(base64("fo"), "Zm8=");
  EXPECT_EQ(base64("foo"), "Zm9v");
  EXPECT_EQ(base64("foob"), "Zm9vYg==");
}

TEST(WordsTest, AreParted) {
  EXPECT_EQ(*split_words("put  shopping\tmilk 1 "),
            (Words{"put", "shopping", "milk", "1"}));
  EXPECT_EQ(*split_words("  # all of it"), Words());
  EXPECT_EQ(*split_words("a#b # rest"), Words{"a#b"});
  EXPECT_EQ(*split_words(""), Words());
}

TEST(WordsTest, QuotesAndBackslashesKeepThemTogether) {
  EXPECT_EQ(*split_words(R"(put s "a b" 'c d' "")"),
            (Words{"put", "s", "a b", "c d", ""}));
  EXPECT_EQ(*split_words(R"(a\ b)"), Words{R"(a\ b)"});
  EXPECT_EQ(*split_words(R"("say \"hi\"")"), Words{R"(say "hi")"});
  EXPECT_EQ(*split_words(R"('a\b')"), Words{R"(a\\b)"});
  EXPECT_EQ(*split_words(R"({"a":1})"), Words{"{a:1}"});
  EXPECT_EQ(*split_words(R"('{"a":1}')"), Words{R"({"a":1})"});
  EXPECT_FALSE(split_words("\"a").ok());
}

TEST(ColumnsTest, AreAlignedByCharacters) {
  Columns columns({"KEY", "VALUE"});
  columns.add({"caf\xc3\xa9s", "1"});
  columns.add({"x", "2"});
  EXPECT_EQ(columns.str(false), "KEY    VALUE\ncaf\xc3\xa9s  1\nx      2\n");
  EXPECT_EQ(columns.str(true).substr(0, 4), "\x1b[1m");
}

TEST(EndingTest, TheExitCodeSaysWhoseFaultItIs) {
  EXPECT_EQ(ending_of(absl::OkStatus()).exit, Exit::kFine);
  EXPECT_EQ(ending_of(absl::NotFoundError("")).exit, Exit::kNotFound);
  EXPECT_EQ(ending_of(usage_error("")).exit, Exit::kUsage);
  EXPECT_EQ(ending_of(absl::InvalidArgumentError("")).exit, Exit::kRefused);
  EXPECT_EQ(ending_of(absl::PermissionDeniedError("")).exit, Exit::kRefused);
  EXPECT_EQ(ending_of(absl::UnavailableError("")).exit, Exit::kUnreachable);
  EXPECT_EQ(ending_of(absl::DeadlineExceededError("")).exit,
            Exit::kUnreachable);
}

TEST(HistogramTest, QuantilesAreWithin4Percent) {
  Histogram times;
  for (int i = 1; i <= 10000; ++i) times.record(std::chrono::microseconds(i));
  const auto near = [](std::chrono::nanoseconds time, double wanted) {
    return std::abs(static_cast<double>(time.count()) / wanted - 1) < 0.04;
  };
  EXPECT_TRUE(near(times.quantile(0.5), 5e6)) << times.quantile(0.5).count();
  EXPECT_TRUE(near(times.quantile(0.99), 9.9e6));
  EXPECT_EQ(times.quantile(1), std::chrono::milliseconds(10));
  EXPECT_EQ(times.least(), std::chrono::microseconds(1));
  EXPECT_TRUE(near(times.mean(), 5.0005e6));
  EXPECT_EQ(times.count(), 10000U);
}

TEST(HistogramTest, AnyTimeFits) {
  Histogram times;
  times.record(std::chrono::nanoseconds(-1));
  times.record(std::chrono::nanoseconds(0));
  times.record(std::chrono::nanoseconds::max());
  EXPECT_EQ(times.quantile(0.5), std::chrono::nanoseconds(0));
  EXPECT_EQ(times.quantile(1), std::chrono::nanoseconds::max());
  EXPECT_NE(times.bars(), "");
  EXPECT_EQ(Histogram().quantile(0.5), std::chrono::nanoseconds(0));
}

TEST(HistogramTest, TwoBecomeOne) {
  Histogram a;
  Histogram b;
  a.record(std::chrono::seconds(1));
  b.record(std::chrono::seconds(3));
  a.add(b);
  EXPECT_EQ(a.count(), 2U);
  EXPECT_EQ(a.mean(), std::chrono::seconds(2));
  EXPECT_EQ(a.most(), std::chrono::seconds(3));
}

TEST(BenchTest, BucketsLieOnAllNodesOfATable) {
  const auto node = kv::NodeName::parse("foo@h:1").value();
  for (const char* text :
       {"a..m foo@h:1\nn..z bar@h:1", "slots 64\n0..31 foo@h:1\n32..63 bar@h:1",
        "user:a..user:f foo@h:1\n.. bar@h:1"}) {
    const auto table = kv::RoutingTable::parse(text).value();
    int of_foo = 0;
    const Words names = bench_buckets(node, table, 12, "-x-");
    EXPECT_EQ(names.size(), 12U) << text;
    for (const std::string& name : names) {
      ASSERT_NE(table.find(name), nullptr) << name;
      if (*table.find(name) == "foo@h:1") ++of_foo;
    }
    EXPECT_GT(of_foo, 0) << text;
    EXPECT_LT(of_foo, 12) << text;
  }
  EXPECT_TRUE(bench_buckets(node, kv::RoutingTable(), 4, "-x-").empty());
}

TEST(TypedOpTest, ADescriptionThatMakesNoSenseIsRefused) {
  kv::OpDescription op;
  op.info = {"X", {}, 0, "a.B", "a.C"};
  EXPECT_FALSE(TypedOp::of(op).ok());
  op.descriptors = "no descriptors";
  EXPECT_FALSE(TypedOp::of(op).ok());
}

Candidates behind(const Words& words) {
  Candidates found;
  App::with_command_line(
      [&](const CLI::App& root) { found = candidates(root, words); });
  return found;
}
bool has(const Candidates& candidates, const std::string& word) {
  return std::count(candidates.words.begin(), candidates.words.end(), word) > 0;
}

TEST(CandidatesTest, AreCommandsThenWhatACommandTakes) {
  EXPECT_TRUE(has(behind({}), "put"));
  EXPECT_TRUE(has(behind({}), "--json"));
  EXPECT_FALSE(behind({}).buckets);
  EXPECT_TRUE(behind({"get"}).buckets);
  EXPECT_FALSE(behind({"get", "shopping"}).buckets);
  EXPECT_FALSE(has(behind({"get"}), "put"));
  EXPECT_TRUE(has(behind({"scan", "shopping"}), "--prefix"));
  EXPECT_TRUE(behind({"buckets"}).nodes);
  EXPECT_TRUE(behind({"ping", "foo@h:1"}).nodes);
  EXPECT_TRUE(has(behind({"table"}), "diff"));
  EXPECT_TRUE(behind({"table", "diff"}).files);
  EXPECT_TRUE(behind({"table", "diff", "x"}).nodes);
  EXPECT_TRUE(behind({"--json", "--timeout", "3", "drop"}).buckets);
  EXPECT_TRUE(behind({"--node"}).nodes);
  EXPECT_FALSE(has(behind({"--node"}), "put"));
  EXPECT_TRUE(behind({"check", "--next"}).files);
}

// What kvctl does without a cluster.
struct Ran {
  Exit exit;
  std::string out;
  std::string err;
  bool shell;
};
Ran run(const Words& words) {
  std::istringstream in;
  std::ostringstream out;
  std::ostringstream err;
  App app({in, out, err});
  const Exit exit = app.run(words);
  return {exit, out.str(), err.str(), app.shell_wanted()};
}

TEST(AppTest, WithoutACommandAShellIsWanted) {
  EXPECT_TRUE(run({}).shell);
  EXPECT_TRUE(run({"--node", "foo@h:1"}).shell);
  EXPECT_FALSE(run({"--help"}).shell);
  EXPECT_FALSE(run({"nonsense"}).shell);
}

TEST(AppTest, AnOptionMayStandBehindTheCommand) {
  const Ran ran = run({"get", "a", "b", "--node", "bad", "--json"});
  EXPECT_EQ(ran.exit, Exit::kUsage);
  EXPECT_NE(ran.err.find("{\"error\":\"bad node name"), std::string::npos)
      << ran.err;
}

TEST(AppTest, HelpIsOfCommandsThatThereAre) {
  EXPECT_EQ(run({"help", "table", "set"}).out,
            run({"table", "set", "--help"}).out);
  EXPECT_EQ(run({"help"}).out, run({"--help"}).out);
  const Ran ran = run({"help", "nonsense"});
  EXPECT_EQ(ran.exit, Exit::kUsage);
  EXPECT_NE(ran.err.find("nonsense"), std::string::npos) << ran.err;
}

TEST(AppTest, CompletionIsForBash) {
  EXPECT_EQ(run({"completion", "fish"}).exit, Exit::kUsage);
  EXPECT_NE(run({"completion", "bash"}).out.find("complete"),
            std::string::npos);
}

}  // namespace
}  // namespace kvctl
