#include "kvctl/ending.h"

#include <kv/outcome.h>

#include <utility>

#include "absl/strings/cord.h"

namespace kvctl {
namespace {

constexpr char kUsageMark[] = "kvroute.kvctl/usage";

Exit exit_of(absl::StatusCode code) {
  switch (code) {
    case absl::StatusCode::kOk:
      return Exit::kFine;
    case absl::StatusCode::kNotFound:
      return Exit::kNotFound;
    case absl::StatusCode::kUnavailable:
    case absl::StatusCode::kDeadlineExceeded:
      return Exit::kUnreachable;
    default:
      return Exit::kRefused;
  }
}

const char* hint_for(absl::StatusCode code) {
  switch (code) {
    case absl::StatusCode::kNotFound:
      return "`kvctl create BUCKET` makes a bucket, `kvctl buckets` lists them";
    case absl::StatusCode::kUnavailable:
      return "is that node running? `kvctl nodes` shows which ones answer";
    case absl::StatusCode::kDeadlineExceeded:
      return "`--timeout SECONDS` waits longer";
    case absl::StatusCode::kOutOfRange:
      return "`kvctl table` shows the table of the node that was asked";
    case absl::StatusCode::kAborted:
      return "`kvctl check` shows where the tables disagree";
    case absl::StatusCode::kUnimplemented:
      return "`kvctl ops NODE` lists what a node has defined";
    case absl::StatusCode::kFailedPrecondition:
      return "of a table: a line `version N` with a higher N makes it newer";
    case absl::StatusCode::kResourceExhausted:
      return "ask for less at a time (--limit), or try again later";
    default:
      return "";
  }
}

}  // namespace

absl::Status usage_error(const std::string& what) {
  absl::Status status = absl::InvalidArgumentError(what);
  status.SetPayload(kUsageMark, absl::Cord());
  return status;
}

Ending not_found(std::string error, std::string hint) {
  return {Exit::kNotFound, std::move(error), std::move(hint), {}};
}

Ending usage(std::string error, std::string hint) {
  return {Exit::kUsage, std::move(error), std::move(hint), {}};
}

Ending ending_of(const absl::Status& status) {
  if (status.ok()) return {};
  if (status.GetPayload(kUsageMark).has_value()) {
    return usage(std::string(status.message()));
  }
  Ending ending{exit_of(status.code()), std::string(status.message()),
                hint_for(status.code()), status};
  if (kv::outcome(status) == kv::Outcome::kUnknown) {
    ending.error += "; it may have run";
  }
  return ending;
}

}  // namespace kvctl
