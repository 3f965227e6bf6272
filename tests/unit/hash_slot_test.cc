#include <gtest/gtest.h>

#include <cstddef>
#include <random>
#include <string>
#include <string_view>

#include "fault/seed.h"
#include "kv/routing_table.h"

namespace kv {
namespace {

constexpr std::uint32_t kAll = RoutingTable::kMaxSlots;
constexpr std::uint32_t kRedis = 16384;

TEST(HashSlotTest, IsCrc16Xmodem) {
  EXPECT_EQ(hash_slot("123456789", kAll), 0x31c3U);  // the CRC's check value
  EXPECT_EQ(hash_slot("123456789", kRedis), 12739U);
  EXPECT_EQ(hash_slot("", kAll), 0U);
  EXPECT_EQ(hash_slot("A", kAll), 0x58e5U);
  EXPECT_EQ(hash_slot("\xff", kAll), 0x1ef0U);
  EXPECT_EQ(hash_slot(std::string(1, '\0'), kAll), 0U);
}

// Bit by bit, as the polynomial has it.
std::uint32_t plain_crc(std::string_view bytes) {
  std::uint32_t crc = 0;
  for (const char byte : bytes) {
    crc ^= std::uint32_t{static_cast<unsigned char>(byte)} << 8;
    for (int bit = 0; bit < 8; ++bit) {
      crc = (crc << 1) ^ ((crc & 0x8000) != 0 ? 0x11021 : 0);
    }
  }
  return crc;
}

TEST(HashSlotTest, IsThatOfNamesOfEveryLength) {
  const std::uint32_t seed = internal::test_seed();
  const testing::ScopedTrace trace(__FILE__, __LINE__, internal::shown(seed));
  std::minstd_rand random(seed);
  for (std::size_t length = 0; length <= 100; ++length) {
    for (int round = 0; round < 20; ++round) {
      std::string name;
      while (name.size() < length) {
        const char byte = static_cast<char>(random() >> 8);
        if (byte != '{') name.push_back(byte);
      }
      EXPECT_EQ(hash_slot(name, kAll), plain_crc(name)) << length;
      const std::string tagged =
          name.substr(0, length / 2) + "{tag}" + name.substr(length / 2);
      EXPECT_EQ(hash_slot(tagged, kAll), plain_crc("tag")) << length;
    }
  }
}

// As `CLUSTER KEYSLOT` of Redis answers.
TEST(HashSlotTest, AgreesWithRedisCluster) {
  EXPECT_EQ(hash_slot("foo", kRedis), 12182U);
  EXPECT_EQ(hash_slot("bar", kRedis), 5061U);
  EXPECT_EQ(hash_slot("hello", kRedis), 866U);
  EXPECT_EQ(hash_slot("somekey", kRedis), 11058U);
  EXPECT_EQ(hash_slot("foo{hash_tag}", kRedis), 2515U);
}

TEST(HashSlotTest, HashesOnlyTheTag) {
  EXPECT_EQ(hash_slot("{user1000}.following", kRedis),
            hash_slot("{user1000}.followers", kRedis));
  EXPECT_EQ(hash_slot("{user1000}.following", kRedis),
            hash_slot("user1000", kRedis));
  EXPECT_EQ(hash_slot("a}b{123456789}c{d}", kRedis), 12739U);
}

// The names of Redis' cluster specification.
TEST(HashSlotTest, TakesTheFirstBracesOnly) {
  EXPECT_EQ(hash_slot("foo{bar}{zap}", kAll), hash_slot("bar", kAll));
  EXPECT_EQ(hash_slot("foo{{bar}}zap", kAll), hash_slot("{bar", kAll));
}

TEST(HashSlotTest, HashesAllWhereThereIsNoTag) {
  // {bar} would be hashed if the search went on behind the empty pair.
  EXPECT_EQ(hash_slot("foo{}{bar}", kRedis), 8363U);
  EXPECT_NE(hash_slot("foo{}{bar}", kRedis), hash_slot("bar", kRedis));
  EXPECT_NE(hash_slot("foo{bar", kAll), hash_slot("bar", kAll));
  EXPECT_NE(hash_slot("foobar}", kAll), hash_slot("foobar", kAll));
  EXPECT_NE(hash_slot("{}a", kAll), hash_slot("{}b", kAll));
}

TEST(HashSlotTest, IsTakenModuloTheSlots) {
  EXPECT_EQ(hash_slot("123456789", 1), 0U);
  EXPECT_EQ(hash_slot("123456789", 1000), 0x31c3U % 1000);
}

}  // namespace
}  // namespace kv
