#include "base/strings.h"

namespace kv::internal {
namespace {

void append_shown(unsigned char byte, std::string& out) {
  static constexpr char kHex[] = "0123456789abcdef";
  switch (byte) {
    case '\n':
      out += "\\n";
      return;
    case '\r':
      out += "\\r";
      return;
    case '\t':
      out += "\\t";
      return;
    case '"':
    case '\\':
      out += '\\';
      out += static_cast<char>(byte);
      return;
    default:
      break;
  }
  if (byte >= 0x20 && byte < 0x7f) {
    out += static_cast<char>(byte);
  } else {
    out += {'\\', 'x', kHex[byte >> 4], kHex[byte & 15]};
  }
}

}  // namespace

std::string Quoted::operator()(std::string_view bytes,
                               std::size_t limit) const {
  std::string out = "\"";
  for (char byte : bytes.substr(0, limit)) {
    append_shown(static_cast<unsigned char>(byte), out);
  }
  out += bytes.size() > limit ? "...\"" : "\"";
  return out;
}

}  // namespace kv::internal
