#include "base/strings.h"

#include <gtest/gtest.h>

#include <iomanip>
#include <string>

#include "absl/container/flat_hash_map.h"

namespace kv {
namespace {

using namespace std::string_literals;

TEST(QuotedTest, ShowsPrintableAsciiAsItIs) {
  EXPECT_EQ(internal::quoted(""), "\"\"");
  EXPECT_EQ(internal::quoted("shopping {~}"), "\"shopping {~}\"");
}

TEST(QuotedTest, EscapesQuotesAndBackslashes) {
  EXPECT_EQ(internal::quoted("a\"b\\c"), "\"a\\\"b\\\\c\"");
}

TEST(QuotedTest, EscapesAllOtherBytes) {
  EXPECT_EQ(internal::quoted("\0\x1f\x7f\x80\xff"s),
            "\"\\x00\\x1f\\x7f\\x80\\xff\"");
  EXPECT_EQ(internal::quoted("\n\r\t"), "\"\\n\\r\\t\"");
}

TEST(QuotedTest, IsPrintableAsciiForEveryByte) {
  for (int byte = 0; byte < 256; ++byte) {
    for (char shown :
         internal::quoted(std::string(1, static_cast<char>(byte)))) {
      EXPECT_GE(shown, ' ') << byte;
      EXPECT_LE(shown, '~') << byte;
    }
  }
}

TEST(QuotedTest, CutsBehindTheLimit) {
  EXPECT_EQ(internal::quoted("aaa", 3), "\"aaa\"");
  EXPECT_EQ(internal::quoted("aaab", 3), "\"aaa...\"");
  EXPECT_EQ(internal::quoted("\n\n", 1), "\"\\n...\"");
  EXPECT_EQ(internal::quoted(std::string(65, 'a')),
            "\"" + std::string(64, 'a') + "...\"");
}

// <iomanip> has a std::quoted() that leaves the newline as it is.
TEST(QuotedTest, IsNotTheOneOfTheStandardLibrary) {
  std::string bytes = "\n";
  const std::string constant = "\n";
  EXPECT_EQ(internal::quoted(bytes), "\"\\n\"");
  EXPECT_EQ(internal::quoted(constant), "\"\\n\"");
  EXPECT_EQ(internal::quoted(std::string("\n")), "\"\\n\"");
  EXPECT_EQ(internal::quoted(std::string_view(bytes)), "\"\\n\"");
}

TEST(StringsTest, ViewsKeepAllBytesOnTheWayThroughAbseil) {
  const std::string_view view("a\0b", 3);
  EXPECT_EQ(internal::to_std(internal::to_absl(view)), view);
}

TEST(StringsTest, MapsOfStringsCanBeAskedWithViews) {
  absl::flat_hash_map<std::string, int, internal::BytesHash,
                      internal::BytesEqual>
      map;
  map["a\0b"s] = 1;
  EXPECT_EQ(map.count(std::string_view("a\0b", 3)), 1U);
  EXPECT_EQ(map.count(std::string_view("a")), 0U);
}

}  // namespace
}  // namespace kv
