#include "node/table_cell.h"

#include <utility>

#include "absl/strings/str_cat.h"

namespace kv::internal {
TableCell::TableCell(const NodeName& self, const RoutingTable& table)
    : self_(self), view_(make_view(table)) {}

std::shared_ptr<const TableCell::View> TableCell::make_view(
    const RoutingTable& table) const {
  const NodeName* self = nullptr;
  for (const NodeName& node : table.nodes()) {
    if (node == self_) self = &node;
  }
  return std::make_shared<const View>(View{table, self});
}

const TableCell::View& TableCell::view() const {
  Seen& seen = seen_.mine();
  const std::uint64_t change = changes_.load(std::memory_order_acquire);
  if (seen.change != change) {
    const MutexLock lock(mutex_);
    seen.change = changes_.load(std::memory_order_relaxed);
    seen.view = view_;
  }
  return *seen.view;
}

absl::Status TableCell::set(const RoutingTable& table) {
  std::shared_ptr<const View> view = make_view(table);
  const MutexLock lock(mutex_);
  const std::uint64_t present = view_->table.version();
  if (view->table.version() < present) {
    return absl::FailedPreconditionError(
        absl::StrCat("the table has version ", view->table.version(),
                     ", the present one has version ", present));
  }
  view_.swap(view);
  changes_.fetch_add(1, std::memory_order_release);
  return absl::OkStatus();
}

}  // namespace kv::internal
