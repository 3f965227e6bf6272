// Seeds of tests with random parts.
#ifndef KV_TESTS_FAULT_SEED_H_
#define KV_TESTS_FAULT_SEED_H_

#include <gtest/gtest.h>

#include <cstdint>
#include <cstdlib>
#include <random>
#include <string>

namespace kv::internal {

// What KVROUTE_SEED says, else a new one. Written to the test's results, and to
// be shown with its failures: SCOPED_TRACE(shown(seed)).
inline std::uint32_t test_seed() {
  const char* const text = std::getenv("KVROUTE_SEED");
  const std::uint32_t seed =
      text == nullptr
          ? std::random_device{}()
          : static_cast<std::uint32_t>(std::strtoul(text, nullptr, 10));
  testing::Test::RecordProperty("KVROUTE_SEED", std::to_string(seed));
  return seed;
}

inline std::string shown(std::uint32_t seed) {
  return "KVROUTE_SEED=" + std::to_string(seed);
}

}  // namespace kv::internal

#endif  // KV_TESTS_FAULT_SEED_H_
