#include "data/pair_set.h"

#include <gtest/gtest.h>

#include <map>
#include <random>
#include <string>

#include "fault/seed.h"

namespace kv::internal {
namespace {

using namespace std::string_literals;

std::map<std::string, std::string> all(const PairSet& pairs) {
  std::map<std::string, std::string> all;
  pairs.for_each([&](std::string_view key, std::string_view value) {
    EXPECT_TRUE(all.emplace(key, value).second) << "twice: " << key;
  });
  return all;
}

TEST(PairSetTest, IsEmptyAtFirst) {
  const PairSet pairs;
  EXPECT_EQ(pairs.size(), 0U);
  EXPECT_FALSE(pairs.find("").found);
  EXPECT_TRUE(all(pairs).empty());
}

TEST(PairSetTest, KeepsBytesOfAnyKindAndTellsEmptyFromMissing) {
  PairSet pairs;
  pairs.put("", "");
  pairs.put("\0\xff\n"s, "a\0b"s);
  EXPECT_EQ(pairs.size(), 2U);
  EXPECT_TRUE(pairs.find("").found);
  EXPECT_EQ(pairs.find("").value, "");
  EXPECT_EQ(pairs.find("\0\xff\n"s).value, "a\0b"s);
  EXPECT_FALSE(pairs.find("\0"s).found);
}

TEST(PairSetTest, PutReplacesAValueOfAnyOtherSize) {
  PairSet pairs;
  for (const std::string& value : {"one"s, "two"s, ""s, "longer"s, "s"s}) {
    pairs.put("key", value);
    EXPECT_EQ(pairs.find("key").value, value);
    EXPECT_EQ(pairs.size(), 1U);
  }
}

// A view of what is there is a fair argument.
TEST(PairSetTest, PutTakesItsOwnValues) {
  PairSet pairs;
  pairs.put("key", "value");
  pairs.put("key", pairs.find("key").value);
  EXPECT_EQ(pairs.find("key").value, "value");
  pairs.put("key", pairs.find("key").value.substr(1));
  EXPECT_EQ(pairs.find("key").value, "alue");
}

TEST(PairSetTest, TakesTheMemoryOfLargeValues) {
  PairSet pairs;
  const std::string small(100, 's');
  const std::string large(100'000, 'l');
  const std::string larger(200'000, 'm');
  for (const std::string& value : {large, larger, small, large, ""s, large}) {
    std::string given = value;
    const char* const memory = given.data();
    pairs.put_and_take("key", std::move(given));
    EXPECT_EQ(pairs.find("key").value, value);
    EXPECT_EQ(pairs.find("key").value.data() == memory,
              value.size() >= large.size());
    EXPECT_EQ(pairs.size(), 1U);
  }
  pairs.put("key", pairs.find("key").value.substr(1));
  EXPECT_EQ(pairs.find("key").value, large.substr(1));
  pairs.put_and_take("other", std::string(large));
  EXPECT_TRUE(pairs.erase("other"));

  std::string roomy = large;
  roomy.reserve(2 * large.size());
  const char* const memory = roomy.data();
  pairs.put_and_take("roomy", std::move(roomy));
  EXPECT_EQ(pairs.find("roomy").value, large);
  EXPECT_NE(pairs.find("roomy").value.data(), memory);

  pairs.scan("", std::nullopt, [](auto, auto) { return true; });
  pairs.put_and_take("key", std::string(larger));
  std::string keys;
  pairs.scan("", std::nullopt, [&](std::string_view key, std::string_view) {
    keys += key;
    return true;
  });
  EXPECT_EQ(keys, "keyroomy");
}

TEST(PairSetTest, EraseTellsWhetherThereWasOne) {
  PairSet pairs;
  pairs.put("key", "value");
  EXPECT_FALSE(pairs.erase("other"));
  EXPECT_TRUE(pairs.erase("key"));
  EXPECT_FALSE(pairs.erase("key"));
  EXPECT_EQ(pairs.size(), 0U);
}

TEST(PairSetTest, DoesWhatAMapDoes) {
  const std::uint32_t seed = test_seed();
  SCOPED_TRACE(shown(seed));
  std::minstd_rand random(seed);
  PairSet pairs;
  std::map<std::string, std::string> model;
  for (int i = 0; i < 20000; ++i) {
    const std::string key = std::to_string(random() % 300);
    const std::string value(random() % 4, static_cast<char>(random()));
    if (random() % 3 == 0) {
      ASSERT_EQ(pairs.erase(key), model.erase(key) == 1);
    } else {
      pairs.put(key, value);
      model[key] = value;
    }
    ASSERT_EQ(pairs.size(), model.size());
    ASSERT_EQ(pairs.find(key).found, model.count(key) == 1);
  }
  EXPECT_EQ(all(pairs), model);
  pairs.clear();
  EXPECT_TRUE(all(pairs).empty());
}

}  // namespace
}  // namespace kv::internal
