#include "table/bounds.h"

#include "absl/status/status.h"
#include "absl/strings/str_cat.h"
#include "base/strings.h"

namespace kv::internal::table {
namespace {

// What a backslash may make of itself: these stand for the byte they are.
constexpr std::string_view kSelfEscaped = "\\.# ";

// -1 if `c` is no hexadecimal digit.
int hex_value(char c) {
  if (c >= '0' && c <= '9') return c - '0';
  if (c >= 'a' && c <= 'f') return c - 'a' + 10;
  if (c >= 'A' && c <= 'F') return c - 'A' + 10;
  return -1;
}

absl::Status unknown_escape(std::string_view behind_backslash) {
  const bool is_hex =
      !behind_backslash.empty() && behind_backslash.front() == 'x';
  const std::string shown = quoted(behind_backslash.substr(0, is_hex ? 3 : 1));
  return absl::InvalidArgumentError(
      absl::StrCat("unknown escape \"\\", shown.substr(1), " in a bound"));
}

// Takes one escape, without its backslash, off the front of `text`.
absl::StatusOr<char> take_escape(std::string_view& text) {
  if (text.empty()) return unknown_escape(text);
  if (kSelfEscaped.find(text.front()) != kSelfEscaped.npos) {
    const char byte = text.front();
    text.remove_prefix(1);
    return byte;
  }
  if (text.front() != 'x' || text.size() < 3) return unknown_escape(text);
  const int high = hex_value(text[1]);
  const int low = hex_value(text[2]);
  if (high < 0 || low < 0) return unknown_escape(text);
  text.remove_prefix(3);
  return static_cast<char>(high * 16 + low);
}

}  // namespace

std::optional<BoundTexts> split_range(std::string_view text) {
  for (std::size_t i = 0; i + 1 < text.size(); ++i) {
    if (text[i] == '\\') {
      ++i;
    } else if (text[i] == '.' && text[i + 1] == '.') {
      return BoundTexts{text.substr(0, i), text.substr(i + 2)};
    }
  }
  return std::nullopt;
}

absl::StatusOr<std::string> parse_bound(std::string_view text) {
  std::string bytes;
  for (std::string_view rest = text; !rest.empty();) {
    if (rest.substr(0, 2) == "..") {
      return absl::InvalidArgumentError(
          "second \"..\" in a range; a dot of a bound is written \\.");
    }
    const char byte = rest.front();
    rest.remove_prefix(1);
    if (byte != '\\') {
      bytes += byte;
      continue;
    }
    absl::StatusOr<char> escaped = take_escape(rest);
    if (!escaped.ok()) return escaped.status();
    bytes += *escaped;
  }
  return bytes;
}

std::string print_bound(std::string_view bytes) {
  static constexpr char kHex[] = "0123456789abcdef";
  std::string text;
  for (char c : bytes) {
    const auto byte = static_cast<unsigned char>(c);
    if (byte == ' ' || byte < 0x20 || byte >= 0x7f) {
      text += {'\\', 'x', kHex[byte >> 4], kHex[byte & 15]};
    } else {
      if (kSelfEscaped.find(c) != kSelfEscaped.npos) text += '\\';
      text += c;
    }
  }
  return text;
}

}  // namespace kv::internal::table
