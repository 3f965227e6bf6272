// Whether caller and owner mean the same operation by its name.
#ifndef KV_EXEC_SIGNATURE_H_
#define KV_EXEC_SIGNATURE_H_

#include "absl/status/status.h"
#include "kv/internal/typed_op.h"

namespace kv::internal {

// How much a caller may say of its fields.
inline constexpr std::size_t kMaxFieldsBytes = 16 * 1024;

// kInvalidArgument which says what differs: the version, or the type of a field
// that both know. Where one of them says nothing, they agree.
absl::Status check_signatures(const OpSignature& caller,
                              const OpSignature& owner);

}  // namespace kv::internal

#endif  // KV_EXEC_SIGNATURE_H_
