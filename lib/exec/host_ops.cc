#include "exec/host_ops.h"

#include <utility>

#include "absl/strings/str_cat.h"

namespace kv::internal {

absl::Status HostOps::define(const Limits& limits, std::string_view name,
                             OpFunction function) {
  absl::Status status = check_op_name(limits, name);
  if (!status.ok()) return status;
  if (!function) {
    return absl::InvalidArgumentError(
        absl::StrCat("op ", quoted(name), " has no function"));
  }
  auto shared = std::make_shared<const OpFunction>(std::move(function));
  const MutexLock lock(mutex_);
  if (!ops_.emplace(std::string(name), std::move(shared)).second) {
    return absl::AlreadyExistsError(
        absl::StrCat("op ", quoted(name), " is defined already"));
  }
  return absl::OkStatus();
}

std::shared_ptr<const OpFunction> HostOps::find(std::string_view name) const {
  const MutexLock lock(mutex_);
  const auto it = ops_.find(name);
  return it == ops_.end() ? nullptr : it->second;
}

}  // namespace kv::internal
