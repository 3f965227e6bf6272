// How a status carries its outcome: as a payload, which only the library
// writes.
#ifndef KV_BASE_OUTCOME_MARK_H_
#define KV_BASE_OUTCOME_MARK_H_

#include "absl/status/status.h"
#include "kv/outcome.h"

namespace kv::internal {

// `status` with its outcome; kRan takes a mark away. OK is left as it is.
absl::Status marked(absl::Status status, Outcome outcome);

inline absl::Status not_run(absl::Status status) {
  return marked(std::move(status), Outcome::kNotRun);
}
inline absl::Status unknown(absl::Status status) {
  return marked(std::move(status), Outcome::kUnknown);
}

}  // namespace kv::internal

#endif  // KV_BASE_OUTCOME_MARK_H_
