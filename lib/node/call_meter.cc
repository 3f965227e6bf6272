#include "node/call_meter.h"

#include <algorithm>
#include <utility>

namespace kv::internal {
namespace {

// The operations in the order of `Op`.
constexpr const char* kNames[] = {
#define KV_NAME(NAME) #NAME,
    KV_BUCKET_OPS(KV_NAME) KV_NODE_OPS(KV_NAME)
#undef KV_NAME
};
static_assert(std::size(kNames) == CallMeter::kBuiltins);
#define KV_IN_ORDER(NAME) \
  static_assert(std::string_view(kNames[kPlaceOf<NAME>]) == #NAME);
KV_BUCKET_OPS(KV_IN_ORDER)
KV_NODE_OPS(KV_IN_ORDER)
#undef KV_IN_ORDER

void add_alone_to(std::atomic<std::uint64_t>& to, std::uint64_t what) {
  to.store(to.load(std::memory_order_relaxed) + what,
           std::memory_order_relaxed);
}

std::uint64_t positive(std::chrono::nanoseconds time) {
  return static_cast<std::uint64_t>(std::max<std::int64_t>(time.count(), 0));
}

}  // namespace

void CallMeter::Row::add(std::optional<std::chrono::nanoseconds> took) {
  count.fetch_add(1, std::memory_order_relaxed);
  if (!took.has_value()) return;
  cells[Histogram::cell_of(*took)].fetch_add(1, std::memory_order_relaxed);
  sum.fetch_add(positive(*took), std::memory_order_relaxed);
}

void CallMeter::Row::add_alone(std::optional<std::chrono::nanoseconds> took) {
  add_alone_to(count, 1);
  if (took.has_value()) add_time_alone(*took);
}

void CallMeter::Row::add_time_alone(std::chrono::nanoseconds took) {
  add_alone_to(cells[Histogram::cell_of(took)], 1);
  add_alone_to(sum, positive(took));
}

template <std::size_t N>
CallMeter::Rows<N>::~Rows() {
  for (std::atomic<Row*>& row : rows_) delete row.load();
}

template <std::size_t N>
CallMeter::Row& CallMeter::Rows<N>::make(std::size_t place) {
  auto row = std::make_unique<Row>();
  Row* there = nullptr;
  if (rows_[place].compare_exchange_strong(there, row.get(),
                                           std::memory_order_acq_rel)) {
    return *row.release();
  }
  return *there;  // another thread was quicker
}

// For AtOnce, which others use.
template class CallMeter::Rows<CallMeter::kBuiltins * CallMeter::kPaths>;

CallMeter::CallMeter(bool on) : on_(on) {}

CallMeter::~CallMeter() = default;

void CallMeter::add(const Op& op, CallPath path, const absl::Status& status,
                    std::optional<std::chrono::nanoseconds> took, bool known) {
  const std::string* const name = name_of_host_op(op);
  if (name == nullptr && status.ok()) {
    return row_of_thread(op.index(), path).add_alone(took);
  }
  add_to(name == nullptr ? builtins_[op.index()] : ends_of(*name, known), path,
         status, took);
}

void CallMeter::add_to(Ends& ends, CallPath path, const absl::Status& status,
                       std::optional<std::chrono::nanoseconds> took) {
  const auto code = static_cast<std::size_t>(status.code());
  const auto end = static_cast<std::size_t>(outcome(status));
  ends.at((static_cast<std::size_t>(path) * kCodes + code) * kOutcomes + end)
      .add(took);
}

CallMeter::Ends& CallMeter::ends_of(std::string_view name, bool known) {
  const MutexLock lock(mutex_);
  const auto it = named_.find(name);
  if (it != named_.end()) return *it->second;
  if (!known || named_.size() >= kMaxNamedOps) return other_;
  auto ends = std::make_unique<Ends>();
  return *named_.emplace(std::string(name), std::move(ends)).first->second;
}

void CallMeter::read_row(const Row* row, OpStats& to) {
  if (row == nullptr) return;
  to.count += row->count.load(std::memory_order_relaxed);
  for (std::size_t i = 0; i < Histogram::kCells; ++i) {
    const std::uint64_t count = row->cells[i].load(std::memory_order_relaxed);
    if (count > 0) to.latency.add(i, count, std::chrono::nanoseconds(0));
  }
  to.latency.add(
      0, 0, std::chrono::nanoseconds(row->sum.load(std::memory_order_relaxed)));
}

void CallMeter::read_ends(const Ends& ends, const OpStats& of,
                          std::vector<OpStats>& to) {
  for (std::size_t i = 0; i < kPaths * kCodes * kOutcomes; ++i) {
    const Row* const row = ends.find(i);
    if (row == nullptr) continue;
    OpStats stats = of;
    stats.path = static_cast<CallPath>(i / kOutcomes / kCodes);
    stats.code = static_cast<absl::StatusCode>(i / kOutcomes % kCodes);
    stats.outcome = static_cast<Outcome>(i % kOutcomes);
    read_row(row, stats);
    to.push_back(std::move(stats));
  }
}

std::vector<OpStats> CallMeter::read() const {
  std::vector<OpStats> all;
  for (std::size_t builtin = 0; builtin < kBuiltins; ++builtin) {
    OpStats stats;
    stats.op = kNames[builtin];
    for (std::size_t path = 0; path < kPaths; ++path) {
      OpStats good = stats;
      good.path = static_cast<CallPath>(path);
      of_threads_.for_each([&](const OfThread& rows) {
        read_row(rows.find(builtin * kPaths + path), good);
      });
      if (good.count > 0) all.push_back(std::move(good));
    }
    read_ends(builtins_[builtin], stats, all);
  }
  const std::size_t of_host = all.size();
  {
    const MutexLock lock(mutex_);
    for (const auto& [name, ends] : named_) {
      OpStats stats;
      stats.op = name;
      stats.of_host = true;
      read_ends(*ends, stats, all);
    }
  }
  std::stable_sort(
      all.begin() + static_cast<std::ptrdiff_t>(of_host), all.end(),
      [](const OpStats& a, const OpStats& b) { return a.op < b.op; });
  OpStats other;
  other.op = "other";
  other.of_host = true;
  read_ends(other_, other, all);
  return all;
}

}  // namespace kv::internal
