// Operations of the host whose arguments and answers are objects of its own.
// For kv/proto_op.h and the library only.
#ifndef KV_INTERNAL_TYPED_OP_H_
#define KV_INTERNAL_TYPED_OP_H_

#include <cstdint>
#include <functional>
#include <memory>
#include <string>
#include <utility>
#include <variant>

#include "absl/status/statusor.h"
#include "kv/export.h"
#include "kv/ops.h"

namespace kv {

class OpContext;

namespace internal {

// An object of the host's, which is turned into bytes only if it has to travel.
class KV_EXPORT Object {
 public:
  virtual ~Object() = default;
  virtual std::string bytes() const = 0;
  // The object, or nullptr where `type` is not the address that stands for its
  // type: another library of this process may have its own.
  virtual const void* get(const void* type) const = 0;
};

// What an operation is given, or answers.
class KV_EXPORT Payload {
 public:
  Payload() = default;
  explicit Payload(std::string bytes) : content_(std::move(bytes)) {}
  explicit Payload(std::shared_ptr<const Object> object)
      : content_(std::move(object)) {}

  // nullptr where it is bytes.
  const Object* object() const {
    const auto* object = std::get_if<std::shared_ptr<const Object>>(&content_);
    return object == nullptr ? nullptr : object->get();
  }
  std::string bytes() const {
    const Object* const it = object();
    return it == nullptr ? std::get<std::string>(content_) : it->bytes();
  }

 private:
  std::variant<std::string, std::shared_ptr<const Object>> content_;
};

// What caller and owner must agree on.
struct OpSignature {
  std::uint32_t version = 0;
  // Every field of request ("q") and answer ("a") by its numbers, in order:
  // `a.1=int32;q.1=string;q.2.1=string*;`, `*` meaning repeated. Empty: bytes.
  std::string fields = {};
};

// A call of such an operation.
struct TypedApply {
  using Value = Payload;
  using Result = Yields<Value>::Result;
  std::string name = {};
  Payload args = {};
  OpSignature signature = {};
};

// What callers that don't have its types need: see kv::OpInfo and
// kv::OpDescription.
struct OpTypes {
  std::string request = {};
  std::string response = {};
  std::function<std::string()> descriptors = {};  // null: nobody can tell
};

// The operation itself. `parse` makes of what the caller sent what `run` takes;
// null: it takes bytes.
struct TypedFunction {
  std::function<absl::StatusOr<Payload>(const Payload& args)> parse;
  std::function<absl::StatusOr<Payload>(OpContext& context,
                                        const Payload& args)>
      run;
  OpTypes types = {};
};

}  // namespace internal
}  // namespace kv

#endif  // KV_INTERNAL_TYPED_OP_H_
