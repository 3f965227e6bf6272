// DirectBucket: a bucket as a thread of the host sees it that took it from the
// registry.
#ifndef KV_DATA_DIRECT_BUCKET_H_
#define KV_DATA_DIRECT_BUCKET_H_

#include <memory>
#include <optional>
#include <string>
#include <string_view>
#include <utility>

#include "data/bucket_map.h"
#include "data/stored_bucket.h"
#include "kv/bucket.h"

namespace kv::internal {

// Each method waits until the calling thread has the bucket's turn, and is an
// operation of its own. Safe from any thread.
class DirectBucket final : public Bucket {
 public:
  explicit DirectBucket(std::shared_ptr<StoredBucket> bucket)
      : bucket_(std::move(bucket)) {}

  const std::string& name() const override { return bucket_->name(); }
  std::optional<std::string> get(std::string_view key) const override;
  absl::Status put(std::string_view key, std::string_view value) override;
  std::optional<std::string> del(std::string_view key) override;
  std::size_t size() const override;
  void clear() override;
  void for_each(const Visit& visit) const override;
  Pairs scan(std::string_view prefix, std::size_t limit) const override;
  absl::Status update(std::string_view key, const Change& change) override;

  // Drops the bucket and takes it out of `buckets`. False: it was dropped
  // before.
  bool drop(BucketMap& buckets);

 private:
  template <typename F>
  auto operate(F&& op) const;
  template <typename F>
  absl::Status write(F&& op);

  const std::shared_ptr<StoredBucket> bucket_;
};

}  // namespace kv::internal

#endif  // KV_DATA_DIRECT_BUCKET_H_
