#include "data/direct_bucket.h"

#include <limits>

#include "absl/base/thread_annotations.h"
#include "absl/cleanup/cleanup.h"
#include "absl/strings/str_cat.h"
#include "base/blocking.h"
#include "base/mutex.h"
#include "base/outcome_mark.h"
#include "base/strings.h"
#include "data/transaction.h"

namespace kv::internal {
namespace {

// The turn of a thread that stands and waits for it.
class ThreadTurn final : public Turn {
 public:
  bool run(StoredBucket& /*bucket*/) override {
    const MutexLock lock(mutex_);
    come_ = true;
    changed_.notify_all();
    return false;
  }

  void wait() {
    if (come()) return;
    const BlockingRegion region{BlockingRegion::Must()};
    const MutexLock lock(mutex_);
    while (!come_) changed_.wait(mutex_);
  }

 private:
  bool come() {
    const MutexLock lock(mutex_);
    return come_;
  }

  Mutex mutex_;
  CondVar changed_;
  bool come_ ABSL_GUARDED_BY(mutex_) = false;
};

}  // namespace

// op(transaction) with the turn, and the writes it made. No limit on those that
// wait here: each holds a thread of the host.
template <typename F>
auto DirectBucket::operate(F&& op) const {
  const auto turn = std::make_shared<ThreadTurn>();
  bucket_->take_turn(turn, std::numeric_limits<std::size_t>::max());
  turn->wait();
  const absl::Cleanup end = [this] { bucket_->end_turn(); };
  StoredBucket::Contents& contents = bucket_->contents();
  Transaction transaction(bucket_->name(), contents.pairs, bucket_->limits(),
                          /*read_only=*/false);
  auto result = op(transaction);
  if (!contents.dropped) transaction.commit();
  return result;
}

template <typename F>
absl::Status DirectBucket::write(F&& op) {
  return operate([&](Transaction& transaction) {
    if (bucket_->contents().dropped) {
      return not_run(absl::AbortedError(absl::StrCat(
          "bucket ", quoted(bucket_->name()), " has been dropped")));
    }
    return op(transaction);
  });
}

std::optional<std::string> DirectBucket::get(std::string_view key) const {
  return operate([&](Transaction& it) { return it.get(key); });
}

absl::Status DirectBucket::put(std::string_view key, std::string_view value) {
  return write([&](Transaction& it) { return it.put(key, value); });
}

std::optional<std::string> DirectBucket::del(std::string_view key) {
  return operate([&](Transaction& it) { return it.del(key); });
}

std::size_t DirectBucket::size() const {
  return operate([](Transaction& it) { return it.size(); });
}

void DirectBucket::clear() {
  operate([](Transaction& it) {
    it.clear();
    return true;
  });
}

void DirectBucket::for_each(const Visit& visit) const {
  operate([&](Transaction& it) {
    it.for_each(visit);
    return true;
  });
}

Bucket::Pairs DirectBucket::scan(std::string_view prefix,
                                 std::size_t limit) const {
  return operate([&](Transaction& it) { return it.scan(prefix, limit); });
}

absl::Status DirectBucket::update(std::string_view key, const Change& change) {
  return write([&](Transaction& it) { return it.update(key, change); });
}

bool DirectBucket::drop(BucketMap& buckets) {
  const bool dropped = operate([&](Transaction& /*it*/) {
    bucket_->contents().pairs.clear();
    return std::exchange(bucket_->contents().dropped, true);
  });
  buckets.remove(*bucket_);
  return !dropped;
}

}  // namespace kv::internal
