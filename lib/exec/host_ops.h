// HostOps: the operations that the host has defined, by name.
#ifndef KV_EXEC_HOST_OPS_H_
#define KV_EXEC_HOST_OPS_H_

#include <memory>
#include <string>
#include <string_view>

#include "absl/base/thread_annotations.h"
#include "absl/container/flat_hash_map.h"
#include "absl/status/status.h"
#include "base/mutex.h"
#include "base/strings.h"
#include "data/limits.h"
#include "kv/op_context.h"

namespace kv::internal {

// Safe from any thread.
class HostOps {
 public:
  // kInvalidArgument: a bad name, or no function; kAlreadyExists.
  absl::Status define(const Limits& limits, std::string_view name,
                      OpFunction function);
  // nullptr where it is not defined.
  std::shared_ptr<const OpFunction> find(std::string_view name) const;

 private:
  mutable Mutex mutex_;
  absl::flat_hash_map<std::string, std::shared_ptr<const OpFunction>, BytesHash,
                      BytesEqual>
      ops_ ABSL_GUARDED_BY(mutex_);
};

}  // namespace kv::internal

#endif  // KV_EXEC_HOST_OPS_H_
