// CallMeter: counts the calls of a node, and how long they took.
#ifndef KV_NODE_CALL_METER_H_
#define KV_NODE_CALL_METER_H_

#include <array>
#include <atomic>
#include <cstddef>
#include <cstdint>
#include <memory>
#include <optional>
#include <string>
#include <string_view>
#include <type_traits>
#include <variant>
#include <vector>

#include "absl/base/thread_annotations.h"
#include "absl/container/flat_hash_map.h"
#include "absl/status/status.h"
#include "base/clock.h"
#include "base/mutex.h"
#include "base/per_thread.h"
#include "base/strings.h"
#include "data/op.h"
#include "kv/stats.h"

namespace kv::internal {

// Where in `Op` its alternative T stands.
template <typename T, typename V>
struct PlaceIn;
template <typename T, typename... Ts>
struct PlaceIn<T, std::variant<Ts...>> {
  static constexpr std::size_t of() {
    const bool same[] = {std::is_same_v<T, Ts>...};
    std::size_t place = 0;
    while (!same[place]) ++place;
    return place;
  }
};
template <typename T>
inline constexpr std::size_t kPlaceOf = PlaceIn<T, Op>::of();

// Built-in operations that succeed, which are nearly all that is fast, are
// counted by each thread for itself, in memory that no other thread writes.
// Safe from any thread.
class CallMeter {
  struct Row;

 public:
  static constexpr std::size_t kBuiltins = std::variant_size_v<Op>;
  static constexpr std::size_t kPaths = 4;

  explicit CallMeter(bool on);
  ~CallMeter();
  CallMeter(const CallMeter&) = delete;
  CallMeter& operator=(const CallMeter&) = delete;

  bool on() const { return on_; }

  // A built-in operation that is answered at once on this thread: every 64th
  // is timed. Made before, ended() after it.
  class AtOnce {
   public:
    AtOnce(CallMeter& meter, std::size_t builtin, CallPath path)
        : meter_(meter), builtin_(builtin), path_(path) {
      if (!meter.on_) return;
      row_ = &meter.row_of_thread(builtin, path);
      count_ = row_->count.load(std::memory_order_relaxed);
      if (count_ % kTimed == 0) begin_ = Clock::now();
    }
    void ended(const absl::Status& status) {
      if (row_ == nullptr) return;
      if (!status.ok()) {
        return add_to(meter_.builtins_[builtin_], path_, status, std::nullopt);
      }
      row_->count.store(count_ + 1, std::memory_order_relaxed);
      if (count_ % kTimed == 0) row_->add_time_alone(Clock::now() - begin_);
    }

   private:
    static constexpr std::uint64_t kTimed = 64;

    CallMeter& meter_;
    const std::size_t builtin_;
    const CallPath path_;
    Row* row_ = nullptr;
    std::uint64_t count_ = 0;
    Clock::time_point begin_;
  };

  // Any other call that has ended, if on(). `took`: if it was let in. `known`:
  // its name is not one that only strangers use.
  void add(const Op& op, CallPath path, const absl::Status& status,
           std::optional<std::chrono::nanoseconds> took, bool known);

  std::vector<OpStats> read() const;

 private:
  static constexpr std::size_t kCodes = 17;
  static constexpr std::size_t kOutcomes = 3;

  // What ended alike. Several threads may add, or one alone for which that is
  // cheaper.
  struct alignas(64) Row {
    std::atomic<std::uint64_t> count{0};
    std::atomic<std::uint64_t> sum{0};
    std::array<std::atomic<std::uint64_t>, Histogram::kCells> cells{};

    void add(std::optional<std::chrono::nanoseconds> took);
    void add_alone(std::optional<std::chrono::nanoseconds> took);
    void add_time_alone(std::chrono::nanoseconds took);
  };
  // Rows that are made when there is something to count.
  template <std::size_t N>
  class Rows {
   public:
    Rows() = default;
    ~Rows();
    Rows(const Rows&) = delete;
    Rows& operator=(const Rows&) = delete;

    Row& at(std::size_t place) {
      Row* const row = rows_[place].load(std::memory_order_acquire);
      return row != nullptr ? *row : make(place);
    }
    const Row* find(std::size_t place) const {
      return rows_[place].load(std::memory_order_acquire);
    }

   private:
    Row& make(std::size_t place);

    std::array<std::atomic<Row*>, N> rows_{};
  };
  // A row for each way to end.
  using Ends = Rows<kPaths * kCodes * kOutcomes>;
  using OfThread = Rows<kBuiltins * kPaths>;

  Row& row_of_thread(std::size_t builtin, CallPath path) {
    return of_threads_.mine().at(builtin * kPaths +
                                 static_cast<std::size_t>(path));
  }
  static void add_to(Ends& ends, CallPath path, const absl::Status& status,
                     std::optional<std::chrono::nanoseconds> took);
  Ends& ends_of(std::string_view name, bool known);
  static void read_row(const Row* row, OpStats& to);
  static void read_ends(const Ends& ends, const OpStats& of,
                        std::vector<OpStats>& to);

  const bool on_;
  const PerThread<OfThread> of_threads_;  // that were answered
  std::array<Ends, kBuiltins> builtins_;  // that failed
  Ends other_;

  mutable Mutex mutex_;
  absl::flat_hash_map<std::string, std::unique_ptr<Ends>, BytesHash, BytesEqual>
      named_ ABSL_GUARDED_BY(mutex_);
};

}  // namespace kv::internal

#endif  // KV_NODE_CALL_METER_H_
