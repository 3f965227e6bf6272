// Seeds of tests with random parts.
#ifndef KV_TESTS_FAULT_SEED_H_
#define KV_TESTS_FAULT_SEED_H_

#include <gtest/gtest.h>

#include <algorithm>
#include <cstdint>
#include <cstdlib>
#include <iostream>
#include <random>
#include <string>

namespace kv::internal {

// What KVROUTE_SEED says, else a new one. Printed, written to the test's
// results, and to be shown with its failures: SCOPED_TRACE(shown(seed)).
inline std::uint32_t test_seed() {
  const char* const text = std::getenv("KVROUTE_SEED");
  const std::uint32_t seed =
      text == nullptr
          ? std::random_device{}()
          : static_cast<std::uint32_t>(std::strtoul(text, nullptr, 10));
  testing::Test::RecordProperty("KVROUTE_SEED", std::to_string(seed));
  std::cout << "KVROUTE_SEED=" << seed << std::endl;
  return seed;
}

#if defined(__SANITIZE_ADDRESS__) || defined(__SANITIZE_THREAD__)
inline constexpr bool kSanitized = true;
#elif defined(__has_feature)
#if __has_feature(address_sanitizer) || __has_feature(thread_sanitizer)
inline constexpr bool kSanitized = true;
#else
inline constexpr bool kSanitized = false;
#endif
#else
inline constexpr bool kSanitized = false;
#endif

// How often a test that can go on for any time does its thing: `usual` times,
// under a sanitizer an eighth of that; KVROUTE_LENGTH=10 makes it ten times as
// many.
inline int test_length(int usual) {
  const char* const text = std::getenv("KVROUTE_LENGTH");
  const double factor = text == nullptr ? 1 : std::strtod(text, nullptr);
  const double length = usual * factor / (kSanitized ? 8 : 1);
  return std::max(static_cast<int>(length), 1);
}

inline std::string shown(std::uint32_t seed) {
  return "KVROUTE_SEED=" + std::to_string(seed);
}

}  // namespace kv::internal

#endif  // KV_TESTS_FAULT_SEED_H_
