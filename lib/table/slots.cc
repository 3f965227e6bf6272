// hash_slot(): Redis Cluster's rule for which part of a name is hashed, and
// how.
#include <array>
#include <cassert>
#include <cstddef>
#include <cstdint>
#include <cstring>
#include <string_view>
#include <utility>

#include "kv/routing_table.h"

namespace kv {
namespace {

// Bytes that are taken at a time: most names are no longer.
constexpr std::size_t kStep = 16;

// CRC-16/XMODEM: polynomial x^16 + x^12 + x^5 + 1, begins at 0, highest bit
// first, nothing reflected. For each value of a byte, what it comes to once so
// many bytes have followed it: so the bytes of a step need not wait for each
// other ("slicing", Kounavis and Berry, 2005).
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

// The same for fewer than kStep bytes.
template <std::size_t... N>
unsigned last_step(unsigned crc, std::string_view bytes,
                   std::index_sequence<N...> /*all*/) {
  static_cast<void>((
      (bytes.size() == N + 1 && (crc = step<N + 1>(crc, bytes.data()), true)) ||
      ...));
  return crc;
}

unsigned crc16(std::string_view bytes) {
  unsigned crc = 0;
  for (; bytes.size() >= kStep; bytes.remove_prefix(kStep)) {
    crc = step<kStep>(crc, bytes.data());
  }
  return last_step(crc, bytes, std::make_index_sequence<kStep - 1>());
}

// Whether one of eight bytes is '{'.
bool has_open_brace(const char* at) {
  constexpr std::uint64_t kOnes = ~std::uint64_t{0} / 0xff;
  std::uint64_t bytes = 0;
  std::memcpy(&bytes, at, sizeof bytes);
  const std::uint64_t zero_where_equal = bytes ^ (kOnes * '{');
  return ((zero_where_equal - kOnes) & ~zero_where_equal & (kOnes * 0x80)) != 0;
}

// As bucket.find('{'), which most names do without: for those of 8 to 16 bytes
// the call would take as long as the hash.
std::size_t find_open_brace(std::string_view bucket) {
  constexpr std::size_t kWord = sizeof(std::uint64_t);
  if (bucket.size() >= kWord && bucket.size() <= 2 * kWord &&
      !has_open_brace(bucket.data()) &&
      !has_open_brace(bucket.data() + bucket.size() - kWord)) {
    return bucket.npos;
  }
  return bucket.find('{');
}

// Only the first '{' and the first '}' after it count: an empty pair of braces
// means the whole name, even if another pair follows (`foo{}{bar}`).
std::string_view hashed_part(std::string_view bucket) {
  const std::size_t open = find_open_brace(bucket);
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
