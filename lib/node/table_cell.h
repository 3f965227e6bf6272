// TableCell: the table that a node goes by, replaced whole while it is read.
#ifndef KV_NODE_TABLE_CELL_H_
#define KV_NODE_TABLE_CELL_H_

#include <atomic>
#include <cstdint>
#include <memory>

#include "absl/base/thread_annotations.h"
#include "absl/status/status.h"
#include "base/mutex.h"
#include "base/per_thread.h"
#include "kv/node_name.h"
#include "kv/routing_table.h"

namespace kv::internal {

// Each thread keeps the view that it saw last, so that a look at an unchanged
// table takes no lock and writes to nothing that another thread reads. Safe
// from any thread.
class TableCell {
 public:
  struct View {
    RoutingTable table;
    // This node's name as the table has it: find() returns this very pointer
    // for what lives here. nullptr where the table does not name this node.
    const NodeName* self;
  };

  TableCell(const NodeName& self, const RoutingTable& table);
  TableCell(const TableCell&) = delete;
  TableCell& operator=(const TableCell&) = delete;

  // Good until the calling thread looks at any cell again.
  const View& view() const;
  RoutingTable table() const { return view().table; }

  // kFailedPrecondition: it is older than the present one, which stays.
  absl::Status set(const RoutingTable& table);

 private:
  // What a thread saw last, after so many changes.
  struct Seen {
    std::uint64_t change = 0;
    std::shared_ptr<const View> view;
  };

  std::shared_ptr<const View> make_view(const RoutingTable& table) const;

  const NodeName& self_;
  const PerThread<Seen> seen_;
  std::atomic<std::uint64_t> changes_{1};
  mutable Mutex mutex_;
  std::shared_ptr<const View> view_ ABSL_GUARDED_BY(mutex_);
};

}  // namespace kv::internal

#endif  // KV_NODE_TABLE_CELL_H_
