// hash_slot(): Redis Cluster's rule for which part of a name is hashed, and
// how.
#include <array>
#include <cassert>

#include "kv/routing_table.h"

namespace kv {
namespace {

// CRC-16/XMODEM: polynomial x^16 + x^12 + x^5 + 1, begins at 0, highest bit
// first, nothing reflected. One entry for each value of the byte shifted out.
constexpr std::array<std::uint16_t, 256> make_crc_table() {
  std::array<std::uint16_t, 256> table{};
  for (unsigned byte = 0; byte < 256; ++byte) {
    unsigned crc = byte << 8;
    for (int bit = 0; bit < 8; ++bit) {
      crc = (crc << 1) ^ ((crc & 0x8000) != 0 ? 0x1021 : 0);
    }
    table[byte] = static_cast<std::uint16_t>(crc);
  }
  return table;
}

constexpr std::array<std::uint16_t, 256> kCrcTable = make_crc_table();

std::uint16_t crc16(std::string_view bytes) {
  unsigned crc = 0;
  for (char byte : bytes) {
    const unsigned index = (crc >> 8) ^ static_cast<unsigned char>(byte);
    crc = ((crc << 8) & 0xffff) ^ kCrcTable[index];
  }
  return static_cast<std::uint16_t>(crc);
}

// Only the first '{' and the first '}' after it count: an empty pair of braces
// means the whole name, even if another pair follows (`foo{}{bar}`).
std::string_view hashed_part(std::string_view bucket) {
  const std::size_t open = bucket.find('{');
  if (open == bucket.npos) return bucket;
  const std::size_t close = bucket.find('}', open + 1);
  if (close == bucket.npos || close == open + 1) return bucket;
  return bucket.substr(open + 1, close - open - 1);
}

}  // namespace

std::uint32_t hash_slot(std::string_view bucket, std::uint32_t slots) {
  assert(slots >= 1 && slots <= RoutingTable::kMaxSlots);
  return crc16(hashed_part(bucket)) % slots;
}

}  // namespace kv
