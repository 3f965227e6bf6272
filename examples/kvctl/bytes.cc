#include "kvctl/bytes.h"

#include <cstddef>
#include <cstdint>

namespace kvctl {
namespace {

// -1 if `c` is no hexadecimal digit.
int hex_value(char c) {
  if (c >= '0' && c <= '9') return c - '0';
  if (c >= 'a' && c <= 'f') return c - 'a' + 10;
  if (c >= 'A' && c <= 'F') return c - 'A' + 10;
  return -1;
}

std::optional<char> simple_escape(char c) {
  switch (c) {
    case 'n':
      return '\n';
    case 'r':
      return '\r';
    case 't':
      return '\t';
    case '\\':
    case '.':
    case '#':
    case ' ':
      return c;
    default:
      return std::nullopt;
  }
}

// How many bytes the UTF-8 character at the front of `text` has; 0: it is none.
std::size_t utf8_size(std::string_view text) {
  const auto byte = [text](std::size_t i) {
    return static_cast<unsigned char>(text[i]);
  };
  const unsigned first = byte(0);
  if (first < 0x80) return 1;
  const std::size_t size = first >= 0xf0 ? 4 : first >= 0xe0 ? 3 : 2;
  if (first < 0xc2 || first > 0xf4 || text.size() < size) return 0;
  std::uint32_t value = first & (0x7fU >> size);
  for (std::size_t i = 1; i < size; ++i) {
    if ((byte(i) & 0xc0U) != 0x80U) return 0;
    value = value << 6 | (byte(i) & 0x3fU);
  }
  const bool overlong =
      (size == 3 && value < 0x800) || (size == 4 && value < 0x10000);
  const bool surrogate = value >= 0xd800 && value < 0xe000;
  return overlong || surrogate || value > 0x10ffff ? 0 : size;
}

void append_escape(char c, std::string& to) {
  switch (c) {
    case '\n':
      to += "\\n";
      return;
    case '\r':
      to += "\\r";
      return;
    case '\t':
      to += "\\t";
      return;
    default:
      break;
  }
  static constexpr char kHex[] = "0123456789abcdef";
  const auto byte = static_cast<unsigned char>(c);
  to += {'\\', 'x', kHex[byte >> 4], kHex[byte & 15]};
}

}  // namespace

absl::StatusOr<std::string> unescape(std::string_view text) {
  std::string bytes;
  for (std::size_t i = 0; i < text.size(); ++i) {
    if (text[i] != '\\') {
      bytes += text[i];
      continue;
    }
    const std::string_view rest = text.substr(i + 1);
    if (rest.size() >= 3 && rest[0] == 'x' && hex_value(rest[1]) >= 0 &&
        hex_value(rest[2]) >= 0) {
      bytes += static_cast<char>(hex_value(rest[1]) * 16 + hex_value(rest[2]));
      i += 3;
    } else if (!rest.empty() && simple_escape(rest[0]).has_value()) {
      bytes += *simple_escape(rest[0]);
      i += 1;
    } else {
      return absl::InvalidArgumentError(
          "unknown escape \"\\" +
          escape(rest.substr(0, rest.substr(0, 1) == "x" ? 3 : 1)) + "\" in " +
          std::string(text));
    }
  }
  return bytes;
}

std::string escape(std::string_view bytes) {
  std::string text;
  while (!bytes.empty()) {
    const char c = bytes.front();
    const auto byte = static_cast<unsigned char>(c);
    const std::size_t size = utf8_size(bytes);
    // U+0080 to U+009F are control characters to a terminal.
    const bool control = byte < 0x20 || byte == 0x7f ||
                         (size == 2 && byte == 0xc2 &&
                          static_cast<unsigned char>(bytes[1]) < 0xa0);
    if (size == 0 || control) {
      for (const char it : bytes.substr(0, size == 0 ? 1 : size)) {
        append_escape(it, text);
      }
    } else {
      if (c == '\\') text += '\\';
      text += bytes.substr(0, size);
    }
    bytes.remove_prefix(size == 0 ? 1 : size);
  }
  return text;
}

bool is_utf8(std::string_view bytes) {
  while (!bytes.empty()) {
    const std::size_t size = utf8_size(bytes);
    if (size == 0) return false;
    bytes.remove_prefix(size);
  }
  return true;
}

std::string base64(std::string_view bytes) {
  static constexpr char kDigits[] =
      "ABCDEFGHIJKLMNOPQRSTUVWXYZabcdefghijklmnopqrstuvwxyz0123456789+/";
  std::string text;
  for (std::size_t i = 0; i < bytes.size(); i += 3) {
    std::uint32_t group = 0;
    for (std::size_t j = 0; j < 3; ++j) {
      group <<= 8;
      if (i + j < bytes.size())
        group |= static_cast<unsigned char>(bytes[i + j]);
    }
    for (std::size_t j = 0; j < 4; ++j) {
      text += i + j > bytes.size() ? '=' : kDigits[group >> (18 - 6 * j) & 63];
    }
  }
  return text;
}

Json to_json(std::string_view bytes) {
  if (is_utf8(bytes)) return std::string(bytes);
  return Json{{"base64", base64(bytes)}};
}

Json to_json(const std::optional<std::string>& bytes) {
  if (!bytes.has_value()) return nullptr;
  return to_json(std::string_view(*bytes));
}

}  // namespace kvctl
