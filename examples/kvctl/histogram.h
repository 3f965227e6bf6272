// Latencies: how many were how long, within 3 % or so.
#ifndef KVCTL_HISTOGRAM_H_
#define KVCTL_HISTOGRAM_H_

#include <array>
#include <chrono>
#include <cstddef>
#include <cstdint>
#include <string>

namespace kvctl {

// Cells that double in width at each power of two, 32 of them between two
// powers. A value; not thread-safe.
class Histogram {
 public:
  void record(std::chrono::nanoseconds time);
  void add(const Histogram& other);

  std::uint64_t count() const { return count_; }
  std::chrono::nanoseconds least() const;  // 0 where there are none
  std::chrono::nanoseconds most() const { return most_; }
  std::chrono::nanoseconds mean() const;
  // What a part of `part` (0 to 1) of them does not exceed.
  std::chrono::nanoseconds quantile(double part) const;

  // A line for each power of two, with a bar.
  std::string bars() const;

 private:
  static constexpr unsigned kSubBits = 5;
  static constexpr std::size_t kSub = std::size_t{1} << kSubBits;
  static constexpr std::size_t kPowers = 64 - kSubBits;

  static std::size_t cell_of(std::uint64_t value);
  static std::uint64_t last_of(std::size_t cell);  // the largest in the cell

  std::array<std::uint64_t, kSub*(kPowers + 1)> cells_{};
  std::uint64_t count_ = 0;
  double sum_ = 0;
  std::chrono::nanoseconds least_ = std::chrono::nanoseconds::max();
  std::chrono::nanoseconds most_{0};
};

// "12.3 us", "1.2 s".
std::string shown(std::chrono::nanoseconds time);

}  // namespace kvctl

#endif  // KVCTL_HISTOGRAM_H_
