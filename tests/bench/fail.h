// A bench whose operations fail measures nothing: it ends.
#ifndef KV_BENCH_FAIL_H_
#define KV_BENCH_FAIL_H_

#include <cstdlib>
#include <iostream>
#include <utility>

#include "absl/status/status.h"
#include "absl/status/statusor.h"

namespace kv_bench {

template <typename Why>
[[noreturn]] void fail(const Why& why) {
  std::cerr << "bench: " << why << std::endl;
  std::_Exit(1);
}

inline void check(const absl::Status& status) {
  if (!status.ok()) fail(status);
}

template <typename T>
T check(absl::StatusOr<T> value) {
  if (!value.ok()) fail(value.status());
  return *std::move(value);
}

}  // namespace kv_bench

#endif  // KV_BENCH_FAIL_H_
