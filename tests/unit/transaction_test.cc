#include "data/transaction.h"

#include <gtest/gtest.h>

#include <algorithm>
#include <map>
#include <optional>
#include <random>
#include <string>

#include "fault/seed.h"
#include "fault/told.h"

namespace kv::internal {
namespace {

using Model = std::map<std::string, std::string>;

Model contents(const Bucket& bucket) {
  Model all;
  bucket.for_each([&](std::string_view key, std::string_view value) {
    EXPECT_TRUE(all.emplace(key, value).second) << "twice: " << key;
  });
  return all;
}

class TransactionTest : public testing::Test {
 protected:
  TransactionTest() {
    limits_.key_bytes = 8;
    limits_.value_bytes = 8;
    pairs_.put("milk", "1");
    pairs_.put("eggs", "12");
  }

  Model stored() {
    const Transaction look(name_, pairs_, limits_, false);
    return contents(look);
  }

  const std::string name_ = "shop";
  PairSet pairs_;
  Limits limits_;
};

TEST_F(TransactionTest, WritesAreKeptAsideUntilTheCommit) {
  const Model before = stored();
  Transaction it(name_, pairs_, limits_, false);
  EXPECT_EQ(told(it.put("bread", "2")), "OK");
  EXPECT_EQ(it.del("milk"), "1");
  EXPECT_EQ(stored(), before);
  it.commit();
  EXPECT_EQ(stored(), (Model{{"eggs", "12"}, {"bread", "2"}}));
  it.commit();
  EXPECT_EQ(stored(), (Model{{"eggs", "12"}, {"bread", "2"}}));
}

TEST_F(TransactionTest, ReadsSeeTheWrites) {
  Transaction it(name_, pairs_, limits_, false);
  EXPECT_EQ(it.name(), "shop");
  EXPECT_EQ(it.get("milk"), "1");
  EXPECT_EQ(told(it.put("milk", "")), "OK");
  EXPECT_EQ(it.get("milk"), "");
  EXPECT_EQ(it.del("milk"), "");
  EXPECT_EQ(it.get("milk"), std::nullopt);
  EXPECT_EQ(it.del("milk"), std::nullopt);
  EXPECT_EQ(it.size(), 1U);
  EXPECT_EQ(it.scan("", 10), (Bucket::Pairs{{"eggs", "12"}}));
}

TEST_F(TransactionTest, ClearForgetsWhatIsThereAndWhatWasWritten) {
  Transaction it(name_, pairs_, limits_, false);
  EXPECT_EQ(told(it.put("bread", "2")), "OK");
  it.clear();
  EXPECT_EQ(it.size(), 0U);
  EXPECT_EQ(it.get("milk"), std::nullopt);
  EXPECT_EQ(it.del("milk"), std::nullopt);
  EXPECT_EQ(told(it.put("milk", "9")), "OK");
  EXPECT_EQ(it.size(), 1U);
  EXPECT_EQ(stored().size(), 2U);
  it.commit();
  EXPECT_EQ(stored(), (Model{{"milk", "9"}}));
}

TEST_F(TransactionTest, WhatIsOverALimitIsNotWritten) {
  Transaction it(name_, pairs_, limits_, false);
  const std::string nine = "123456789";
  EXPECT_EQ(told(it.put(nine, "")), "INVALID_ARGUMENT not_run");
  EXPECT_EQ(told(it.put("key", nine)), "INVALID_ARGUMENT not_run");
  const auto grow = [&](const auto&) { return nine; };
  EXPECT_EQ(told(it.update("milk", grow)), "INVALID_ARGUMENT not_run");
  EXPECT_EQ(it.get("milk"), "1");
  EXPECT_EQ(it.size(), 2U);
}

TEST_F(TransactionTest, UpdateSeesWhatIsThereAndMayDelete) {
  Transaction it(name_, pairs_, limits_, false);
  using Value = std::optional<std::string>;
  const auto expecting = [](Value seen, Value next) {
    return [=](const Value& value) {
      EXPECT_EQ(value, seen);
      return next;
    };
  };
  EXPECT_EQ(told(it.update("milk", expecting("1", "2"))), "OK");
  EXPECT_EQ(told(it.update("milk", expecting("2", std::nullopt))), "OK");
  EXPECT_EQ(told(it.update("milk", expecting(std::nullopt, std::nullopt))),
            "OK");
  EXPECT_EQ(told(it.update("new", expecting(std::nullopt, ""))), "OK");
  it.commit();
  EXPECT_EQ(stored(), (Model{{"eggs", "12"}, {"new", ""}}));
}

TEST_F(TransactionTest, ScanGivesThePrefixInByteOrderUpToTheLimit) {
  for (const char* key : {"b", "a", "ab", "aa\xff", "aa", "\xff"}) {
    pairs_.put(key, "v");
  }
  Transaction it(name_, pairs_, limits_, false);
  it.del("ab");
  EXPECT_EQ(told(it.put("ac", "w")), "OK");
  EXPECT_EQ(
      it.scan("a", 10),
      (Bucket::Pairs{{"a", "v"}, {"aa", "v"}, {"aa\xff", "v"}, {"ac", "w"}}));
  EXPECT_EQ(it.scan("a", 2), (Bucket::Pairs{{"a", "v"}, {"aa", "v"}}));
  EXPECT_EQ(it.scan("a", 0), Bucket::Pairs());
  EXPECT_EQ(it.scan("none", 10), Bucket::Pairs());
  EXPECT_EQ(it.scan("", 100).size(), it.size());
  EXPECT_EQ(it.scan("", 100).back().first, "\xff");
}

TEST_F(TransactionTest, DoesWhatAMapDoesAndCommitsOrNot) {
  const std::uint32_t seed = test_seed();
  SCOPED_TRACE(shown(seed));
  std::minstd_rand random(seed);
  Model model = stored();
  for (int round = 0; round < 300; ++round) {
    Transaction it(name_, pairs_, limits_, false);
    Model seen = model;
    for (int i = 0; i < 30; ++i) {
      const std::string key = std::to_string(random() % 20);
      switch (random() % 12) {
        case 0:
          it.clear();
          seen.clear();
          break;
        case 1:
        case 2:
        case 3:
          ASSERT_EQ(it.del(key).has_value(), seen.erase(key) == 1);
          break;
        default:
          ASSERT_TRUE(it.put(key, std::to_string(i)).ok());
          seen[key] = std::to_string(i);
      }
      ASSERT_EQ(it.size(), seen.size());
    }
    ASSERT_EQ(contents(it), seen);
    const auto in_order = it.scan("1", 5);
    ASSERT_TRUE(std::is_sorted(in_order.begin(), in_order.end()));
    if (random() % 2 == 0) {
      it.commit();
      model = seen;
    }
    ASSERT_EQ(stored(), model);
  }
}

}  // namespace
}  // namespace kv::internal
