#include "kv_server/one_line.h"

#include <cstddef>

namespace kv_server {
namespace {

constexpr std::size_t kMostBytes = 4096;

}  // namespace

std::string one_line(std::string_view text) {
  static constexpr char kHex[] = "0123456789abcdef";
  std::string line;
  for (const char each : text.substr(0, kMostBytes)) {
    const auto byte = static_cast<unsigned char>(each);
    if (byte >= 0x20 && byte < 0x7f) {
      line += each;
    } else {
      line += {'\\', 'x', kHex[byte >> 4], kHex[byte & 15]};
    }
  }
  if (text.size() > kMostBytes) line += "...";
  return line;
}

}  // namespace kv_server
