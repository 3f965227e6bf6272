#include "kv_server/command.h"

#include <gtest/gtest.h>

#include <algorithm>
#include <array>
#include <random>
#include <string>
#include <vector>

#include "fault/seed.h"
#include "kv_server/words.h"

namespace kv_tests {
namespace {

using kv_server::Command;
using kv_server::parse_command;
using Kind = kv_server::Command::Kind;
using Words = std::vector<std::string>;

// "PUT shopping milk 1", as it was understood.
std::string understood(const std::string& line) {
  const auto command = parse_command(line);
  if (!command.has_value()) return "unknown command";
  std::string text = kv_server::command_name(command->kind);
  for (const std::string_view word :
       {command->bucket, command->key, command->value}) {
    if (!word.empty()) text += " " + std::string(word);
  }
  return text;
}

Words words_of(const std::string& text) {
  Words words;
  kv_server::WordReader reader(text);
  while (const auto word = reader.next()) words.emplace_back(*word);
  return words;
}

// Unicode's white space but what does not break, each as it is in UTF-8.
const std::vector<std::string>& spaces() {
  static const std::vector<std::string> all = {
      "\t",     "\n",     "\v",     "\f",     "\r",     " ",
      "\u0085", "\u1680", "\u2000", "\u2001", "\u2002", "\u2003",
      "\u2004", "\u2005", "\u2006", "\u2008", "\u2009", "\u200a",
      "\u2028", "\u2029", "\u205f", "\u3000"};
  return all;
}

// The same by other means: a list of spaces, tried one after the other.
Words simply_split(const std::string& text) {
  Words words;
  std::string word;
  for (std::size_t at = 0; at < text.size();) {
    const auto space = std::find_if(
        spaces().begin(), spaces().end(), [&](const std::string& it) {
          return text.compare(at, it.size(), it) == 0;
        });
    if (space == spaces().end()) {
      word += text[at++];
      continue;
    }
    if (!word.empty()) words.push_back(word);
    word.clear();
    at += space->size();
  }
  if (!word.empty()) words.push_back(word);
  return words;
}

std::string simply_understood(const std::string& line) {
  const Words words = simply_split(line);
  static const std::vector<std::pair<std::string, std::size_t>> known = {
      {"CREATE", 2}, {"GET", 3}, {"PUT", 4}, {"DELETE", 3}};
  for (const auto& [name, count] : known) {
    if (words.size() != count || words[0] != name) continue;
    std::string text = name;
    for (std::size_t i = 1; i < count; ++i) text += " " + words[i];
    return text;
  }
  return "unknown command";
}

TEST(KvServerCommandTest, ReadsWhatTheGuideReads) {
  EXPECT_EQ(understood("CREATE shopping\r\n"), "CREATE shopping");
  EXPECT_EQ(understood("CREATE  shopping  \r\n"), "CREATE shopping");
  EXPECT_EQ(understood("PUT shopping milk 1\r\n"), "PUT shopping milk 1");
  EXPECT_EQ(understood("GET shopping milk\r\n"), "GET shopping milk");
  EXPECT_EQ(understood("DELETE shopping eggs\r\n"), "DELETE shopping eggs");
  EXPECT_EQ(understood("UNKNOWN shopping eggs\r\n"), "unknown command");
  EXPECT_EQ(understood("GET shopping\r\n"), "unknown command");
}

TEST(KvServerCommandTest, TellsTheWordsApart) {
  const auto put = parse_command(" PUT\tshopping  milk 1 ");
  ASSERT_TRUE(put.has_value());
  EXPECT_EQ(put->kind, Kind::kPut);
  EXPECT_EQ(put->bucket, "shopping");
  EXPECT_EQ(put->key, "milk");
  EXPECT_EQ(put->value, "1");
}

TEST(KvServerCommandTest, DoesNotKnowWhatHasMoreOrFewerWords) {
  for (const char* line :
       {"", " ", "CREATE", "CREATE a b", "GET a", "GET a b c", "PUT a b",
        "PUT a b c d", "DELETE a", "DELETE a b c", "a b c d e f g"}) {
    EXPECT_EQ(understood(line), "unknown command") << line;
  }
}

TEST(KvServerCommandTest, MindsCapitals) {
  for (const char* line : {"create a", "Get a b", "put a b c", "DELETe a b"}) {
    EXPECT_EQ(understood(line), "unknown command") << line;
  }
}

TEST(KvServerCommandTest, TakesBytesOfAnyKind) {
  const std::string bucket("\0\x01\xff\x80\"", 5);
  const std::string line = "CREATE " + bucket;
  const auto create = parse_command(line);
  ASSERT_TRUE(create.has_value());
  EXPECT_EQ(create->bucket, bucket);
}

// What Elixir 1.14 answers.
TEST(KvServerWordsTest, SplitAsElixirSplits) {
  EXPECT_EQ(words_of("a\u2003b\u3000\u1680 c\u0085"), (Words{"a", "b", "c"}));
  EXPECT_EQ(words_of("a\u00a0b\u2007c\u202fd\u200be\ufefff"),
            Words{"a\u00a0b\u2007c\u202fd\u200be\ufefff"});
  EXPECT_EQ(words_of("a\x1c\x1d\x1e\x1f"
                     "b"),
            Words{"a\x1c\x1d\x1e\x1f"
                  "b"});
  EXPECT_EQ(words_of("\xf0\xc2\x85x"), (Words{"\xf0", "x"}));
  EXPECT_EQ(words_of("a\xe2\xe2\x80\x80x"), (Words{"a\xe2", "x"}));
  EXPECT_EQ(words_of("\xff \x80"), (Words{"\xff", "\x80"}));
  EXPECT_EQ(words_of("\x85\xc2"), Words{"\x85\xc2"});
}

TEST(KvServerWordsTest, EverySpaceSeparates) {
  for (const std::string& space : spaces()) {
    EXPECT_EQ(words_of(space + "a" + space + space + "b" + space),
              (Words{"a", "b"}));
  }
}

TEST(KvServerWordsTest, AgreesWithASimplerReaderOnAllShortBytes) {
  // Those of all spaces, and some others.
  const std::string bytes =
      "\xc2\xe1\xe2\xe3\x80\x81\x85\x87\x8a\x8b\x9a\x9f\xa0\xa8\xaf a\t";
  std::array<std::size_t, 4> at{};
  for (;;) {
    std::string text = "x";
    for (const std::size_t each : at) text += bytes[each];
    ASSERT_EQ(words_of(text), simply_split(text))
        << ::testing::PrintToString(text);
    std::size_t place = 0;
    while (place < at.size() && ++at[place] == bytes.size()) at[place++] = 0;
    if (place == at.size()) break;
  }
}

TEST(KvServerCommandTest, AgreesWithASimplerReaderOnRandomLines) {
  const std::uint32_t seed = kv::internal::test_seed();
  SCOPED_TRACE(kv::internal::shown(seed));
  std::mt19937 random(seed);
  std::vector<std::string> parts = spaces();
  parts.insert(parts.end(),
               {"CREATE", "GET", "PUT", "DELETE", "a", "bucket",
                std::string(1, '\0'), "\xff", "\xe2", "\x80", "\xc2"});
  std::size_t known = 0;
  for (int round = 0; round < 100000; ++round) {
    std::string line;
    if (random() % 2 == 0) line = parts[spaces().size() + random() % 4];
    for (std::size_t left = random() % 9; left > 0; --left) {
      line += random() % 2 == 0 ? " " : "";
      line += parts[random() % parts.size()];
    }
    ASSERT_EQ(understood(line), simply_understood(line))
        << ::testing::PrintToString(line);
    known += understood(line) == "unknown command" ? 0 : 1;
  }
  EXPECT_GT(known, 1000U);
}

}  // namespace
}  // namespace kv_tests
