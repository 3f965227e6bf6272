// kv::Bucket: a named map from key to value, both byte strings.
#ifndef KV_BUCKET_H_
#define KV_BUCKET_H_

#include <cstddef>
#include <functional>
#include <optional>
#include <string>
#include <string_view>
#include <utility>
#include <vector>

#include "absl/status/status.h"
#include "kv/export.h"

namespace kv {

// Operations on one bucket run one at a time, whole: each sees the effect of
// those before it. Safe from any thread.
//
// Where the pointer comes from decides what one operation is:
//
// - Registry::lookup: each method is an operation of its own. While an op of
//   the host has the bucket it waits for its turn. REQUIRES: not called from an
//   op that runs on this very bucket, which would wait for itself.
// - OpContext::bucket: the whole op is the operation. Reads see the op's own
//   writes; its writes appear all at once when it returns OK, and not at all if
//   it fails.
class KV_EXPORT Bucket {
 public:
  virtual ~Bucket() = default;
  Bucket(const Bucket&) = delete;
  Bucket& operator=(const Bucket&) = delete;

  virtual const std::string& name() const = 0;

  // Absence is not an error: nullopt.
  virtual std::optional<std::string> get(std::string_view key) const = 0;
  // kInvalidArgument where key or value is over the node's limit; kAborted
  // where the bucket has been dropped meanwhile. Nothing is written then.
  virtual absl::Status put(std::string_view key, std::string_view value) = 0;
  // What was there.
  virtual std::optional<std::string> del(std::string_view key) = 0;
  virtual std::size_t size() const = 0;
  virtual void clear() = 0;

  // Every pair, in no order. `visit` must not use the bucket.
  using Visit =
      std::function<void(std::string_view key, std::string_view value)>;
  virtual void for_each(const Visit& visit) const = 0;

  // The pairs whose key begins with `prefix`, in byte order of their keys, at
  // most `limit`.
  using Pairs = std::vector<std::pair<std::string, std::string>>;
  virtual Pairs scan(std::string_view prefix, std::size_t limit) const = 0;

  // Replaces the value of `key` by what `change` makes of it, nullopt being "no
  // such key" on the way in and out. One operation; `change` must not use the
  // bucket. Errors as put().
  using Change = std::function<std::optional<std::string>(
      std::optional<std::string> value)>;
  virtual absl::Status update(std::string_view key, const Change& change) = 0;

 protected:
  Bucket() = default;
};

}  // namespace kv

#endif  // KV_BUCKET_H_
