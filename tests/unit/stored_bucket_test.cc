#include "data/stored_bucket.h"

#include <gtest/gtest.h>

#include <functional>
#include <memory>
#include <optional>
#include <thread>
#include <vector>

namespace kv::internal {
namespace {

constexpr std::size_t kMany = 1000;

class StoredBucketTest : public testing::Test {
 protected:
  // Notes its number; goes on until end_turn() if `lasting`.
  class Noting final : public Turn {
   public:
    Noting(std::vector<int>& notes, int number, bool lasting,
           std::function<void(StoredBucket&)> then)
        : notes_(notes), number_(number), lasting_(lasting), then_(then) {}
    bool run(StoredBucket& bucket) override {
      notes_.push_back(number_);
      if (then_) then_(bucket);
      return !lasting_;
    }

   private:
    std::vector<int>& notes_;
    const int number_;
    const bool lasting_;
    const std::function<void(StoredBucket&)> then_;
  };

  std::optional<std::uint64_t> take(
      int number, bool lasting = false, std::size_t max_waiting = kMany,
      std::function<void(StoredBucket&)> then = nullptr) {
    return bucket_.take_turn(
        std::make_shared<Noting>(notes_, number, lasting, then), max_waiting);
  }
  bool is_free() {
    return bucket_.try_now([](StoredBucket::Contents&) {});
  }

  StoredBucket bucket_{"room", 7, std::make_shared<const Limits>()};
  std::vector<int> notes_;
};

TEST_F(StoredBucketTest, AFreeBucketGivesTheTurnAtOnce) {
  EXPECT_EQ(take(1), 0U);
  EXPECT_EQ(notes_, (std::vector<int>{1}));
  EXPECT_TRUE(is_free());
}

TEST_F(StoredBucketTest, ATurnThatLastsKeepsOthersOutUntilItsEnd) {
  EXPECT_EQ(take(1, true), 0U);
  EXPECT_FALSE(is_free());
  EXPECT_GT(*take(2), 0U);
  EXPECT_EQ(notes_, (std::vector<int>{1}));
  bucket_.end_turn();
  EXPECT_EQ(notes_, (std::vector<int>{1, 2}));
  EXPECT_TRUE(is_free());
}

TEST_F(StoredBucketTest, TurnsComeInOrderOfArrivalAlsoThoseThatLast) {
  take(1, true);
  take(2, true);
  take(3);
  take(4, true);
  take(5);
  bucket_.end_turn();
  EXPECT_EQ(notes_, (std::vector<int>{1, 2}));
  bucket_.end_turn();
  EXPECT_EQ(notes_, (std::vector<int>{1, 2, 3, 4}));
  bucket_.end_turn();
  EXPECT_EQ(notes_, (std::vector<int>{1, 2, 3, 4, 5}));
  EXPECT_TRUE(is_free());
}

TEST_F(StoredBucketTest, WhoArrivesDuringATurnComesAfterThoseThatWait) {
  take(1, true);
  take(2, false, kMany, [this](StoredBucket&) { take(4); });
  take(3);
  bucket_.end_turn();
  EXPECT_EQ(notes_, (std::vector<int>{1, 2, 3, 4}));
}

TEST_F(StoredBucketTest, ATurnMayEndWithinItself) {
  take(1, true, kMany, [](StoredBucket& bucket) { bucket.end_turn(); });
  EXPECT_TRUE(is_free());
}

TEST_F(StoredBucketTest, NoMoreWaitThanTheLimit) {
  take(1, true);
  EXPECT_TRUE(take(2, false, 2).has_value());
  EXPECT_TRUE(take(3, false, 2).has_value());
  EXPECT_FALSE(take(4, false, 2).has_value());
  bucket_.end_turn();
  EXPECT_EQ(notes_, (std::vector<int>{1, 2, 3}));
}

// Whoever would have its turn too late hears so at once.
TEST_F(StoredBucketTest, WhoWouldWaitForHalfOfItsTimeDoesNotWait) {
  using std::chrono::milliseconds;
  const auto takes_5_ms = [](StoredBucket&) {
    std::this_thread::sleep_for(milliseconds(5));
  };
  const auto has_turn_within = [&](milliseconds time) {
    const auto ticket =
        bucket_.take_turn(std::make_shared<Noting>(notes_, 0, false, nullptr),
                          kMany, Clock::now() + time);
    return ticket.has_value();
  };
  EXPECT_TRUE(has_turn_within(milliseconds(0))) << "it is free";
  for (int i = 0; i < 20; ++i) take(i, false, kMany, takes_5_ms);
  take(1, true);
  EXPECT_FALSE(has_turn_within(milliseconds(2)));
  EXPECT_TRUE(has_turn_within(std::chrono::hours(1)));
  for (int i = 0; i < 200; ++i) take(2);
  EXPECT_FALSE(has_turn_within(milliseconds(500)));
  EXPECT_TRUE(has_turn_within(std::chrono::hours(1)));
  // Turns have become short, so more wait.
  bucket_.end_turn();
  take(1, true);
  for (int i = 0; i < 200; ++i) take(2);
  EXPECT_TRUE(has_turn_within(milliseconds(5000)));
  bucket_.end_turn();
}

TEST_F(StoredBucketTest, WhoWithdrawsWaitsNoMoreAndMakesRoom) {
  take(1, true);
  const auto second = take(2, false, 1);
  bucket_.withdraw(*second);
  bucket_.withdraw(*second);
  const auto third = take(3, false, 1);
  EXPECT_NE(third, second);
  bucket_.withdraw(12345);
  bucket_.end_turn();
  bucket_.withdraw(*third);  // its turn has come
  EXPECT_EQ(notes_, (std::vector<int>{1, 3}));
}

TEST_F(StoredBucketTest, TryNowSeesTheContents) {
  EXPECT_EQ(bucket_.name(), "room");
  EXPECT_EQ(bucket_.id(), 7U);
  EXPECT_TRUE(bucket_.try_now([](StoredBucket::Contents& contents) {
    EXPECT_FALSE(contents.dropped);
    contents.pairs.put("milk", "1");
  }));
  take(1, true);
  EXPECT_EQ(bucket_.contents().pairs.find("milk").value, "1");
  bucket_.end_turn();
}

// A queue of any length is worked off without deep recursion.
TEST_F(StoredBucketTest, AHundredThousandMayWait) {
  take(-1, true);
  for (int i = 0; i < 100000; ++i) take(i, false, 100000);
  bucket_.end_turn();
  EXPECT_EQ(notes_.size(), 100001U);
  EXPECT_TRUE(is_free());
}

TEST_F(StoredBucketTest, ThreadsThatTakeTurnsNeverMeet) {
  int sum = 0;  // guarded by the turn
  class Adding final : public Turn {
   public:
    explicit Adding(int& total) : total_(total) {}
    bool run(StoredBucket&) override {
      ++total_;
      return true;
    }

   private:
    int& total_;
  };
  std::vector<std::thread> threads;
  for (int t = 0; t < 4; ++t) {
    threads.emplace_back([&] {
      for (int i = 0; i < 2000; ++i) {
        bucket_.take_turn(std::make_shared<Adding>(sum), 100000);
        bucket_.try_now([&](StoredBucket::Contents&) { ++sum; });
      }
    });
  }
  for (std::thread& thread : threads) thread.join();
  EXPECT_TRUE(is_free());
  EXPECT_GE(sum, 8000);
}

}  // namespace
}  // namespace kv::internal
