#include "node/call_checks.h"

#include <variant>

#include "absl/strings/str_cat.h"
#include "base/outcome_mark.h"
#include "base/strings.h"
#include "data/op.h"

namespace kv::internal {

absl::Status check_names(const Limits& limits, const Request& request) {
  const bool needs_bucket = std::visit(
      [](const auto& op) { return kNeedsBucket<std::decay_t<decltype(op)>>; },
      request.op);
  const bool by_node = request.here && request.bucket_id == 0;
  if (needs_bucket && by_node) {
    return not_run(absl::InvalidArgumentError(absl::StrCat(
        op_name(request.op), " needs a bucket, and a call by node has none")));
  }
  if (!by_node) {
    absl::Status status = check_bucket_name(limits, request.bucket);
    if (!status.ok()) return status;
  }
  return check_sizes(limits, request.op);
}

absl::Status check_received(const Limits& limits, const Request& request) {
  if (request.path.size() > kMostHops || request.held.size() > kMostHops) {
    return not_run(absl::InvalidArgumentError(absl::StrCat(
        "the call came over more than ", kMostHops, " hops or operations")));
  }
  return check_names(limits, request);
}

absl::Status too_many(const NodeName& self, absl::string_view what) {
  return not_run(
      absl::ResourceExhaustedError(absl::StrCat(self.str(), ": ", what)));
}

absl::Status no_entry(std::string_view bucket, const RoutingTable& table) {
  return not_run(absl::OutOfRangeError(
      absl::StrCat("could not find entry for ", quoted(bucket), " in table ",
                   table.summary())));
}

}  // namespace kv::internal
