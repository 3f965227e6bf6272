#include "kv/trace_context.h"

#include <algorithm>
#include <cstddef>

namespace kv {
namespace {

// Of version 00, and of what all begin with.
constexpr std::size_t kLength = 55;

// Lower case alone, as the standard has it. -1: no digit.
int digit(char it) {
  if (it >= '0' && it <= '9') return it - '0';
  if (it >= 'a' && it <= 'f') return it - 'a' + 10;
  return -1;
}

bool read_hex(std::string_view text, std::uint8_t* to) {
  for (std::size_t i = 0; i < text.size(); i += 2) {
    const int high = digit(text[i]);
    const int low = digit(text[i + 1]);
    if (high < 0 || low < 0) return false;
    to[i / 2] = static_cast<std::uint8_t>(high * 16 + low);
  }
  return true;
}

template <typename Bytes>
void write_hex(const Bytes& bytes, std::string& to) {
  constexpr char kDigits[] = "0123456789abcdef";
  for (const std::uint8_t byte : bytes) {
    to += kDigits[byte >> 4];
    to += kDigits[byte & 0xf];
  }
}

template <typename Bytes>
bool all_zero(const Bytes& bytes) {
  return std::all_of(bytes.begin(), bytes.end(),
                     [](std::uint8_t byte) { return byte == 0; });
}

}  // namespace

std::optional<TraceContext> TraceContext::parse(std::string_view text) {
  constexpr std::uint8_t kForbidden = 0xff;
  if (text.size() < kLength || text[2] != '-' || text[35] != '-' ||
      text[52] != '-') {
    return std::nullopt;
  }
  TraceContext context;
  std::uint8_t version = 0;
  if (!read_hex(text.substr(0, 2), &version) || version == kForbidden ||
      !read_hex(text.substr(3, 32), context.trace_id.data()) ||
      !read_hex(text.substr(36, 16), context.span_id.data()) ||
      !read_hex(text.substr(53, 2), &context.flags)) {
    return std::nullopt;
  }
  // A later version may say more, behind another dash.
  if (text.size() > kLength && (version == 0 || text[kLength] != '-')) {
    return std::nullopt;
  }
  if (all_zero(context.trace_id) || all_zero(context.span_id)) {
    return std::nullopt;
  }
  return context;
}

std::string TraceContext::traceparent() const {
  std::string text = "00-";
  write_hex(trace_id, text);
  text += '-';
  write_hex(span_id, text);
  text += '-';
  write_hex(std::array<std::uint8_t, 1>{flags}, text);
  return text;
}

}  // namespace kv
