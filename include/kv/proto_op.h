// kv::ProtoOp: operations of the host, typed by protobuf messages. Opt-in: the
// host links protobuf itself.
#ifndef KV_PROTO_OP_H_
#define KV_PROTO_OP_H_

#include <google/protobuf/message.h>
#include <google/protobuf/message_lite.h>

#include <cstdint>
#include <functional>
#include <memory>
#include <string>
#include <type_traits>
#include <utility>

#include "absl/status/status.h"
#include "absl/status/statusor.h"
#include "kv/internal/proto_fields.h"
#include "kv/internal/proto_types.h"
#include "kv/internal/typed_op.h"
#include "kv/op_context.h"

namespace kv {
namespace internal {

// A message as an Object.
template <typename Message>
class MessageObject final : public Object {
 public:
  explicit MessageObject(Message message) : message_(std::move(message)) {}

  std::string bytes() const override { return message_.SerializeAsString(); }
  const void* get(const void* type) const override {
    return type == type_of() ? &message_ : nullptr;
  }

  static const void* type_of() {
    static const char kType = 0;
    return &kType;
  }

 private:
  const Message message_;
};

template <typename Message>
Payload to_payload(Message message) {
  return Payload(
      std::make_shared<const MessageObject<Message>>(std::move(message)));
}

template <typename Message>
const Message* message_of(const Payload& payload) {
  if (payload.object() == nullptr) return nullptr;
  return static_cast<const Message*>(
      payload.object()->get(MessageObject<Message>::type_of()));
}

template <typename Message>
absl::StatusOr<Message> to_message(const Payload& payload) {
  if (const Message* const message = message_of<Message>(payload)) {
    return *message;
  }
  Message message;
  if (message.ParseFromString(payload.bytes())) return message;
  return absl::InvalidArgumentError("the bytes are no " +
                                    message.GetTypeName());
}

}  // namespace internal

// A call of a ProtoOp, for route(), async() and call(). A value.
template <typename Response>
class ProtoCall {
 public:
  using Value = Response;
  using Result = absl::StatusOr<Response>;
  using Erased = internal::TypedApply;

  explicit ProtoCall(Erased erased) : erased_(std::move(erased)) {}

  const Erased& erased() const { return erased_; }
  // kInternal: the owner answered with bytes that are no such message.
  static Result typed(absl::StatusOr<internal::Payload> answer) {
    if (!answer.ok()) return std::move(answer).status();
    Result response = internal::to_message<Response>(*answer);
    if (response.ok()) return response;
    return absl::InternalError("the answer of the op: " +
                               std::string(response.status().message()));
  }

 private:
  Erased erased_;
};

// An operation `name` from Request to Response, for Node::define and, called
// with a request, for Router::route:
//
//   inline constexpr kv::ProtoOp<ReserveRequest, ReserveReply> kReserve{
//       "shop.Reserve"};
//   node->define(kReserve, [](kv::OpContext&, const ReserveRequest& request)
//                              -> absl::StatusOr<ReserveReply> { ... });
//   router.route("shopping", kReserve(request));  // StatusOr<ReserveReply>
//
// In process nothing is serialised. Caller and owner must have the same
// version, and the fields that both know must have the same types; new fields
// may be added on either side. If not, or if the request does not parse, the
// call fails with kInvalidArgument (not_run) which says where they differ. With
// lite messages only the version is compared.
//
// A literal type: a constant with static storage.
template <typename Request, typename Response>
struct ProtoOp {
  static_assert(
      std::is_base_of<google::protobuf::MessageLite, Request>::value &&
          std::is_base_of<google::protobuf::MessageLite, Response>::value,
      "a ProtoOp goes from one protobuf message to another");

  using Function = std::function<absl::StatusOr<Response>(
      OpContext& context, const Request& request)>;

  const char* name;
  std::uint32_t version = 0;

  ProtoCall<Response> operator()(Request request) const {
    return ProtoCall<Response>(
        {name, internal::to_payload(std::move(request)), signature()});
  }

  internal::OpSignature signature() const {
    static const std::string kFields =
        internal::proto_fields<Request, Response>();
    return {version, kFields};
  }

  // For Node::define.
  internal::TypedFunction erase(Function function) const {
    internal::TypedFunction erased;
    erased.parse =
        [](const internal::Payload& args) -> absl::StatusOr<internal::Payload> {
      if (internal::message_of<Request>(args) != nullptr) return args;
      auto request = internal::to_message<Request>(args);
      if (!request.ok()) return request.status();
      return internal::to_payload<Request>(*std::move(request));
    };
    erased.run = [function = std::move(function)](OpContext& context,
                                                  const internal::Payload& args)
        -> absl::StatusOr<internal::Payload> {
      absl::StatusOr<Response> response =
          function(context, *internal::message_of<Request>(args));
      if (!response.ok()) return std::move(response).status();
      return internal::to_payload<Response>(*std::move(response));
    };
    erased.types = internal::proto_types<Request, Response>();
    return erased;
  }
};

}  // namespace kv

#endif  // KV_PROTO_OP_H_
