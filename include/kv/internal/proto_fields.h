// The fields of protobuf messages as text, so that two programs can compare
// them. For kv/proto_op.h only.
#ifndef KV_INTERNAL_PROTO_FIELDS_H_
#define KV_INTERNAL_PROTO_FIELDS_H_

#include <google/protobuf/descriptor.h>
#include <google/protobuf/message.h>

#include <map>
#include <string>
#include <type_traits>
#include <vector>

namespace kv {
namespace internal {

// Adds each field below `message` to `fields`, by its path of numbers. A
// message inside itself is not followed; nor what lies deeper than
// kMaxFieldDepth.
constexpr std::size_t kMaxFieldDepth = 8;
inline void add_proto_fields(
    const google::protobuf::Descriptor& message, const std::string& path,
    std::vector<const google::protobuf::Descriptor*>& outer,
    std::map<std::string, std::string>& fields) {
  for (const auto* it : outer) {
    if (it == &message) return;
  }
  if (outer.size() == kMaxFieldDepth) return;
  outer.push_back(&message);
  for (int i = 0; i < message.field_count(); ++i) {
    const google::protobuf::FieldDescriptor& field = *message.field(i);
    const std::string name = path + "." + std::to_string(field.number());
    fields[name] =
        std::string(field.type_name()) + (field.is_repeated() ? "*" : "");
    if (field.message_type() != nullptr) {
      add_proto_fields(*field.message_type(), name, outer, fields);
    }
  }
  outer.pop_back();
}

// OpSignature::fields. Empty for lite messages, which don't know their fields.
template <typename Request, typename Response>
std::string proto_fields() {
  std::string text;
  if constexpr (std::is_base_of<google::protobuf::Message, Request>::value &&
                std::is_base_of<google::protobuf::Message, Response>::value) {
    std::map<std::string, std::string> fields;
    std::vector<const google::protobuf::Descriptor*> outer;
    add_proto_fields(*Request::descriptor(), "q", outer, fields);
    add_proto_fields(*Response::descriptor(), "a", outer, fields);
    for (const auto& field : fields) {
      text += field.first + "=" + field.second + ";";
    }
  }
  return text;
}

}  // namespace internal
}  // namespace kv

#endif  // KV_INTERNAL_PROTO_FIELDS_H_
