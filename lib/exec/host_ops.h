// HostOps: the operations that the host has defined, by name.
#ifndef KV_EXEC_HOST_OPS_H_
#define KV_EXEC_HOST_OPS_H_

#include <memory>
#include <string>
#include <string_view>
#include <vector>

#include "absl/base/thread_annotations.h"
#include "absl/container/flat_hash_map.h"
#include "absl/status/status.h"
#include "base/mutex.h"
#include "base/strings.h"
#include "data/limits.h"
#include "kv/internal/typed_op.h"
#include "kv/op_context.h"

namespace kv::internal {

struct HostOp {
  OpTraits traits;
  OpSignature signature;
  TypedFunction function;
};

// `op` as it is told of.
OpInfo info_of(std::string_view name, const HostOp& op);

// From bytes to bytes. A null `function` stays one.
HostOp bytes_op(OpFunction function, OpTraits traits = {});

// Safe from any thread.
class HostOps {
 public:
  // kInvalidArgument: a bad name, or no function; kAlreadyExists.
  absl::Status define(const Limits& limits, std::string_view name, HostOp op);
  // nullptr where it is not defined.
  std::shared_ptr<const HostOp> find(std::string_view name) const;
  std::vector<OpInfo> list() const;  // in order of their names

 private:
  mutable Mutex mutex_;
  absl::flat_hash_map<std::string, std::shared_ptr<const HostOp>, BytesHash,
                      BytesEqual>
      ops_ ABSL_GUARDED_BY(mutex_);
};

}  // namespace kv::internal

#endif  // KV_EXEC_HOST_OPS_H_
