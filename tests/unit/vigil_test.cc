#include "rpc/vigil.h"

#include <gtest/gtest.h>

namespace kv::internal {
namespace {

constexpr std::chrono::microseconds kLimit{200};
constexpr std::chrono::microseconds kShort{50};

void sleep_shortly(Vigil& vigil, int times) {
  for (int i = 0; i < times; ++i) vigil.slept(kShort);
}

TEST(VigilTest, BeginsWhereEventsFollowCloselyOnEachOther) {
  Vigil vigil(kLimit);
  EXPECT_FALSE(vigil.wanted());
  sleep_shortly(vigil, Vigil::kClose - 1);
  EXPECT_FALSE(vigil.wanted());
  vigil.slept(kLimit);  // one that did not
  sleep_shortly(vigil, Vigil::kClose - 1);
  EXPECT_FALSE(vigil.wanted());
  sleep_shortly(vigil, 1);
  EXPECT_TRUE(vigil.wanted());
}

TEST(VigilTest, EndsWhereNoEventComes) {
  Vigil vigil(kLimit);
  sleep_shortly(vigil, Vigil::kClose);
  EXPECT_FALSE(vigil.in_vain(kShort));
  EXPECT_TRUE(vigil.wanted());
  EXPECT_TRUE(vigil.in_vain(kLimit));
  EXPECT_FALSE(vigil.wanted());
}

TEST(VigilTest, SleepsOnceWhereAnotherThreadWantsTheCoreForLong) {
  Vigil vigil(kLimit);
  sleep_shortly(vigil, Vigil::kClose);
  EXPECT_FALSE(vigil.disturbed(kShort));
  EXPECT_TRUE(vigil.disturbed(2 * kShort));
  sleep_shortly(vigil, 1);
  EXPECT_TRUE(vigil.wanted());
  EXPECT_TRUE(vigil.disturbed(2 * kShort));
  vigil.slept(kLimit);
  EXPECT_FALSE(vigil.wanted());
}

TEST(VigilTest, SleepsForLongWhereThreadsCompute) {
  Vigil vigil(kLimit);
  sleep_shortly(vigil, Vigil::kClose);
  EXPECT_TRUE(vigil.disturbed(std::chrono::milliseconds(1)));
  vigil.slept(kLimit);
  sleep_shortly(vigil, Vigil::kPenance + Vigil::kClose - 1);
  EXPECT_FALSE(vigil.wanted());
  sleep_shortly(vigil, 1);
  EXPECT_TRUE(vigil.wanted());
}

TEST(VigilTest, GivesWayToCallbacksThatTakeTheirTime) {
  EXPECT_FALSE(Vigil::gives_way(std::chrono::microseconds(10)));
  EXPECT_TRUE(Vigil::gives_way(kShort));
}

TEST(VigilTest, NeverBeginsWithoutTime) {
  Vigil vigil(std::chrono::microseconds(0));
  sleep_shortly(vigil, 100);
  EXPECT_FALSE(vigil.wanted());
}

}  // namespace
}  // namespace kv::internal
