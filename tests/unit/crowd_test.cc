#include "exec/crowd.h"

#include <gtest/gtest.h>

#include <chrono>
#include <cstddef>

namespace kv::internal {
namespace {

using std::chrono::milliseconds;

class CrowdTest : public testing::Test {
 protected:
  // So many milliseconds after the beginning.
  bool late(int ms, std::size_t queued) {
    return crowd_.too_many(begin_ + milliseconds(ms), true, queued);
  }
  bool in_time(int ms) {
    return crowd_.too_many(begin_ + milliseconds(ms), false, 1);
  }

  const Clock::time_point begin_ = Clock::now();
  Crowd crowd_{milliseconds(5)};
};

TEST_F(CrowdTest, AQueueThatDoesNotGetShorterIsTooLongAfterTwoLooks) {
  EXPECT_FALSE(late(0, 100));
  EXPECT_FALSE(late(9, 300));
  EXPECT_FALSE(late(10, 300));
  EXPECT_FALSE(late(19, 300));
  EXPECT_TRUE(late(20, 300));
}

TEST_F(CrowdTest, ABurstMayTakeItsTimeToDrain) {
  EXPECT_FALSE(late(0, 100));
  EXPECT_FALSE(late(10, 1000));  // it came after the first look
  for (int i = 2; i < 90; ++i) EXPECT_FALSE(late(10 * i, 1000 - 10 * i));
}

TEST_F(CrowdTest, OneLookAtMoreIsForgotten) {
  for (int i = 0; i < 50; ++i) EXPECT_FALSE(late(10 * i, 100 + i % 2));
}

TEST_F(CrowdTest, AQueueInTimeIsNoCrowd) {
  for (int i = 0; i < 50; ++i) {
    EXPECT_FALSE(late(20 * i, 100 + i));
    EXPECT_FALSE(in_time(20 * i + 11));
  }
}

TEST_F(CrowdTest, AQueueThatHasBeenShortBeginsAnew) {
  EXPECT_FALSE(late(0, 100));
  EXPECT_FALSE(late(10, 100));
  crowd_.short_again();
  EXPECT_FALSE(late(20, 100));
  EXPECT_FALSE(late(30, 100));
  EXPECT_TRUE(late(40, 100));
}

TEST_F(CrowdTest, AnOverloadIsRememberedForAWhile) {
  for (const int ms : {0, 10, 20}) late(ms, 100);
  EXPECT_FALSE(in_time(25));
  EXPECT_TRUE(late(100, 10));
  EXPECT_FALSE(in_time(150));
  EXPECT_FALSE(late(201, 10));  // more than 100 ms after the last
}

// Where some wait again as soon as they have been let on.
class CrowdThatComesBackTest : public CrowdTest {
 protected:
  CrowdThatComesBackTest() : crowd_(milliseconds(5), /*jump=*/10) {}
  bool late(int ms, std::size_t queued) {
    return crowd_.too_many(begin_ + milliseconds(ms), true, queued);
  }

 private:
  Crowd crowd_;
};

TEST_F(CrowdThatComesBackTest, AQueueThatStaysAboutAsLongIsNone) {
  for (int i = 0; i < 50; ++i) {
    EXPECT_FALSE(late(10 * i, 1000 + 9 * i));
  }
}

TEST_F(CrowdThatComesBackTest, AQueueThatGetsLongerIs) {
  EXPECT_FALSE(late(0, 100));
  EXPECT_FALSE(late(10, 159));
  EXPECT_FALSE(late(20, 160));
  EXPECT_FALSE(late(29, 1000));
  EXPECT_FALSE(late(40, 249));
  EXPECT_TRUE(late(100, 250));
}

TEST_F(CrowdThatComesBackTest, OneThatWasShorterBetweenBeginsAnew) {
  EXPECT_FALSE(late(0, 100));
  EXPECT_FALSE(late(10, 160));
  EXPECT_FALSE(late(20, 100));
  EXPECT_FALSE(late(30, 160));
  EXPECT_TRUE(late(40, 250));
}

}  // namespace
}  // namespace kv::internal
