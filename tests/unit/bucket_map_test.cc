#include "data/bucket_map.h"

#include <gtest/gtest.h>

#include <array>
#include <atomic>
#include <cstdint>
#include <memory>
#include <optional>
#include <set>
#include <string>
#include <string_view>
#include <thread>
#include <vector>

#include "fault/told.h"

namespace kv::internal {
namespace {

TEST(BucketMapTest, FindsWhatItMade) {
  BucketMap map{Limits()};
  EXPECT_EQ(map.find("room"), nullptr);
  const auto made = *map.find_or_make("room");
  EXPECT_EQ(made->name(), "room");
  EXPECT_EQ(map.find("room"), made);
  EXPECT_EQ(*map.find_or_make("room"), made);
  EXPECT_EQ(map.size(), 1U);
}

TEST(BucketMapTest, NamesAreBytesInByteOrder) {
  BucketMap map{Limits()};
  const std::vector<std::string> names = {std::string(1, '\0'), "a", "ab", "b",
                                          "\xff"};
  for (auto it = names.rbegin(); it != names.rend(); ++it) {
    ASSERT_TRUE(map.find_or_make(*it).ok());
  }
  EXPECT_EQ(map.names(std::nullopt, 100), names);
}

TEST(BucketMapTest, RefusesBadNames) {
  Limits limits;
  limits.bucket_name_bytes = 4;
  BucketMap map(limits);
  EXPECT_EQ(told(map.find_or_make("")), "INVALID_ARGUMENT not_run");
  EXPECT_EQ(told(map.find_or_make("12345")), "INVALID_ARGUMENT not_run");
  EXPECT_EQ(told(map.find_or_make("1234")), "OK");
}

TEST(BucketMapTest, HasALimit) {
  Limits limits;
  limits.buckets = 2;
  BucketMap map(limits);
  const auto first = *map.find_or_make("first");
  EXPECT_EQ(told(map.find_or_make("second")), "OK");
  EXPECT_EQ(told(map.find_or_make("third")), "RESOURCE_EXHAUSTED not_run");
  EXPECT_EQ(told(map.find_or_make("first")), "OK");
  map.remove(*first);
  EXPECT_EQ(told(map.find_or_make("third")), "OK");
  EXPECT_EQ(map.size(), 2U);
}

TEST(BucketMapTest, RemoveForgetsThatBucketAndNoOtherOfItsName) {
  BucketMap map{Limits()};
  const auto old = *map.find_or_make("room");
  map.remove(*old);
  EXPECT_EQ(map.find("room"), nullptr);
  const auto made = *map.find_or_make("room");
  EXPECT_NE(made->id(), old->id());
  map.remove(*old);
  EXPECT_EQ(map.find("room"), made);
  EXPECT_EQ(map.size(), 1U);
}

// The id of the bucket that try_now() finds, 0 if there is none.
std::uint64_t tried(const BucketMap& map, std::string_view name) {
  std::uint64_t id = 0;
  const auto end = map.try_now(
      name, [&](StoredBucket& bucket, StoredBucket::Contents& /*contents*/) {
        id = bucket.id();
      });
  EXPECT_EQ(end == BucketMap::Tried::kDone, id != 0);
  return id;
}

void drop(BucketMap& map, StoredBucket& bucket) {
  ASSERT_TRUE(bucket.try_now([](auto& contents) { contents.dropped = true; }));
  map.remove(bucket);
}

TEST(BucketMapTest, AThreadThatKnowsABucketSeesThatItIsGone) {
  BucketMap map{Limits()};
  for (int round = 0; round < 3; ++round) {
    EXPECT_EQ(tried(map, "room"), 0U);
    const auto made = *map.find_or_make("room");
    for (int i = 0; i < 4; ++i) EXPECT_EQ(tried(map, "room"), made->id());
    drop(map, *made);
  }
  EXPECT_EQ(tried(map, "room"), 0U);
}

TEST(BucketMapTest, AThreadFindsMoreBucketsThanItKnows) {
  BucketMap map{Limits()};
  std::vector<std::uint64_t> ids;
  for (int i = 0; i < 1000; ++i) {
    ids.push_back((*map.find_or_make(std::to_string(i)))->id());
  }
  for (int round = 0; round < 3; ++round) {
    for (int i = 0; i < 1000; ++i) {
      EXPECT_EQ(tried(map, std::to_string(i)), ids[i]);
      EXPECT_EQ(tried(map, std::to_string(i)), ids[i]);
    }
  }
}

TEST(BucketMapTest, WhatThreadsKnowEndsWithTheMap) {
  auto map = std::make_unique<BucketMap>(Limits());
  const std::weak_ptr<StoredBucket> bucket = *map->find_or_make("room");
  for (int i = 0; i < 4; ++i) tried(*map, "room");
  EXPECT_EQ(bucket.use_count(), 2);  // the map, and this thread
  map = nullptr;
  EXPECT_TRUE(bucket.expired());
}

TEST(BucketMapTest, ThreadsThatKnowABucketFindTheNextOneOfItsName) {
  BucketMap map{Limits()};
  std::atomic<bool> over{false};
  std::vector<std::thread> threads;
  std::array<std::atomic<std::uint64_t>, 3> seen{};
  for (auto& mine : seen) {
    threads.emplace_back([&] {
      while (!over) {
        map.try_now("room", [&](StoredBucket& bucket, auto& contents) {
          if (contents.dropped) return;
          mine = bucket.id();
        });
      }
    });
  }
  for (int i = 0; i < 300; ++i) {
    const auto next = *map.find_or_make("room");
    for (const auto& it : seen) {
      while (it != next->id()) std::this_thread::yield();
    }
    drop(map, *next);
  }
  over = true;
  for (std::thread& thread : threads) thread.join();
}

TEST(BucketMapTest, IdsAreNeverZeroAndDifferAlsoBetweenMaps) {
  std::set<std::uint64_t> ids;
  constexpr int kEach = 100;
  for (int m = 0; m < 10; ++m) {
    BucketMap map{Limits()};
    for (int i = 0; i < kEach; ++i) {
      ids.insert((*map.find_or_make(std::to_string(i)))->id());
    }
  }
  EXPECT_EQ(ids.size(), 10U * kEach);
  EXPECT_EQ(ids.count(0), 0U);
}

TEST(BucketMapTest, ThreadsThatMakeTheSameNamesGetTheSameBuckets) {
  BucketMap map{Limits()};
  constexpr int kNames = 200;
  std::vector<std::vector<std::uint64_t>> ids(4);
  std::vector<std::thread> threads;
  for (auto& mine : ids) {
    threads.emplace_back([&] {
      for (int i = 0; i < kNames; ++i) {
        mine.push_back((*map.find_or_make(std::to_string(i)))->id());
      }
    });
  }
  for (std::thread& thread : threads) thread.join();
  for (const auto& mine : ids) EXPECT_EQ(mine, ids[0]);
  EXPECT_EQ(map.size(), static_cast<std::size_t>(kNames));
}

TEST(BucketMapTest, TheLimitHoldsAgainstThreadsToo) {
  Limits limits;
  limits.buckets = 50;
  BucketMap map(limits);
  std::atomic<int> made{0};
  std::vector<std::thread> threads;
  for (int t = 0; t < 4; ++t) {
    threads.emplace_back([&, t] {
      for (int i = 0; i < 50; ++i) {
        if (map.find_or_make(std::to_string(t * 50 + i)).ok()) ++made;
      }
    });
  }
  for (std::thread& thread : threads) thread.join();
  EXPECT_EQ(made, 50);
  EXPECT_EQ(map.names(std::nullopt, 100).size(), 50U);
}

}  // namespace
}  // namespace kv::internal
