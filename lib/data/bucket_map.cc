#include "data/bucket_map.h"

#include <algorithm>
#include <random>

#include "absl/strings/str_cat.h"
#include "base/outcome_mark.h"

namespace kv::internal {
namespace {

// Where this map's ids begin: a bucket of a node that has restarted must not
// have the id of one that it had before, so a BucketRef can tell them apart.
// 2^64 leaves room for a random place and any number of buckets behind it.
std::uint64_t random_start() {
  std::random_device device;
  const std::uint64_t high = device();
  return (((high << 32) | device()) & (~std::uint64_t{0} >> 1)) | 1;
}

}  // namespace

BucketMap::BucketMap(const Limits& limits)
    : limits_(std::make_shared<const Limits>(limits)),
      next_id_(random_start()) {}

// A thread that goes on keeps what it knows, but not its buckets.
BucketMap::~BucketMap() {
  known_.for_each([](KnownBuckets& known) { known = {}; });
}

BucketMap::Part& BucketMap::part_of(std::size_t hash) const {
  // Not the low bits, which the tables inside the parts use.
  return parts_[(hash >> 40) % kParts];
}

std::shared_ptr<StoredBucket> BucketMap::find(std::string_view name) const {
  const std::size_t hash = BytesHash{}(name);
  const Part& part = part_of(hash);
  const MutexLock lock(part.mutex);
  const auto it = part.buckets.find(name, hash);
  return it == part.buckets.end() ? nullptr : it->second;
}

absl::StatusOr<std::shared_ptr<StoredBucket>> BucketMap::find_or_make(
    std::string_view name) {
  absl::Status status = check_bucket_name(*limits_, name);
  if (!status.ok()) return status;
  const std::size_t hash = BytesHash{}(name);
  Part& part = part_of(hash);
  const MutexLock lock(part.mutex);
  const auto it = part.buckets.find(name, hash);
  if (it != part.buckets.end()) return it->second;
  if (size_.fetch_add(1, std::memory_order_relaxed) >= limits_->buckets) {
    size_.fetch_sub(1, std::memory_order_relaxed);
    return not_run(absl::ResourceExhaustedError(absl::StrCat(
        "the node has ", limits_->buckets, " buckets, its limit")));
  }
  auto bucket = std::make_shared<StoredBucket>(
      std::string(name), next_id_.fetch_add(1, std::memory_order_relaxed),
      limits_);
  part.buckets.emplace(std::string(name), bucket);
  return bucket;
}

void BucketMap::remove(const StoredBucket& bucket) {
  Part& part = part_of(BytesHash{}(bucket.name()));
  std::shared_ptr<StoredBucket> removed;
  {
    const MutexLock lock(part.mutex);
    const auto it = part.buckets.find(bucket.name());
    if (it == part.buckets.end() || it->second.get() != &bucket) return;
    removed = std::move(it->second);
    part.buckets.erase(it);
    size_.fetch_sub(1, std::memory_order_relaxed);
  }
  removed->wait_for_lock();  // see try_now()
}

std::vector<std::string> BucketMap::names(std::optional<std::string_view> after,
                                          std::size_t limit) const {
  std::vector<std::string> names;
  for (const Part& part : parts_) {
    const MutexLock lock(part.mutex);
    for (const auto& [name, bucket] : part.buckets) {
      if (!after.has_value() || name > *after) names.push_back(name);
    }
  }
  const auto end = names.begin() +
                   static_cast<std::ptrdiff_t>(std::min(limit, names.size()));
  std::partial_sort(names.begin(), end, names.end());
  names.erase(end, names.end());
  return names;
}

}  // namespace kv::internal
