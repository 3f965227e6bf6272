#include "kvctl/histogram.h"

#include <algorithm>
#include <cmath>
#include <cstdio>

namespace kvctl {
namespace {

unsigned log2_of(std::uint64_t value) {  // REQUIRES: value > 0
  return 63U - static_cast<unsigned>(__builtin_clzll(value));
}

}  // namespace

// Values below kSub have a cell each; from there on a cell for each of the
// first kSubBits bits behind the highest.
std::size_t Histogram::cell_of(std::uint64_t value) {
  if (value < kSub) return value;
  const unsigned power = log2_of(value) - kSubBits;
  return (power + 1) * kSub + ((value >> power) - kSub);
}

std::uint64_t Histogram::last_of(std::size_t cell) {
  if (cell < kSub) return cell;
  const std::size_t power = cell / kSub - 1;
  return ((cell % kSub + kSub + 1) << power) - 1;
}

void Histogram::record(std::chrono::nanoseconds time) {
  const auto value =
      static_cast<std::uint64_t>(std::max<std::int64_t>(time.count(), 0));
  ++cells_[cell_of(value)];
  ++count_;
  sum_ += static_cast<double>(value);
  least_ = std::min(least_, time);
  most_ = std::max(most_, time);
}

void Histogram::add(const Histogram& other) {
  for (std::size_t i = 0; i < cells_.size(); ++i) cells_[i] += other.cells_[i];
  count_ += other.count_;
  sum_ += other.sum_;
  least_ = std::min(least_, other.least_);
  most_ = std::max(most_, other.most_);
}

std::chrono::nanoseconds Histogram::least() const {
  return count_ == 0 ? std::chrono::nanoseconds(0) : least_;
}

std::chrono::nanoseconds Histogram::mean() const {
  if (count_ == 0) return std::chrono::nanoseconds(0);
  return std::chrono::nanoseconds(
      std::llround(sum_ / static_cast<double>(count_)));
}

std::chrono::nanoseconds Histogram::quantile(double part) const {
  const auto wanted =
      static_cast<std::uint64_t>(std::ceil(part * static_cast<double>(count_)));
  std::uint64_t seen = 0;
  for (std::size_t i = 0; i < cells_.size(); ++i) {
    seen += cells_[i];
    if (seen >= wanted && seen > 0) {
      return std::min(most_, std::chrono::nanoseconds(last_of(i)));
    }
  }
  return most_;
}

std::string Histogram::bars() const {
  constexpr std::size_t kWidth = 40;
  std::array<std::uint64_t, 64> powers{};
  for (std::size_t i = 0; i < cells_.size(); ++i) {
    if (cells_[i] > 0) powers[log2_of(last_of(i) | 1)] += cells_[i];
  }
  const std::uint64_t highest = *std::max_element(powers.begin(), powers.end());
  std::string text;
  for (std::size_t power = 0; power < powers.size(); ++power) {
    if (powers[power] == 0) continue;
    const std::size_t bar = powers[power] * kWidth / highest;
    char line[128];
    std::snprintf(
        line, sizeof line, "%10s to %-10s %6.2f %%  ",
        shown(std::chrono::nanoseconds(std::int64_t{1} << power)).c_str(),
        shown(std::chrono::nanoseconds(std::int64_t{1}
                                       << std::min<std::size_t>(power + 1, 62)))
            .c_str(),
        100.0 * static_cast<double>(powers[power]) /
            static_cast<double>(count_));
    text += line + std::string(std::max<std::size_t>(bar, 1), '#') + "\n";
  }
  return text;
}

std::string shown(std::chrono::nanoseconds time) {
  const auto ns = static_cast<double>(time.count());
  char text[32];
  if (ns < 1e3) {
    std::snprintf(text, sizeof text, "%.0f ns", ns);
  } else if (ns < 1e6) {
    std::snprintf(text, sizeof text, "%.1f us", ns / 1e3);
  } else if (ns < 1e9) {
    std::snprintf(text, sizeof text, "%.1f ms", ns / 1e6);
  } else {
    std::snprintf(text, sizeof text, "%.2f s", ns / 1e9);
  }
  return text;
}

}  // namespace kvctl
