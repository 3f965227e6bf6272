#include "kv/histogram.h"

#include <algorithm>
#include <cmath>

namespace kv {
namespace {

unsigned log2_of(std::uint64_t value) {  // REQUIRES: value > 0
  return 63U - static_cast<unsigned>(__builtin_clzll(value));
}

}  // namespace

std::size_t Histogram::cell_of(std::chrono::nanoseconds time) {
  const auto value =
      static_cast<std::uint64_t>(std::max<std::int64_t>(time.count(), 1));
  const unsigned power = log2_of(value);
  if (power < kFirstPower) return 0;
  if (power >= kLastPower) return kCells - 1;
  const std::size_t sub = (value >> (power - kSubBits)) - kSub;
  return 1 + (power - kFirstPower) * kSub + sub;
}

std::chrono::nanoseconds Histogram::end_of(std::size_t cell) {
  if (cell >= kCells - 1) return std::chrono::nanoseconds::max();
  const std::size_t power = kFirstPower + cell / kSub;
  return std::chrono::nanoseconds((kSub + cell % kSub) << (power - kSubBits));
}

void Histogram::add(std::size_t cell, std::uint64_t count,
                    std::chrono::nanoseconds sum) {
  cells_[cell] += count;
  count_ += count;
  sum_ += sum;
}

void Histogram::add(const Histogram& other) {
  for (std::size_t i = 0; i < kCells; ++i) cells_[i] += other.cells_[i];
  count_ += other.count_;
  sum_ += other.sum_;
}

std::chrono::nanoseconds Histogram::mean() const {
  if (count_ == 0) return std::chrono::nanoseconds(0);
  return sum_ / static_cast<std::int64_t>(count_);
}

std::chrono::nanoseconds Histogram::quantile(double part) const {
  if (count_ == 0) return std::chrono::nanoseconds(0);
  const double wanted =
      std::max(1.0, std::ceil(part * static_cast<double>(count_)));
  std::uint64_t seen = 0;
  std::size_t cell = 0;
  for (; cell < kCells - 1; ++cell) {
    seen += cells_[cell];
    if (static_cast<double>(seen) >= wanted) break;
  }
  return end_of(cell);
}

std::uint64_t Histogram::below(std::chrono::nanoseconds bound) const {
  std::uint64_t count = 0;
  for (std::size_t i = 0; i < kCells && end_of(i) <= bound; ++i) {
    count += cells_[i];
  }
  return count;
}

}  // namespace kv
