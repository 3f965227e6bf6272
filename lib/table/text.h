// The text form of a table: what kv::RoutingTable::parse() reads and str()
// prints. Knows what can be written, not which entries make sense together.
#ifndef KV_TABLE_TEXT_H_
#define KV_TABLE_TEXT_H_

#include <cstddef>
#include <cstdint>
#include <string>
#include <string_view>
#include <vector>

#include "absl/status/statusor.h"
#include "kv/routing_table.h"

namespace kv::internal::table {

inline constexpr std::size_t kMaxTextBytes = std::size_t{64} << 20;
inline constexpr std::size_t kMaxEntries = 1'000'000;

// What a text says.
struct Parsed {
  std::uint32_t slots = 0;  // 0: the entries are `ranges`, else `slot_ranges`
  std::uint64_t version = 0;
  std::vector<RoutingTable::Range> ranges;
  std::vector<RoutingTable::SlotRange> slot_ranges;
  std::vector<std::uint32_t> lines;  // of each entry, counted from 1
};

// kInvalidArgument names the line and the cause.
absl::StatusOr<Parsed> parse_text(std::string_view text);

// `a..m`, `0..8191`: always the same text for the same range, in printable
// ASCII without spaces.
std::string print_range(const RoutingTable::Range& range);
std::string print_range(const RoutingTable::SlotRange& range);

std::string print_text(std::uint32_t slots, std::uint64_t version,
                       const std::vector<RoutingTable::Entry>& entries);
// How many bytes print_text() needs: for the directives at most this many, and
// for one entry.
inline constexpr std::size_t kMaxDirectiveBytes =
    sizeof "slots 65536\nversion 18446744073709551615\n";
std::size_t text_bytes(const RoutingTable::Entry& entry);

// One line for people, short enough for an error text.
std::string summarize(const std::vector<RoutingTable::Entry>& entries);
std::string shorten(const std::string& range);

}  // namespace kv::internal::table

#endif  // KV_TABLE_TEXT_H_
