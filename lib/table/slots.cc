// hash_slot(): Redis Cluster's rule for which part of a name is hashed, and
// how.
#include <array>
#include <cassert>
#include <cstddef>
#include <cstdint>
#include <string_view>
#include <utility>

#include "kv/routing_table.h"

namespace kv {
namespace {

constexpr std::size_t kStep = 8;  // bytes that are taken at a time

// CRC-16/XMODEM: polynomial x^16 + x^12 + x^5 + 1, begins at 0, highest bit
// first, nothing reflected. For each value of a byte, what it comes to once so
// many bytes have followed it: so the bytes of a step need not wait for each
// other ("slicing by 8", Kounavis and Berry, 2005).
using CrcTable = std::array<std::uint16_t, 256>;
constexpr std::array<CrcTable, kStep> make_crc_tables() {
  std::array<CrcTable, kStep> tables{};
  for (unsigned byte = 0; byte < 256; ++byte) {
    unsigned crc = byte << 8;
    for (CrcTable& table : tables) {
      for (int bit = 0; bit < 8; ++bit) {
        crc = (crc << 1) ^ ((crc & 0x8000) != 0 ? 0x11021 : 0);
      }
      table[byte] = static_cast<std::uint16_t>(crc);
    }
  }
  return tables;
}

constexpr std::array<CrcTable, kStep> kCrcTables = make_crc_tables();

// What `crc` comes to behind the N bytes at `at`.
template <std::size_t N, std::size_t... I>
unsigned step(unsigned crc, const char* at, std::index_sequence<I...> /*all*/) {
  const auto byte = [&](std::size_t i) {
    const unsigned before = i == 0 ? crc >> 8 : i == 1 ? crc & 0xff : 0;
    return static_cast<unsigned char>(at[i]) ^ before;
  };
  const unsigned rest = N == 1 ? (crc << 8) & 0xffff : 0;
  return (rest ^ ... ^ kCrcTables[N - 1 - I][byte(I)]);
}
template <std::size_t N>
unsigned step(unsigned crc, const char* at) {
  return step<N>(crc, at, std::make_index_sequence<N>());
}

unsigned last_step(unsigned crc, std::string_view bytes) {
  static_assert(kStep == 8);
  switch (bytes.size()) {
    case 1:
      return step<1>(crc, bytes.data());
    case 2:
      return step<2>(crc, bytes.data());
    case 3:
      return step<3>(crc, bytes.data());
    case 4:
      return step<4>(crc, bytes.data());
    case 5:
      return step<5>(crc, bytes.data());
    case 6:
      return step<6>(crc, bytes.data());
    case 7:
      return step<7>(crc, bytes.data());
    default:
      return crc;
  }
}

unsigned crc16(std::string_view bytes) {
  unsigned crc = 0;
  for (; bytes.size() >= kStep; bytes.remove_prefix(kStep)) {
    crc = step<kStep>(crc, bytes.data());
  }
  return last_step(crc, bytes);
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
  const std::uint32_t crc = crc16(hashed_part(bucket));
  const bool power_of_two = (slots & (slots - 1)) == 0;
  return power_of_two ? crc & (slots - 1) : crc % slots;
}

}  // namespace kv
