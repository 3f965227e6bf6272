#include "exec/ack_window.h"

#include <gtest/gtest.h>

#include <chrono>
#include <cstddef>

namespace kv::internal {
namespace {

using std::chrono::milliseconds;
using std::chrono::seconds;

class AckWindowTest : public testing::Test {
 protected:
  static constexpr std::size_t kPortion = AckWindow::kPortion;

  // So many portions leave until it is closed.
  std::size_t fill() {
    std::size_t asked = 0;
    while (window_.open()) {
      if (window_.leave(kPortion + 1)) ++asked;
    }
    return asked;
  }
  void acknowledge(milliseconds took, bool awaited = true) {
    window_.acknowledged(took, now_, awaited);
  }

  Clock::time_point now_ = Clock::now();
  AckWindow window_{100 * kPortion};
};

TEST_F(AckWindowTest, TwoPortionsMayLackTheirs) {
  EXPECT_EQ(fill(), 2U);
  window_.lost();
  EXPECT_EQ(fill(), 1U);
  acknowledge(milliseconds(1), /*awaited=*/false);
  EXPECT_EQ(fill(), 1U);
}

TEST_F(AckWindowTest, NothingIsAskedWhereFewAreAway) {
  for (std::size_t i = 0; i < 10 * kPortion; ++i) {
    EXPECT_FALSE(window_.leave(kPortion));
  }
}

TEST_F(AckWindowTest, APeerThatIsFarAwayGetsMore) {
  std::size_t asked = fill();
  for (int trip = 0; trip < 10; ++trip) {
    for (std::size_t i = asked; i > 0; --i) acknowledge(milliseconds(50));
    asked = fill();
  }
  EXPECT_EQ(asked, 100U) << "all there may be";
}

TEST_F(AckWindowTest, UntilTheyWaitForEachOther) {
  for (int i = 0; i < 20; ++i) {
    fill();
    acknowledge(milliseconds(50));
  }
  fill();
  for (int i = 0; i < 2 + 19; ++i) acknowledge(milliseconds(101));
  EXPECT_EQ(fill(), 2U);
}

TEST_F(AckWindowTest, ForgetsAWayThatWasShorter) {
  fill();
  acknowledge(milliseconds(1));
  for (int i = 0; i < 3; ++i) {
    now_ += seconds(11);
    fill();
    acknowledge(milliseconds(50));
  }
  EXPECT_EQ(fill(), 2U) << "one more, of which one is away";
}

}  // namespace
}  // namespace kv::internal
