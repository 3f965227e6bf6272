#include "kvctl/typed_op.h"

#include <google/protobuf/descriptor.h>
#include <google/protobuf/descriptor.pb.h>
#include <google/protobuf/dynamic_message.h>
#include <google/protobuf/util/json_util.h>

#include <utility>

#include "kvctl/ending.h"

namespace kvctl {
namespace {

namespace pb = google::protobuf;

// What a peer sent may be broken: said once, not on standard error.
class Silent final : public pb::DescriptorPool::ErrorCollector {
 public:
  void AddError(const std::string& /*file*/, const std::string& /*element*/,
                const pb::Message* /*descriptor*/, ErrorLocation /*place*/,
                const std::string& message) override {
    if (first_.empty()) first_ = message;
  }
  const std::string& first() const { return first_; }

 private:
  std::string first_;
};

}  // namespace

struct TypedOp::Types {
  pb::DescriptorPool pool;
  pb::DynamicMessageFactory factory;
  const pb::Message* request = nullptr;
  const pb::Message* response = nullptr;
};

TypedOp::TypedOp(std::unique_ptr<Types> types) : types_(std::move(types)) {}
TypedOp::TypedOp(TypedOp&&) noexcept = default;
TypedOp& TypedOp::operator=(TypedOp&&) noexcept = default;
TypedOp::~TypedOp() = default;

absl::StatusOr<TypedOp> TypedOp::of(const kv::OpDescription& description) {
  const auto bad = [&](const std::string& why) {
    return absl::InvalidArgumentError("the types of op \"" +
                                      description.info.name + "\": " + why);
  };
  pb::FileDescriptorSet files;
  if (description.descriptors.empty() ||
      !files.ParseFromString(description.descriptors)) {
    return bad("its node does not tell them");
  }
  auto types = std::make_unique<Types>();
  for (const pb::FileDescriptorProto& file : files.file()) {
    Silent errors;
    if (types->pool.BuildFileCollectingErrors(file, &errors) == nullptr) {
      return bad(file.name() + ": " + errors.first());
    }
  }
  for (auto [name, message] :
       {std::pair(&description.info.request, &types->request),
        std::pair(&description.info.response, &types->response)}) {
    const pb::Descriptor* const type = types->pool.FindMessageTypeByName(*name);
    if (type == nullptr) return bad("no message " + *name + " among them");
    *message = types->factory.GetPrototype(type);
  }
  return TypedOp(std::move(types));
}

absl::StatusOr<std::string> TypedOp::request(const std::string& json) const {
  const std::unique_ptr<pb::Message> message(types_->request->New());
  const auto status =
      pb::util::JsonStringToMessage(json.empty() ? "{}" : json, message.get());
  if (status.ok()) return message->SerializeAsString();
  return usage_error("no " + types_->request->GetTypeName() + ": " +
                     std::string(status.message()) +
                     "; or give its bytes with --bytes");
}

absl::StatusOr<std::string> TypedOp::response_json(
    const std::string& bytes) const {
  const std::unique_ptr<pb::Message> message(types_->response->New());
  std::string json;
  pb::util::JsonPrintOptions options;
  options.always_print_primitive_fields = true;
  options.preserve_proto_field_names = true;
  if (!message->ParseFromString(bytes) ||
      !pb::util::MessageToJsonString(*message, &json, options).ok()) {
    return absl::InvalidArgumentError("the answer is no " +
                                      types_->response->GetTypeName());
  }
  return json;
}

}  // namespace kvctl
