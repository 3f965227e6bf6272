// JSON in and out of an operation typed by protobuf messages that kvctl was not
// built with.
#ifndef KVCTL_TYPED_OP_H_
#define KVCTL_TYPED_OP_H_

#include <kv/op_info.h>

#include <memory>
#include <string>

#include "absl/status/statusor.h"

namespace kvctl {

// Made from what the op's owner tells of it. Not thread-safe.
class TypedOp {
 public:
  // kInvalidArgument: the description makes no sense, or tells no types.
  static absl::StatusOr<TypedOp> of(const kv::OpDescription& description);
  TypedOp(TypedOp&&) noexcept;
  TypedOp& operator=(TypedOp&&) noexcept;
  ~TypedOp();

  // A usage_error(): `json` is no such message.
  absl::StatusOr<std::string> request(const std::string& json) const;
  // kInvalidArgument: `bytes` are no such message.
  absl::StatusOr<std::string> response_json(const std::string& bytes) const;

 private:
  struct Types;
  explicit TypedOp(std::unique_ptr<Types> types);
  std::unique_ptr<Types> types_;
};

}  // namespace kvctl

#endif  // KVCTL_TYPED_OP_H_
