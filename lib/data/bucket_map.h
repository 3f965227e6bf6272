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
#include <utility>
#include <vector>

#include "absl/base/thread_annotations.h"
#include "absl/container/flat_hash_map.h"
#include "absl/status/statusor.h"
#include "base/mutex.h"
#include "base/per_thread.h"
#include "base/strings.h"
#include "data/limits.h"
#include "data/stored_bucket.h"

namespace kv::internal {

// In parts, each with a lock that is held for one look-up or change, and each
// thread knows some of the buckets that it has used: users of different buckets
// seldom meet. Safe from any thread.
class BucketMap {
 public:
  explicit BucketMap(const Limits& limits);
  ~BucketMap();
  BucketMap(const BucketMap&) = delete;
  BucketMap& operator=(const BucketMap&) = delete;

  const Limits& limits() const { return *limits_; }

  // nullptr where there is none.
  std::shared_ptr<StoredBucket> find(std::string_view name) const;

  // StoredBucket::try_now(op(bucket, contents)) of the bucket of that name,
  // where there is one.
  enum class Tried { kNone, kTaken, kDone };
  template <typename F>
  Tried try_now(std::string_view name, F&& op) const;

  // Made if there is none. Errors, marked not_run: kInvalidArgument, a bad
  // name; kResourceExhausted, Limits::buckets.
  absl::StatusOr<std::shared_ptr<StoredBucket>> find_or_make(
      std::string_view name);
  // Forgets `bucket`, unless another has its name by now. Before that it has
  // been marked as dropped, by which threads that know it see that it is gone.
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
  // A bucket that a thread knows. One that it has asked for twice takes the
  // place of the one before.
  struct Known {
    std::size_t hash = 0;
    std::shared_ptr<StoredBucket> bucket;
    std::size_t asked = 0;  // the hash of the one that was not known
  };
  static constexpr std::size_t kKnown = 64;
  using KnownBuckets = std::array<Known, kKnown>;

  Part& part_of(std::size_t hash) const;
  // The same without what the thread knows, and without counting a reference:
  // that is memory which other users of the bucket write too. (The analysis
  // can't follow a lock that is taken under another and given back after it.)
  template <typename F>
  Tried try_unknown(std::string_view name, std::size_t hash, Known& known,
                    F&& op) const ABSL_NO_THREAD_SAFETY_ANALYSIS;

  const std::shared_ptr<const Limits> limits_;
  std::atomic<std::size_t> size_{0};
  std::atomic<std::uint64_t> next_id_;
  mutable std::array<Part, kParts> parts_;
  const PerThread<KnownBuckets> known_;
};

template <typename F>
BucketMap::Tried BucketMap::try_now(std::string_view name, F&& op) const {
  const std::size_t hash = BytesHash{}(name);
  Known& known = known_.mine()[hash % kKnown];
  if (known.hash == hash && known.bucket != nullptr &&
      known.bucket->name() == name) {
    bool dropped = false;
    const bool free = known.bucket->try_now([&](auto& contents) {
      dropped = contents.dropped;
      if (!dropped) op(*known.bucket, contents);
    });
    if (!dropped) return free ? Tried::kDone : Tried::kTaken;
    known = {};
  }
  return try_unknown(name, hash, known, op);
}

template <typename F>
BucketMap::Tried BucketMap::try_unknown(std::string_view name, std::size_t hash,
                                        Known& known, F&& op) const {
  const Part& part = part_of(hash);
  const auto run = [&](StoredBucket& bucket) {
    return [&](StoredBucket::Contents& contents) { op(bucket, contents); };
  };
  std::shared_ptr<StoredBucket> forgotten;  // dies after the locks
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
        if (known.asked == hash) {
          forgotten = std::exchange(known.bucket, it->second);
          known.hash = hash;
        }
      } else if (wait) {
        shared = it->second;
      }
    }
    if (bucket != nullptr) {
      known.asked = hash;
      return bucket->run_and_unlock(run(*bucket)) ? Tried::kDone
                                                  : Tried::kTaken;
    }
  }
  return shared->try_now(run(*shared)) ? Tried::kDone : Tried::kTaken;
}

}  // namespace kv::internal

#endif  // KV_DATA_BUCKET_MAP_H_
