// A second RoutingTable, slow and obviously right, to check the fast one by.
#ifndef KV_TESTS_TABLE_REFERENCE_H_
#define KV_TESTS_TABLE_REFERENCE_H_

#include <cstddef>
#include <cstdint>
#include <string>
#include <string_view>
#include <vector>

#include "kv/routing_table.h"

namespace kv {

// Reads the definition out loud: tries the entries one after the other.
class ReferenceTable {
 public:
  explicit ReferenceTable(std::vector<RoutingTable::Range> ranges);
  ReferenceTable(std::uint32_t slots,
                 std::vector<RoutingTable::SlotRange> ranges);

  // As RoutingTable::find_index().
  std::size_t find_index(std::string_view name) const;

  // What the library must say of the first bad entry, "" if all are good.
  // Tries every one of `names`, which must be all that matter: see all_names().
  std::string complaint(const std::vector<std::string>& names) const;

 private:
  std::size_t size() const;
  bool belongs(std::size_t entry, std::string_view name) const;
  // Any of `names`? All that belong to `entry`?
  bool holds_any(std::size_t entry,
                 const std::vector<std::string>& names) const;
  bool wins_any(std::size_t entry, const std::vector<std::string>& names) const;
  bool holds_all_of(std::size_t entry, std::size_t other,
                    const std::vector<std::string>& names) const;

  std::uint32_t slots_ = 0;
  std::vector<RoutingTable::Range> ranges_;           // where slots_ == 0
  std::vector<RoutingTable::SlotRange> slot_ranges_;  // else
};

// Every name of 1 to `longest` bytes out of `alphabet` and their successors.
//
// These are all names that matter to ranges whose bounds have at most `longest`
// bytes of `alphabet`: a set of names that is cut out by such ranges is made of
// intervals, each of which begins with (and so holds) either some `first`, or
// the least name above all that begin with some `last`, which is that `last`,
// perhaps shortened, with its last byte replaced by the successor. An empty
// `first` begins with "\x00", so `alphabet` must hold that.
std::vector<std::string> all_names(std::string_view alphabet,
                                   std::size_t longest);

// For each of the slots a name that falls into it.
std::vector<std::string> a_name_for_each_slot(std::uint32_t slots);

}  // namespace kv

#endif  // KV_TESTS_TABLE_REFERENCE_H_
