#include "kv/registry.h"

#include <gtest/gtest.h>

#include <atomic>
#include <map>
#include <memory>
#include <optional>
#include <stdexcept>
#include <string>
#include <thread>
#include <vector>

#include "data/bucket_map.h"
#include "fault/gate.h"
#include "fault/told.h"

namespace kv::internal {
namespace {

// The turn of an operation of the host, which ends with end_turn().
class Holding final : public Turn {
 public:
  bool run(StoredBucket&) override { return false; }
};

class RegistryTest : public testing::Test {
 protected:
  BucketMap buckets_{Limits()};
  Registry registry_{buckets_};
};

TEST_F(RegistryTest, CreatesLooksUpAndDrops) {
  EXPECT_EQ(registry_.lookup("shop"), nullptr);
  ASSERT_TRUE((*registry_.create("shop"))->put("milk", "1").ok());
  EXPECT_EQ((*registry_.create("shop"))->get("milk"), "1") << "twice is fine";
  EXPECT_EQ(registry_.lookup("shop")->name(), "shop");
  EXPECT_EQ(registry_.size(), 1U);
  EXPECT_TRUE(registry_.drop("shop"));
  EXPECT_FALSE(registry_.drop("shop"));
  EXPECT_EQ(registry_.lookup("shop"), nullptr);
  EXPECT_EQ(registry_.size(), 0U);
  EXPECT_EQ((*registry_.create("shop"))->size(), 0U);
}

TEST_F(RegistryTest, RefusesBadNames) {
  EXPECT_EQ(told(registry_.create("")), "INVALID_ARGUMENT not_run");
  EXPECT_EQ(told(registry_.create(std::string(1025, 'x'))),
            "INVALID_ARGUMENT not_run");
  EXPECT_EQ(registry_.lookup(""), nullptr);
  EXPECT_FALSE(registry_.drop(""));
}

TEST_F(RegistryTest, ListsNamesInByteOrder) {
  for (const char* name : {"b", "\xff", "a"}) {
    ASSERT_TRUE(registry_.create(name).ok());
  }
  EXPECT_EQ(registry_.names(), (std::vector<std::string>{"a", "b", "\xff"}));
}

TEST_F(RegistryTest, ABucketDoesWhatItsInterfaceSays) {
  const auto bucket = *registry_.create("shop");
  EXPECT_EQ(told(bucket->put("", "")), "OK");
  EXPECT_EQ(told(bucket->put("eggs", "12")), "OK");
  EXPECT_EQ(bucket->get(""), "");
  EXPECT_EQ(bucket->get("milk"), std::nullopt);
  EXPECT_EQ(bucket->del("milk"), std::nullopt);
  EXPECT_EQ(bucket->del(""), "");
  EXPECT_EQ(bucket->size(), 1U);
  const auto more = [](const std::optional<std::string>& value) {
    return *value + "+1";
  };
  EXPECT_EQ(told(bucket->update("eggs", more)), "OK");
  EXPECT_EQ(bucket->scan("eg", 10), (Bucket::Pairs{{"eggs", "12+1"}}));
  std::map<std::string, std::string> all;
  bucket->for_each([&](std::string_view key, std::string_view value) {
    all.emplace(key, value);
  });
  EXPECT_EQ(all, (std::map<std::string, std::string>{{"eggs", "12+1"}}));
  bucket->clear();
  EXPECT_EQ(bucket->size(), 0U);
}

TEST_F(RegistryTest, LimitsHoldHereToo) {
  const auto bucket = *registry_.create("shop");
  EXPECT_EQ(told(bucket->put(std::string(64 * 1024 + 1, 'x'), "")),
            "INVALID_ARGUMENT not_run");
  EXPECT_EQ(bucket->size(), 0U);
}

TEST_F(RegistryTest, ABucketOutlivesItsDropButTakesNoWrites) {
  const auto bucket = *registry_.create("shop");
  ASSERT_TRUE(registry_.drop("shop"));
  EXPECT_EQ(told(bucket->put("milk", "1")), "ABORTED not_run");
  EXPECT_EQ(told(bucket->update("milk", [](const auto&) { return "1"; })),
            "ABORTED not_run");
  bucket->clear();
  EXPECT_EQ(bucket->get("milk"), std::nullopt);
  ASSERT_TRUE(registry_.create("shop").ok());
  EXPECT_EQ(told(bucket->put("milk", "1")), "ABORTED not_run");
  EXPECT_EQ(registry_.lookup("shop")->size(), 0U);
}

TEST_F(RegistryTest, WhatAHostThrowsChangesNothingAndFreesTheBucket) {
  const auto bucket = *registry_.create("shop");
  ASSERT_TRUE(bucket->put("milk", "1").ok());
  EXPECT_THROW(bucket
                   ->update("milk",
                            [](const auto&) -> std::optional<std::string> {
                              throw std::runtime_error("no shelf");
                            })
                   .IgnoreError(),
               std::runtime_error);
  EXPECT_THROW(bucket->for_each([](auto, auto) { throw 7; }), int);
  EXPECT_EQ(bucket->get("milk"), "1");
}

TEST_F(RegistryTest, EachMethodWaitsForItsTurn) {
  const auto bucket = *registry_.create("shop");
  const auto stored = buckets_.find("shop");
  ASSERT_EQ(stored->take_turn(std::make_shared<Holding>(), 0), 0U);
  std::atomic<bool> done{false};
  Gate began;
  std::thread writer([&] {
    began.touch();
    EXPECT_TRUE(bucket->put("milk", "1").ok());
    done = true;
  });
  ASSERT_TRUE(began.wait_for_arrivals(1));
  EXPECT_FALSE(stored->contents().pairs.find("milk").found);
  EXPECT_FALSE(done);
  stored->end_turn();
  writer.join();
  EXPECT_EQ(bucket->get("milk"), "1");
}

TEST_F(RegistryTest, UpdatesOfSeveralThreadsLoseNothing) {
  const auto bucket = *registry_.create("shop");
  std::vector<std::thread> threads;
  for (int t = 0; t < 4; ++t) {
    threads.emplace_back([&] {
      for (int i = 0; i < 500; ++i) {
        const auto more = [](const std::optional<std::string>& value) {
          return std::to_string(std::stoi(value.value_or("0")) + 1);
        };
        ASSERT_TRUE(bucket->update("sum", more).ok());
      }
    });
  }
  for (std::thread& thread : threads) thread.join();
  EXPECT_EQ(bucket->get("sum"), "2000");
}

TEST_F(RegistryTest, OfSeveralThreadsThatDropABucketOneDoes) {
  for (int round = 0; round < 100; ++round) {
    ASSERT_TRUE(registry_.create("shop").ok());
    std::atomic<int> drops{0};
    std::vector<std::thread> threads;
    for (int t = 0; t < 3; ++t) {
      threads.emplace_back([&] {
        if (registry_.drop("shop")) ++drops;
      });
    }
    for (std::thread& thread : threads) thread.join();
    ASSERT_EQ(drops, 1);
    ASSERT_EQ(registry_.size(), 0U);
  }
}

}  // namespace
}  // namespace kv::internal
