// The descriptors of proto/, as the build has made them.
#ifndef KV_RPC_DESCRIPTORS_H_
#define KV_RPC_DESCRIPTORS_H_

#include <cstddef>

namespace kv::internal {

// A google.protobuf.FileDescriptorSet.
extern const unsigned char kDescriptors[];
extern const std::size_t kDescriptorsBytes;

}  // namespace kv::internal

#endif  // KV_RPC_DESCRIPTORS_H_
