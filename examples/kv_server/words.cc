#include "kv_server/words.h"

#include <cstddef>

namespace kv_server {
namespace {

unsigned char byte_at(std::string_view text, std::size_t at) {
  return at < text.size() ? static_cast<unsigned char>(text[at]) : 0;
}

// How many bytes the white space at the beginning of `text` has; 0: there is
// none.
std::size_t space_at(std::string_view text) {
  const unsigned char first = byte_at(text, 0);
  if (first <= ' ') return first == ' ' || (first >= '\t' && first <= '\r');
  if (first < 0xc2) return 0;
  const unsigned char second = byte_at(text, 1);
  const unsigned char third = byte_at(text, 2);
  switch (first) {
    case 0xc2:  // U+0085
      return second == 0x85 ? 2 : 0;
    case 0xe1:  // U+1680
      return second == 0x9a && third == 0x80 ? 3 : 0;
    case 0xe2:
      if (second == 0x80) {  // U+2000 to U+200A without U+2007, U+2028, U+2029
        const bool space = (third >= 0x80 && third <= 0x8a && third != 0x87) ||
                           third == 0xa8 || third == 0xa9;
        return space ? 3 : 0;
      }
      return second == 0x81 && third == 0x9f ? 3 : 0;  // U+205F
    case 0xe3:                                         // U+3000
      return second == 0x80 && third == 0x80 ? 3 : 0;
    default:
      return 0;
  }
}

}  // namespace

std::optional<std::string_view> WordReader::next() {
  while (const std::size_t space = space_at(rest_)) rest_.remove_prefix(space);
  if (rest_.empty()) return std::nullopt;
  std::size_t length = 1;
  while (length < rest_.size() && space_at(rest_.substr(length)) == 0) ++length;
  const std::string_view word = rest_.substr(0, length);
  rest_.remove_prefix(length);
  return word;
}

}  // namespace kv_server
