// What fuzzers have in common.
#ifndef KV_TESTS_FUZZ_CHECK_H_
#define KV_TESTS_FUZZ_CHECK_H_

#include <cstddef>
#include <cstdint>
#include <cstdio>
#include <cstdlib>
#include <string>

// Not assert(): a fuzzer always wants to know.
inline void check(bool holds, int line = __builtin_LINE()) {
  if (holds) return;
  std::fprintf(stderr, "line %d: it does not hold\n", line);
  std::abort();
}

inline std::string as_string(const std::uint8_t* data, std::size_t size) {
  return {reinterpret_cast<const char*>(data), size};
}

#endif  // KV_TESTS_FUZZ_CHECK_H_
