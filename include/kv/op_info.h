// kv::OpInfo: what a node tells of an operation that its host has defined.
#ifndef KV_OP_INFO_H_
#define KV_OP_INFO_H_

#include <cstdint>
#include <string>

namespace kv {

// What an operation says of itself.
struct OpTraits {
  // Its writes to the bucket are refused with kFailedPrecondition.
  bool read_only = false;
  // Running it twice comes to the same as running it once: for callers, who may
  // send it again. The library itself never sends again what may have run.
  bool idempotent = false;

  friend bool operator==(const OpTraits& a, const OpTraits& b) {
    return a.read_only == b.read_only && a.idempotent == b.idempotent;
  }
  friend bool operator!=(const OpTraits& a, const OpTraits& b) {
    return !(a == b);
  }
};

// One that a node has.
struct OpInfo {
  std::string name = {};
  OpTraits traits = {};
  // Of a typed one: its version, and the full names of its messages,
  // `shop.ReserveRequest`. Empty names: from bytes to bytes.
  std::uint32_t version = 0;
  std::string request = {};
  std::string response = {};

  friend bool operator==(const OpInfo& a, const OpInfo& b) {
    return a.name == b.name && a.traits == b.traits && a.version == b.version &&
           a.request == b.request && a.response == b.response;
  }
  friend bool operator!=(const OpInfo& a, const OpInfo& b) { return !(a == b); }
};

// One in full.
struct OpDescription {
  OpInfo info = {};
  // A google.protobuf.FileDescriptorSet, serialised, of the files that its
  // messages need, each behind those that it imports. Empty where the host's
  // messages are lite and so don't know their fields, and for one from bytes to
  // bytes.
  std::string descriptors = {};

  friend bool operator==(const OpDescription& a, const OpDescription& b) {
    return a.info == b.info && a.descriptors == b.descriptors;
  }
  friend bool operator!=(const OpDescription& a, const OpDescription& b) {
    return !(a == b);
  }
};

}  // namespace kv

#endif  // KV_OP_INFO_H_
