// kv::Histogram: how many took how long.
#ifndef KV_HISTOGRAM_H_
#define KV_HISTOGRAM_H_

#include <array>
#include <chrono>
#include <cstddef>
#include <cstdint>

#include "kv/export.h"

namespace kv {

// Times in cells: one for all below 64 ns, then eight of equal width between
// each power of two and the next, and one for all from 2^37 ns (137 s) on. So
// a time is known to an eighth. A value; not thread-safe.
class KV_EXPORT Histogram {
 public:
  static constexpr unsigned kFirstPower = 6;
  static constexpr unsigned kLastPower = 37;
  static constexpr unsigned kSubBits = 3;
  static constexpr std::size_t kSub = std::size_t{1} << kSubBits;
  static constexpr std::size_t kCells = 2 + (kLastPower - kFirstPower) * kSub;
  using Cells = std::array<std::uint64_t, kCells>;

  static std::size_t cell_of(std::chrono::nanoseconds time);
  // What is in the cell is below this; of the last cell the end of time.
  static std::chrono::nanoseconds end_of(std::size_t cell);

  void record(std::chrono::nanoseconds time) { add(cell_of(time), 1, time); }
  // `count` times of that cell, `sum` together.
  void add(std::size_t cell, std::uint64_t count, std::chrono::nanoseconds sum);
  void add(const Histogram& other);

  std::uint64_t count() const { return count_; }
  std::chrono::nanoseconds sum() const { return sum_; }
  std::chrono::nanoseconds mean() const;  // 0 where there are none
  // What a part of `part` (0 to 1) of them does not exceed: the end of its
  // cell, so at most an eighth too much. 0 where there are none.
  std::chrono::nanoseconds quantile(double part) const;
  // Those below `bound`; exact where it is the end of a cell.
  std::uint64_t below(std::chrono::nanoseconds bound) const;
  const Cells& cells() const { return cells_; }

  friend bool operator==(const Histogram& a, const Histogram& b) {
    return a.sum_ == b.sum_ && a.cells_ == b.cells_;
  }
  friend bool operator!=(const Histogram& a, const Histogram& b) {
    return !(a == b);
  }

 private:
  Cells cells_{};
  std::uint64_t count_ = 0;
  std::chrono::nanoseconds sum_{0};
};

}  // namespace kv

#endif  // KV_HISTOGRAM_H_
