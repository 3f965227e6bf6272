#include "node/table_cell.h"

#include <array>
#include <utility>

#include "absl/strings/str_cat.h"

namespace kv::internal {
namespace {

std::uint64_t next_id() {
  static std::atomic<std::uint64_t> last{0};
  return last.fetch_add(1, std::memory_order_relaxed) + 1;
}

// What a thread saw last. A few nodes may live in one process; more of them
// share places and look again more often.
struct Seen {
  std::uint64_t id = 0;
  std::uint64_t change = 0;
  std::shared_ptr<const TableCell::View> view;
};
constexpr std::size_t kPlaces = 8;
thread_local std::array<Seen, kPlaces> seen_views;

}  // namespace

TableCell::TableCell(const NodeName& self, const RoutingTable& table)
    : self_(self), id_(next_id()), view_(make_view(table)) {}

std::shared_ptr<const TableCell::View> TableCell::make_view(
    const RoutingTable& table) const {
  const NodeName* self = nullptr;
  for (const NodeName& node : table.nodes()) {
    if (node == self_) self = &node;
  }
  return std::make_shared<const View>(View{table, self});
}

const TableCell::View& TableCell::view() const {
  Seen& seen = seen_views[id_ % kPlaces];
  const std::uint64_t change = changes_.load(std::memory_order_acquire);
  if (seen.id != id_ || seen.change != change) {
    const MutexLock lock(mutex_);
    seen.id = id_;
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
