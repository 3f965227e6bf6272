// kv::outcome: of an operation that failed, did it run?
#ifndef KV_OUTCOME_H_
#define KV_OUTCOME_H_

#include <ostream>

#include "absl/status/status.h"
#include "kv/export.h"

namespace kv {

enum class Outcome {
  kNotRun,   // It provably did not run: sending it again cannot do it twice.
  kRan,      // It ran, and this is its answer.
  kUnknown,  // It may have run, be running, or never have arrived.
};

// What is known of the operation that ended with `status`, a status that a
// Router or a Task returned. The library marks each failure of its own as
// not_run or unknown; a status without a mark is what the operation itself
// answered, so it ran. An OK status ran. Safe from any thread.
KV_EXPORT Outcome outcome(const absl::Status& status);

// "not_run", "ran", "unknown".
KV_EXPORT const char* outcome_name(Outcome outcome);

inline std::ostream& operator<<(std::ostream& out, Outcome outcome) {
  return out << outcome_name(outcome);
}

}  // namespace kv

#endif  // KV_OUTCOME_H_
