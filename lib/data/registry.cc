#include "kv/registry.h"

#include <limits>
#include <optional>
#include <utility>

#include "data/bucket_map.h"
#include "data/direct_bucket.h"

namespace kv {

absl::StatusOr<std::shared_ptr<Bucket>> Registry::create(
    std::string_view name) {
  auto bucket = buckets_.find_or_make(name);
  if (!bucket.ok()) return std::move(bucket).status();
  return std::make_shared<internal::DirectBucket>(*std::move(bucket));
}

std::shared_ptr<Bucket> Registry::lookup(std::string_view name) const {
  std::shared_ptr<internal::StoredBucket> bucket = buckets_.find(name);
  if (bucket == nullptr) return nullptr;
  return std::make_shared<internal::DirectBucket>(std::move(bucket));
}

bool Registry::drop(std::string_view name) {
  const std::shared_ptr<internal::StoredBucket> bucket = buckets_.find(name);
  return bucket != nullptr && internal::DirectBucket(bucket).drop(buckets_);
}

std::size_t Registry::size() const { return buckets_.size(); }

std::vector<std::string> Registry::names() const {
  return buckets_.names(std::nullopt, std::numeric_limits<std::size_t>::max());
}

}  // namespace kv
