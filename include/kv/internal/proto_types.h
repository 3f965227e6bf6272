// The types of protobuf messages as bytes, for callers that don't have them.
// For kv/proto_op.h only.
#ifndef KV_INTERNAL_PROTO_TYPES_H_
#define KV_INTERNAL_PROTO_TYPES_H_

#include <google/protobuf/descriptor.h>
#include <google/protobuf/descriptor.pb.h>
#include <google/protobuf/message.h>

#include <set>
#include <string>
#include <type_traits>

#include "kv/internal/typed_op.h"

namespace kv {
namespace internal {

// Adds `file` behind what it imports.
inline void add_proto_file(
    const google::protobuf::FileDescriptor& file,
    std::set<const google::protobuf::FileDescriptor*>& seen,
    google::protobuf::FileDescriptorSet& files) {
  if (!seen.insert(&file).second) return;
  for (int i = 0; i < file.dependency_count(); ++i) {
    add_proto_file(*file.dependency(i), seen, files);
  }
  file.CopyTo(files.add_file());
}

// OpDescription::descriptors.
template <typename Request, typename Response>
std::string proto_descriptors() {
  std::set<const google::protobuf::FileDescriptor*> seen;
  google::protobuf::FileDescriptorSet files;
  add_proto_file(*Request::descriptor()->file(), seen, files);
  add_proto_file(*Response::descriptor()->file(), seen, files);
  return files.SerializeAsString();
}

template <typename Request, typename Response>
OpTypes proto_types() {
  OpTypes types;
  types.request = Request().GetTypeName();
  types.response = Response().GetTypeName();
  if constexpr (std::is_base_of<google::protobuf::Message, Request>::value &&
                std::is_base_of<google::protobuf::Message, Response>::value) {
    types.descriptors = proto_descriptors<Request, Response>;
  }
  return types;
}

}  // namespace internal
}  // namespace kv

#endif  // KV_INTERNAL_PROTO_TYPES_H_
