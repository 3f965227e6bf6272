// A node that is asked for ten times as much as it can do.
//
// Here for a moment, with bounds that hold on a busy machine. To measure:
//   KVROUTE_OVERLOAD_SECONDS=10 build/tests/pace_tests
//   --gtest_filter='*Overload*'
#include <gtest/gtest.h>

#include <algorithm>
#include <chrono>
#include <cstdlib>
#include <iostream>
#include <string>

#include "distributed/load.h"
#include "distributed/two_processes.h"
#include "fault/seed.h"

namespace {

using kv_tests::Load;
using kv_tests::LoadResult;
using kv_tests::milliseconds;
using kv_tests::seconds;

// Of peer_main.cc's Work, and what there must be of its peak at ten times that.
struct Work {
  const char* name;
  const char* args;
};

milliseconds load_time() {
  const char* const wanted = std::getenv("KVROUTE_OVERLOAD_SECONDS");
  return wanted == nullptr ? milliseconds(2000) : seconds(std::atoi(wanted));
}

double ms(std::chrono::nanoseconds time) {
  return std::chrono::duration<double, std::milli>(time).count();
}

void show(const std::string& what, const LoadResult& it) {
  std::cout << "  " << what << ": " << it.calls << " calls, "
            << static_cast<int>(it.per_second()) << " done/s, p50 "
            << ms(it.percentile(50)) << " ms, p99 " << ms(it.percentile(99))
            << " ms, refused " << it.refused << ", too late " << it.too_late
            << ", otherwise " << it.otherwise << "\n";
}

class OverloadTest : public kv_tests::TwoProcesses,
                     public testing::WithParamInterface<Work> {
 protected:
  // As much as it can do: the best of some numbers in flight.
  static LoadResult peak(Load& load) {
    LoadResult best;
    for (const std::size_t in_flight : {2, 8, 16, 32}) {
      LoadResult it = load.closed(in_flight, load_time() / 2);
      show(std::to_string(in_flight) + " in flight", it);
      if (best.succeeded.empty() || it.per_second() > best.per_second()) {
        best = std::move(it);
      }
    }
    return best;
  }
};
INSTANTIATE_TEST_SUITE_P(, OverloadTest,
                         testing::Values(Work{"Sleeps5ms", "sleep 5000"},
                                         Work{"Computes5ms", "burn 5000"},
                                         Work{"Computes500us", "burn 500"}),
                         [](const auto& it) { return it.param.name; });

TEST_P(OverloadTest, ANodeGoesOnAtItsPaceAndRefusesTheRest) {
  Load load(router(), bar_->name(), kv::Apply{"Work", GetParam().args});
  const LoadResult before = peak(load);
  ASSERT_FALSE(before.succeeded.empty());
  const std::size_t memory_before = bar_->resident_bytes();

  const LoadResult over = load.open(10 * before.per_second(), load_time());
  show("ten times", over);
  const std::size_t memory = bar_->resident_bytes();

  LoadResult after;
  const auto recovered = kv_tests::time_of([&] {
    EXPECT_TRUE(kv_tests::eventually([&] {
      after = load.closed(8, milliseconds(250));
      return after.succeeded.size() == after.calls;
    })) << "it does not recover";
  });
  show("afterwards", after);

  const double goodput = over.per_second() / before.per_second();
  const double slower =
      ms(over.percentile(99)) / std::max(ms(before.percentile(99)), 1e-3);
  std::cout << "  goodput " << goodput * 100 << " % of its peak, p99 " << slower
            << " times, as before after " << ms(recovered) << " ms, resident "
            << memory_before / 1024 << " -> " << memory / 1024 << " KiB\n";
  // Where nothing is refused, goodput is a few percent, and who is served has
  // waited for as long as the deadline allows.
  EXPECT_GT(goodput, 0.25);
  EXPECT_LT(recovered, seconds(5));
  if (!kv::internal::kSanitized) {  // which is slow, and keeps what was freed
    EXPECT_LT(slower, 50);
    EXPECT_LT(memory, memory_before + 200 * 1024 * 1024);
  }
  EXPECT_LT(over.too_late, over.calls / 10) << "refused at once, not too late";
  EXPECT_EQ(over.otherwise, 0U);
}

}  // namespace
