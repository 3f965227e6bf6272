// Byte strings: std::string_view beside Debian's Abseil, which has a
// string_view of its own, and how bytes are shown to people.
#ifndef KV_BASE_STRINGS_H_
#define KV_BASE_STRINGS_H_

#include <cstddef>
#include <string>
#include <string_view>

#include "absl/hash/hash.h"
#include "absl/strings/string_view.h"

namespace kv::internal {

inline absl::string_view to_absl(std::string_view text) {
  return {text.data(), text.size()};
}
inline std::string_view to_std(absl::string_view text) {
  return {text.data(), text.size()};
}

// Functors that let absl's hash containers be asked with a std::string_view.
struct BytesHash {
  using is_transparent = void;
  std::size_t operator()(std::string_view bytes) const {
    return absl::Hash<absl::string_view>{}(to_absl(bytes));
  }
};
struct BytesEqual {
  using is_transparent = void;
  bool operator()(std::string_view a, std::string_view b) const {
    return a == b;
  }
};

// quoted(bytes): `bytes` in double quotes for an error text, as Elixir's
// inspect shows it: `"\x00"`, `"a\"b"`. Bytes outside printable ASCII become
// \xHH (or \n, \r, \t); past `limit` bytes the rest is cut: `"aaa..."`. Always
// printable ASCII, one line.
//
// An object, not a function: otherwise the quoted() of <iomanip>, where that is
// included, would be found through the argument, and fit a std::string better.
struct Quoted {
  std::string operator()(std::string_view bytes, std::size_t limit = 64) const;
};
inline constexpr Quoted quoted{};  // NOLINT(readability-identifier-naming)

}  // namespace kv::internal

#endif  // KV_BASE_STRINGS_H_
