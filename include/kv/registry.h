// kv::Registry: a node's buckets by name.
#ifndef KV_REGISTRY_H_
#define KV_REGISTRY_H_

#include <cstddef>
#include <memory>
#include <string>
#include <string_view>
#include <vector>

#include "absl/status/statusor.h"
#include "kv/bucket.h"
#include "kv/export.h"

namespace kv {

namespace internal {
class BucketMap;
}

// What lives on this node, without a look at any table: what a host uses to
// fill or to list its own buckets. Owned by its Node; safe from any thread. A
// bucket outlives its drop as long as somebody holds it.
class KV_EXPORT Registry {
 public:
  explicit Registry(internal::BucketMap& buckets)
      : buckets_(buckets) {}  // made by Node
  Registry(const Registry&) = delete;
  Registry& operator=(const Registry&) = delete;

  // The bucket of that name, made if there is none. kInvalidArgument: an empty
  // or over-long name. kResourceExhausted: NodeOptions::max_buckets.
  absl::StatusOr<std::shared_ptr<Bucket>> create(std::string_view name);
  // nullptr where there is none.
  std::shared_ptr<Bucket> lookup(std::string_view name) const;
  // False where there was none.
  bool drop(std::string_view name);

  std::size_t size() const;
  // In byte order. A snapshot: buckets may come and go while it is made.
  std::vector<std::string> names() const;

 private:
  internal::BucketMap& buckets_;
};

}  // namespace kv

#endif  // KV_REGISTRY_H_
