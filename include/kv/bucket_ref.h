// kv::BucketRef: a handle on one bucket that knows where it lives.
#ifndef KV_BUCKET_REF_H_
#define KV_BUCKET_REF_H_

#include <cstdint>
#include <ostream>
#include <string>
#include <utility>

#include "kv/node_name.h"

namespace kv {

// A value, what a pid is to an Elixir program. An operation on it goes to
// node() without a look at the table, and fails with kAborted (not_run) once
// the bucket it was made for has been dropped or its node has restarted, also
// if a bucket of that name exists again.
class BucketRef {
 public:
  // Refers to nothing; operations on it fail with kInvalidArgument.
  BucketRef() = default;
  BucketRef(NodeName node, std::string name, std::uint64_t id)
      : node_(std::move(node)), name_(std::move(name)), id_(id) {}

  const NodeName& node() const { return node_; }
  const std::string& name() const { return name_; }
  // Tells apart buckets that bear the same name one after the other; never 0 in
  // a ref that a Router returned.
  std::uint64_t id() const { return id_; }

  friend bool operator==(const BucketRef& a, const BucketRef& b) {
    return a.id_ == b.id_ && a.name_ == b.name_ && a.node_ == b.node_;
  }
  friend bool operator!=(const BucketRef& a, const BucketRef& b) {
    return !(a == b);
  }
  friend std::ostream& operator<<(std::ostream& out, const BucketRef& ref) {
    return out << ref.name_ << " on " << ref.node_;
  }

 private:
  NodeName node_;
  std::string name_;
  std::uint64_t id_ = 0;
};

}  // namespace kv

#endif  // KV_BUCKET_REF_H_
