// kv::RoutingTable: which node owns which bucket.
#ifndef KV_ROUTING_TABLE_H_
#define KV_ROUTING_TABLE_H_

#include <cstddef>
#include <cstdint>
#include <memory>
#include <string>
#include <string_view>
#include <utility>
#include <vector>

#include "absl/status/statusor.h"
#include "kv/export.h"
#include "kv/node_name.h"

namespace kv {

// An ordered list of entries (range, node), with a version. The first entry
// whose range holds a bucket wins; gaps are legal, and a table without entries
// holds nothing.
//
// An immutable value: copies share their insides, cost one reference count, and
// may be read from any number of threads. `==` compares kind, entries and
// version.
class KV_EXPORT RoutingTable {
 public:
  // Prefixes, both ends included: a bucket belongs if its first first.size()
  // bytes are >= first and its first last.size() bytes are <= last, as unsigned
  // bytes. {"a", "m"} is the guide's ?a..?m. An empty `first` begins before, an
  // empty `last` ends after every name.
  struct Range {
    std::string first;
    std::string last;
    NodeName node;
  };
  // Hash slots, both ends included.
  struct SlotRange {
    std::uint32_t first = 0;
    std::uint32_t last = 0;
    NodeName node;
  };
  // An entry as the table holds it: its range in the text form, `a..m` or
  // `0..8191`.
  struct Entry {
    std::string range;
    NodeName node;
  };

  static constexpr std::uint32_t kMaxSlots = 65536;  // all values of a CRC-16

  // No entries.
  RoutingTable();
  // Copies only: what a table was moved from is that table still.
  RoutingTable(const RoutingTable&) = default;
  RoutingTable& operator=(const RoutingTable&) = default;

  // The text form: one entry a line, `first..last node`; `#` begins a comment;
  // blank lines count for nothing. In a bound `\xHH`, `\\`, `\.`, `\#` and `\ `
  // (a space) stand for one byte each; the first bare `..` splits the range.
  // Before the entries there may be `slots N`, which makes the ranges hash
  // slots, 0 to N-1, and `version N`.
  // kInvalidArgument names the line and the cause: an inverted range, an entry
  // that no name can reach because those before it take all, a bad node name,
  // one whose port nobody can dial (0), an unknown escape, a bound of more than
  // 1024 bytes, more than a million entries or 64 MiB of text, ...
  static absl::StatusOr<RoutingTable> parse(std::string_view text);

  // From entries in code, with the same checks; an error names the entry,
  // counted from 1.
  static absl::StatusOr<RoutingTable> from_ranges(std::vector<Range> ranges);
  static absl::StatusOr<RoutingTable> from_slots(std::uint32_t slots,
                                                 std::vector<SlotRange> ranges);

  // The same entries under another version, shared, not copied. 0, the default,
  // is the oldest there is.
  RoutingTable with_version(std::uint64_t version) const;
  std::uint64_t version() const;

  // The owner of `bucket`, one of nodes(); nullptr where no entry matches, and
  // for the empty name. The pointer is good as long as this table or a copy of
  // it lives, and the same for all entries of a node. O(1) where one byte or
  // the slot decides, else O(log entries); takes no lock, allocates nothing.
  const NodeName* find(std::string_view bucket) const;
  // The same, as a position in entries(); kNone where no entry matches.
  static constexpr std::size_t kNone = static_cast<std::size_t>(-1);
  std::size_t find_index(std::string_view bucket) const;

  // In order, as they were given.
  const std::vector<Entry>& entries() const;
  // The nodes of the table, each once, in order of their first entry.
  const std::vector<NodeName>& nodes() const;
  // How many hash slots; 0 for a table of name ranges.
  std::uint32_t slots() const;

  // What parse() reads: parse(str()) == *this.
  std::string str() const;
  // One line for people, `[a..m foo@..., n..z bar@...]`; a long table is cut.
  std::string summary() const;

  friend KV_EXPORT bool operator==(const RoutingTable& a,
                                   const RoutingTable& b);
  friend bool operator!=(const RoutingTable& a, const RoutingTable& b) {
    return !(a == b);
  }

  struct Rep;  // defined in lib/table

 private:
  explicit RoutingTable(std::shared_ptr<const Rep> rep)
      : rep_(std::move(rep)) {}
  std::shared_ptr<const Rep> rep_;  // never null
};

// The hash slot of `bucket` in a table of `slots` (1 to 65536): CRC-16/XMODEM
// modulo `slots`, of what stands between the first `{` and the first `}` after
// it if that is not empty, else of the whole name. Redis Cluster's rule,
// https://redis.io/docs/reference/cluster-spec/#hash-tags
// REQUIRES: 1 <= slots <= RoutingTable::kMaxSlots
KV_EXPORT std::uint32_t hash_slot(std::string_view bucket, std::uint32_t slots);

}  // namespace kv

#endif  // KV_ROUTING_TABLE_H_
