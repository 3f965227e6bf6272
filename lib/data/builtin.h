// What the built-in operations do to the buckets of this node.
#ifndef KV_DATA_BUILTIN_H_
#define KV_DATA_BUILTIN_H_

#include <cstdint>
#include <memory>
#include <optional>
#include <string_view>

#include "absl/status/status.h"
#include "data/bucket_map.h"
#include "data/op.h"
#include "data/stored_bucket.h"
#include "kv/node_name.h"

namespace kv::internal {

// The buckets that live here, and the name of here.
struct Home {
  BucketMap& buckets;
  const NodeName& self;
};

// The bucket that an operation is for.
struct BucketId {
  std::string_view name;
  std::uint64_t id = 0;  // of a BucketRef; 0: whichever bucket has the name
};

Buckets::Result list_buckets(const Home& home, const Buckets& op);

// The bucket itself. kNotFound (ran): there is none. kAborted (not_run): the
// one that was meant is gone. `make`: made if there is none.
absl::StatusOr<std::shared_ptr<StoredBucket>> find_bucket(const Home& home,
                                                          BucketId id,
                                                          bool make);

// The result, if the bucket can be had at once. nullopt: somebody has its turn.
template <typename T>
std::optional<typename T::Result> run_builtin_now(const Home& home, BucketId id,
                                                  const T& op);
// The same for any operation that needs a bucket; nullopt for the others too.
std::optional<Answer> run_builtin_now(const Home& home, BucketId id,
                                      const Op& op);
// The values that it puts are taken from it, if it runs.
std::optional<Answer> run_builtin_now(const Home& home, BucketId id, Op&& op);

// The answer of an operation that needs a bucket. nullopt: it was dropped while
// the operation waited, so look for it again. REQUIRES: the caller has the
// turn.
std::optional<Answer> run_builtin_in_turn(const Home& home,
                                          StoredBucket& bucket, Op op);

}  // namespace kv::internal

#endif  // KV_DATA_BUILTIN_H_
