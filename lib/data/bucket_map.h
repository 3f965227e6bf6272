// BucketMap: a node's buckets by name.
#ifndef KV_DATA_BUCKET_MAP_H_
#define KV_DATA_BUCKET_MAP_H_

#include <array>
#include <atomic>
#include <cstddef>
#include <cstdint>
#include <memory>
#include <optional>
#include <string>
#include <string_view>
#include <vector>

#include "absl/base/thread_annotations.h"
#include "absl/container/flat_hash_map.h"
#include "absl/status/statusor.h"
#include "base/mutex.h"
#include "base/strings.h"
#include "data/limits.h"
#include "data/stored_bucket.h"

namespace kv::internal {

// In parts, each with a lock that is held for one look-up or change: users of
// different buckets seldom meet. Safe from any thread.
class BucketMap {
 public:
  explicit BucketMap(const Limits& limits);
  BucketMap(const BucketMap&) = delete;
  BucketMap& operator=(const BucketMap&) = delete;

  const Limits& limits() const { return *limits_; }

  // nullptr where there is none.
  std::shared_ptr<StoredBucket> find(std::string_view name) const;

  // StoredBucket::try_now(op(bucket, contents)) of the bucket of that name,
  // where there is one, without counting a reference to it: that is memory
  // which its other users write too. (The analysis can't follow a lock that is
  // taken under another and given back after it.)
  enum class Tried { kNone, kTaken, kDone };
  template <typename F>
  Tried try_now(std::string_view name,
                F&& op) const ABSL_NO_THREAD_SAFETY_ANALYSIS;

  // Made if there is none. Errors, marked not_run: kInvalidArgument, a bad
  // name; kResourceExhausted, Limits::buckets.
  absl::StatusOr<std::shared_ptr<StoredBucket>> find_or_make(
      std::string_view name);
  // Forgets `bucket`, unless another has its name by now.
  void remove(const StoredBucket& bucket);

  std::size_t size() const { return size_.load(std::memory_order_relaxed); }
  // In byte order: the first `limit` after `after` (nullopt: all).
  std::vector<std::string> names(std::optional<std::string_view> after,
                                 std::size_t limit) const;

 private:
  static constexpr std::size_t kParts = 256;
  struct alignas(64) Part {
    mutable Mutex mutex;
    absl::flat_hash_map<std::string, std::shared_ptr<StoredBucket>, BytesHash,
                        BytesEqual>
        buckets ABSL_GUARDED_BY(mutex);
  };
  Part& part_of(std::size_t hash) const;

  const std::shared_ptr<const Limits> limits_;
  std::atomic<std::size_t> size_{0};
  std::atomic<std::uint64_t> next_id_;
  mutable std::array<Part, kParts> parts_;
};

template <typename F>
BucketMap::Tried BucketMap::try_now(std::string_view name, F&& op) const {
  const std::size_t hash = BytesHash{}(name);
  const Part& part = part_of(hash);
  const auto run = [&](StoredBucket& bucket) {
    return [&](StoredBucket::Contents& contents) { op(bucket, contents); };
  };
  std::shared_ptr<StoredBucket> shared;
  bool wait = false;
  for (Backoff backoff; shared == nullptr; wait = !backoff.pause()) {
    StoredBucket* bucket = nullptr;
    {
      const MutexLock lock(part.mutex);
      const auto it = part.buckets.find(name, hash);
      if (it == part.buckets.end()) return Tried::kNone;
      // From the part's lock to the bucket's own: remove() waits for that one
      // before it lets the bucket go.
      if (it->second->try_lock()) {
        bucket = it->second.get();
      } else if (wait) {
        shared = it->second;
      }
    }
    if (bucket != nullptr) {
      return bucket->run_and_unlock(run(*bucket)) ? Tried::kDone
                                                  : Tried::kTaken;
    }
  }
  return shared->try_now(run(*shared)) ? Tried::kDone : Tried::kTaken;
}

}  // namespace kv::internal

#endif  // KV_DATA_BUCKET_MAP_H_
