// What a kv::RoutingTable shares with its copies.
#ifndef KV_TABLE_ROUTING_TABLE_REP_H_
#define KV_TABLE_ROUTING_TABLE_REP_H_

#include <cstdint>
#include <memory>
#include <string_view>
#include <vector>

#include "kv/routing_table.h"
#include "table/claims.h"
#include "table/ranges.h"

namespace kv {

struct RoutingTable::Rep {
  // All but the version, so that tables that differ in nothing else share it.
  struct Body {
    std::uint32_t slots = 0;
    std::vector<Entry> entries;
    std::vector<NodeName> nodes;
    std::vector<std::uint32_t> node_of_entry;  // positions in `nodes`

    // One of the two says which entry wins.
    internal::table::RangeIndex ranges;      // where slots == 0
    std::vector<std::uint32_t> slot_owners;  // else

    // A position in `entries`, or Claims::kNobody.
    std::uint32_t find(std::string_view bucket) const {
      if (bucket.empty()) return internal::table::Claims::kNobody;
      return slots == 0 ? ranges.find(bucket)
                        : slot_owners[hash_slot(bucket, slots)];
    }
  };

  std::shared_ptr<const Body> body;  // never null
  std::uint64_t version = 0;
};

}  // namespace kv

#endif  // KV_TABLE_ROUTING_TABLE_REP_H_
