#include "kv/histogram.h"

#include <gtest/gtest.h>

#include <algorithm>
#include <cstdint>
#include <vector>

#include "fault/seed.h"

namespace kv {
namespace {

using std::chrono::nanoseconds;

TEST(HistogramTest, CellsFollowEachOtherWithoutGaps) {
  EXPECT_EQ(Histogram::cell_of(nanoseconds(-5)), 0U);
  EXPECT_EQ(Histogram::cell_of(nanoseconds(0)), 0U);
  for (std::size_t cell = 0; cell + 1 < Histogram::kCells; ++cell) {
    const nanoseconds end = Histogram::end_of(cell);
    EXPECT_EQ(Histogram::cell_of(end - nanoseconds(1)), cell);
    EXPECT_EQ(Histogram::cell_of(end), cell + 1);
  }
  EXPECT_EQ(Histogram::end_of(0), nanoseconds(64));
  EXPECT_EQ(Histogram::end_of(Histogram::kCells - 2),
            nanoseconds(std::int64_t{1} << 37));
  EXPECT_EQ(Histogram::end_of(Histogram::kCells - 1), nanoseconds::max());
  EXPECT_EQ(Histogram::cell_of(nanoseconds::max()), Histogram::kCells - 1);
}

TEST(HistogramTest, AQuantileIsAtMostAnEighthTooMuch) {
  const std::uint32_t seed = internal::test_seed();
  SCOPED_TRACE(internal::shown(seed));
  std::mt19937 random(seed);
  std::vector<std::int64_t> times;
  Histogram histogram;
  std::int64_t sum = 0;
  for (int i = 0; i < 10000; ++i) {
    // Of all sizes alike.
    times.push_back(std::int64_t{64} << (random() % 25));
    times.back() += static_cast<std::int64_t>(random()) % times.back();
    histogram.record(nanoseconds(times.back()));
    sum += times.back();
  }
  std::sort(times.begin(), times.end());
  EXPECT_EQ(histogram.count(), times.size());
  EXPECT_EQ(histogram.sum().count(), sum);
  EXPECT_EQ(histogram.mean().count(), sum / 10000);
  for (const double part : {0.0, 0.1, 0.5, 0.9, 0.99, 0.999, 1.0}) {
    const double exact = static_cast<double>(
        times[std::max<std::size_t>(static_cast<std::size_t>(part * 10000), 1) -
              1]);
    const auto told = static_cast<double>(histogram.quantile(part).count());
    EXPECT_GE(told, exact) << part;
    EXPECT_LE(told, exact * 9 / 8 + 1) << part;
  }
}

TEST(HistogramTest, AnEmptyOneHasNothing) {
  const Histogram histogram;
  EXPECT_EQ(histogram.count(), 0U);
  EXPECT_EQ(histogram.mean().count(), 0);
  EXPECT_EQ(histogram.quantile(0.99).count(), 0);
}

TEST(HistogramTest, SeveralAddUp) {
  Histogram a;
  Histogram b;
  a.record(nanoseconds(100));
  b.record(nanoseconds(1000));
  b.add(Histogram::cell_of(nanoseconds(5000)), 2, nanoseconds(10000));
  a.add(b);
  EXPECT_EQ(a.count(), 4U);
  EXPECT_EQ(a.sum(), nanoseconds(11100));
  EXPECT_EQ(a.below(nanoseconds(64)), 0U);
  EXPECT_EQ(a.below(nanoseconds(1024)), 2U);
  EXPECT_EQ(a.below(nanoseconds(8192)), 4U);
}

}  // namespace
}  // namespace kv
