#include "kv/outcome.h"

#include <utility>

#include "absl/strings/cord.h"
#include "absl/types/optional.h"
#include "base/outcome_mark.h"

namespace kv {
namespace {

constexpr char kPayload[] = "kvroute/outcome";

}  // namespace

Outcome outcome(const absl::Status& status) {
  const absl::optional<absl::Cord> mark = status.GetPayload(kPayload);
  if (!mark.has_value()) return Outcome::kRan;
  return *mark == outcome_name(Outcome::kNotRun) ? Outcome::kNotRun
                                                 : Outcome::kUnknown;
}

const char* outcome_name(Outcome outcome) {
  switch (outcome) {
    case Outcome::kNotRun:
      return "not_run";
    case Outcome::kRan:
      return "ran";
    case Outcome::kUnknown:
      return "unknown";
  }
  return "unknown";
}

namespace internal {

absl::Status marked(absl::Status status, Outcome outcome) {
  if (outcome == Outcome::kRan) {
    status.ErasePayload(kPayload);
  } else {
    status.SetPayload(kPayload, absl::Cord(outcome_name(outcome)));
  }
  return status;
}

}  // namespace internal
}  // namespace kv
