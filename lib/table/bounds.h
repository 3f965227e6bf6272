// One bound of a range of names as text, there and back.
#ifndef KV_TABLE_BOUNDS_H_
#define KV_TABLE_BOUNDS_H_

#include <cstddef>
#include <optional>
#include <string>
#include <string_view>

#include "absl/status/statusor.h"

namespace kv::internal::table {

// Names of buckets are at most 1 KiB by default: a longer bound splits nothing.
inline constexpr std::size_t kMaxBoundBytes = 1024;

// The texts of the two bounds, still escaped.
struct BoundTexts {
  std::string_view first;
  std::string_view last;
};

// Splits `a..m` at the first ".." that no backslash stands before; nothing if
// there is none. So `a...m` is from "a" to ".m", and `a\...m` from "a." to "m".
std::optional<BoundTexts> split_range(std::string_view text);

// Undoes the escapes: \xHH, \\, \., \# and `\ `. kInvalidArgument for any other
// one, and for a bare "..", which is more likely a third bound than a part of
// this one. A single dot and every other byte stand for themselves.
absl::StatusOr<std::string> parse_bound(std::string_view text);

// Escapes all that is not printable ASCII or means something in a line.
std::string print_bound(std::string_view bytes);

}  // namespace kv::internal::table

#endif  // KV_TABLE_BOUNDS_H_
