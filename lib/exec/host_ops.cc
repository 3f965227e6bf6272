#include "exec/host_ops.h"

#include <algorithm>
#include <utility>

#include "absl/strings/str_cat.h"

namespace kv::internal {

OpInfo info_of(std::string_view name, const HostOp& op) {
  return {std::string(name), op.traits, op.signature.version,
          op.function.types.request, op.function.types.response};
}

HostOp bytes_op(OpFunction function, OpTraits traits) {
  HostOp op;
  op.traits = traits;
  if (!function) return op;
  op.function.run = [function = std::move(function)](
                        OpContext& context,
                        const Payload& args) -> absl::StatusOr<Payload> {
    absl::StatusOr<std::string> answer = function(context, args.bytes());
    if (!answer.ok()) return std::move(answer).status();
    return Payload(*std::move(answer));
  };
  return op;
}

absl::Status HostOps::define(const Limits& limits, std::string_view name,
                             HostOp op) {
  absl::Status status = check_op_name(limits, name);
  if (!status.ok()) return status;
  if (!op.function.run) {
    return absl::InvalidArgumentError(
        absl::StrCat("op ", quoted(name), " has no function"));
  }
  auto shared = std::make_shared<const HostOp>(std::move(op));
  const MutexLock lock(mutex_);
  if (!ops_.emplace(std::string(name), std::move(shared)).second) {
    return absl::AlreadyExistsError(
        absl::StrCat("op ", quoted(name), " is defined already"));
  }
  return absl::OkStatus();
}

std::shared_ptr<const HostOp> HostOps::find(std::string_view name) const {
  const MutexLock lock(mutex_);
  const auto it = ops_.find(name);
  return it == ops_.end() ? nullptr : it->second;
}

std::vector<OpInfo> HostOps::list() const {
  std::vector<OpInfo> list;
  {
    const MutexLock lock(mutex_);
    for (const auto& [name, op] : ops_) {
      list.push_back(info_of(name, *op));
    }
  }
  std::sort(list.begin(), list.end(),
            [](const OpInfo& a, const OpInfo& b) { return a.name < b.name; });
  return list;
}

}  // namespace kv::internal
