#include "kv_server/line_reader.h"

#include <gtest/gtest.h>

#include <random>
#include <string>
#include <string_view>
#include <vector>

#include "fault/seed.h"

namespace kv_tests {
namespace {

using kv_server::LineReader;
using Lines = std::vector<std::string>;

const char kTooLong[] = "(too long)";

std::string shown(const LineReader::Line& line) {
  return line.too_long ? kTooLong : std::string(line.text);
}

void read_all(LineReader& reader, Lines& lines) {
  while (const auto line = reader.next()) lines.push_back(shown(*line));
  reader.save();
}

Lines lines_of(std::size_t max_bytes, const std::vector<std::string>& pieces) {
  LineReader reader(max_bytes);
  Lines lines;
  for (std::string piece : pieces) {
    reader.feed(piece);
    read_all(reader, lines);
    piece.assign(piece.size(), '!');  // it is not borrowed any more
  }
  return lines;
}

// The same by other means: the bytes as a whole.
Lines simply_lines_of(std::size_t max_bytes, std::string_view bytes) {
  Lines lines;
  while (!bytes.empty()) {
    const std::size_t end = bytes.find('\n');
    std::string line(bytes.substr(0, end));
    bytes.remove_prefix(end == std::string_view::npos ? bytes.size() : end + 1);
    if (!line.empty() && line.back() == '\r') line.pop_back();
    if (line.size() > max_bytes) {
      lines.emplace_back(kTooLong);
    } else if (end != std::string_view::npos) {
      lines.push_back(line);
    }
  }
  return lines;
}

TEST(KvServerLineReaderTest, EndsLinesWithOrWithoutReturn) {
  EXPECT_EQ(lines_of(10, {"a\r\nb\n\n\r\nc\rd\n"}),
            (Lines{"a", "b", "", "", "c\rd"}));
}

TEST(KvServerLineReaderTest, JoinsPieces) {
  EXPECT_EQ(lines_of(10, {"", "a", "b", "c\r", "\nd", "e\nf\ng", "\n"}),
            (Lines{"abc", "de", "f", "g"}));
}

TEST(KvServerLineReaderTest, KeepsWhatHasNoEnd) {
  EXPECT_EQ(lines_of(10, {"a\nb"}), Lines{"a"});
}

TEST(KvServerLineReaderTest, TellsALongLineOnceAndSkipsIt) {
  EXPECT_EQ(lines_of(3, {"abc\nabcd\nx\n"}), (Lines{"abc", kTooLong, "x"}));
  EXPECT_EQ(lines_of(3, {"ab", "cd", "efgh", "ijk\nx", "\n"}),
            (Lines{kTooLong, "x"}));
  EXPECT_EQ(lines_of(3, {"abc\r\n", "abcd\r\n"}), (Lines{"abc", kTooLong}));
}

TEST(KvServerLineReaderTest, TellsALongLineBeforeItsEnd) {
  EXPECT_EQ(lines_of(3, {"abcd"}), Lines{kTooLong});
  EXPECT_EQ(lines_of(3, {"abc\r"}), Lines{});
  EXPECT_EQ(lines_of(3, {"abc\r", "x"}), Lines{kTooLong});
}

TEST(KvServerLineReaderTest, GoesOnWhereItWasLeftOff) {
  LineReader reader(10);
  std::string piece = "a\nb\nc\nd";
  reader.feed(piece);
  EXPECT_EQ(shown(*reader.next()), "a");
  reader.save();
  piece = "!!!!!!!";
  EXPECT_EQ(shown(*reader.next()), "b");
  reader.save();
  EXPECT_EQ(shown(*reader.next()), "c");
  EXPECT_FALSE(reader.next().has_value());
  reader.save();
  reader.feed("e\nf\n");
  EXPECT_EQ(shown(*reader.next()), "de");
  reader.save();
  EXPECT_EQ(shown(*reader.next()), "f");
  EXPECT_FALSE(reader.next().has_value());
}

TEST(KvServerLineReaderTest, AgreesWithASimplerReaderHoweverTheBytesAreCut) {
  const std::uint32_t seed = kv::internal::test_seed();
  SCOPED_TRACE(kv::internal::shown(seed));
  std::mt19937 random(seed);
  for (int round = 0; round < 50000; ++round) {
    std::string bytes;
    for (std::size_t left = random() % 40; left > 0; --left) {
      bytes += "ab\r\n\n"[random() % 5];
    }
    std::vector<std::string> pieces;
    for (std::string_view rest = bytes; !rest.empty();) {
      const std::size_t length = 1 + random() % rest.size();
      pieces.emplace_back(rest.substr(0, length));
      rest.remove_prefix(length);
    }
    const std::size_t max_bytes = random() % 6;
    ASSERT_EQ(lines_of(max_bytes, pieces), simply_lines_of(max_bytes, bytes))
        << ::testing::PrintToString(pieces) << " at most " << max_bytes;
  }
}

TEST(KvServerLineReaderTest, AgreesAlsoWithPausesAfterAnyLine) {
  const std::uint32_t seed = kv::internal::test_seed();
  SCOPED_TRACE(kv::internal::shown(seed));
  std::mt19937 random(seed);
  for (int round = 0; round < 50000; ++round) {
    LineReader reader(4);
    std::string all;
    Lines lines;
    for (std::size_t left = random() % 6; left > 0; --left) {
      std::string piece;
      for (std::size_t i = random() % 12; i > 0; --i) {
        piece += "ab\r\n\n"[random() % 5];
      }
      all += piece;
      reader.feed(piece);
      while (const auto line = reader.next()) {
        lines.push_back(shown(*line));
        if (random() % 2 == 0) continue;
        reader.save();
        piece.assign(piece.size(), '!');
      }
      reader.save();
    }
    ASSERT_EQ(lines, simply_lines_of(4, all)) << ::testing::PrintToString(all);
  }
}

}  // namespace
}  // namespace kv_tests
