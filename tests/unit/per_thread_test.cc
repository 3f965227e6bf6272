#include "base/per_thread.h"

#include <gtest/gtest.h>

#include <memory>
#include <thread>
#include <vector>

namespace kv::internal {
namespace {

int sum(const PerThread<int>& numbers) {
  int all = 0;
  numbers.for_each([&](int number) { all += number; });
  return all;
}

TEST(PerThreadTest, EachThreadHasItsOwn) {
  const PerThread<int> numbers;
  numbers.mine() = 1;
  std::thread other([&] {
    EXPECT_EQ(numbers.mine(), 0);
    numbers.mine() = 10;
  });
  other.join();
  EXPECT_EQ(numbers.mine(), 1);
  EXPECT_EQ(sum(numbers), 11);
}

TEST(PerThreadTest, AThreadTakesOverFromOneThatHasEnded) {
  const PerThread<int> numbers;
  for (int i = 0; i < 100; ++i) std::thread([&] { ++numbers.mine(); }).join();
  int places = 0;
  numbers.for_each([&](int number) {
    ++places;
    EXPECT_EQ(number, 100);
  });
  EXPECT_EQ(places, 1);
}

TEST(PerThreadTest, ManyObjectsMayBeUsedInTurns) {
  std::vector<std::unique_ptr<PerThread<int>>> all;
  for (int i = 0; i < 50; ++i)
    all.push_back(std::make_unique<PerThread<int>>());
  for (int round = 0; round < 3; ++round) {
    for (const auto& it : all) ++it->mine();
  }
  for (const auto& it : all) EXPECT_EQ(sum(*it), 3);
}

TEST(PerThreadTest, AnObjectMayEndBeforeTheThreadsThatUseIt) {
  for (int i = 0; i < 100; ++i) {
    const PerThread<int> numbers;
    EXPECT_EQ(++numbers.mine(), 1);
  }
}

}  // namespace
}  // namespace kv::internal
