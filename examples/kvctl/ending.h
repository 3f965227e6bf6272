// How a command ends: its exit code, and what stands on standard error.
#ifndef KVCTL_ENDING_H_
#define KVCTL_ENDING_H_

#include <string>

#include "absl/status/status.h"

namespace kvctl {

enum class Exit {
  kFine = 0,
  kNotFound = 1,     // no such bucket or key; a comparison that said no
  kUsage = 2,        // the command line
  kRefused = 3,      // the cluster's answer, or a check that found problems
  kUnreachable = 4,  // no answer
};

struct Ending {
  Exit exit = Exit::kFine;
  std::string error = {};    // empty: nothing to say
  std::string hint = {};     // what to do next
  absl::Status status = {};  // of the call that failed, if it was one
};

// A status of kvctl's own about its command line.
absl::Status usage_error(const std::string& what);

Ending not_found(std::string error, std::string hint = {});
Ending usage(std::string error, std::string hint = {});
// Of a call's failure, or a usage_error(). OK is fine.
Ending ending_of(const absl::Status& status);

// NOLINTBEGIN(bugprone-macro-parentheses): `name` is declared here
// `auto name = expression` as far as that is OK; else ends the command.
#define KVCTL_TRY(name, expression)                                   \
  auto name##_or = (expression);                                      \
  if (!name##_or.ok()) return ::kvctl::ending_of(name##_or.status()); \
  auto& name = *name##_or
// NOLINTEND(bugprone-macro-parentheses)

}  // namespace kvctl

#endif  // KVCTL_ENDING_H_
