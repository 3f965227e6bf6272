// told(): what a failure tells its caller, for EXPECT_EQ.
#ifndef KV_TESTS_FAULT_TOLD_H_
#define KV_TESTS_FAULT_TOLD_H_

#include <string>

#include "absl/status/status.h"
#include "absl/status/statusor.h"
#include "kv/outcome.h"

namespace kv::internal {

// "OK", or the code and the outcome: "ABORTED not_run".
inline std::string told(const absl::Status& status) {
  if (status.ok()) return "OK";
  return absl::StatusCodeToString(status.code()) + " " +
         outcome_name(outcome(status));
}
template <typename T>
std::string told(const absl::StatusOr<T>& result) {
  return told(result.status());
}

}  // namespace kv::internal

#endif  // KV_TESTS_FAULT_TOLD_H_
