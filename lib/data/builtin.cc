#include "data/builtin.h"

#include <string>
#include <utility>

#include "absl/status/statusor.h"
#include "absl/strings/str_cat.h"
#include "base/outcome_mark.h"
#include "base/strings.h"

namespace kv::internal {
namespace {

using Contents = StoredBucket::Contents;

std::optional<std::string> value_of(const PairSet& pairs,
                                    std::string_view key) {
  const PairSet::Found found = pairs.find(key);
  if (!found.found) return std::nullopt;
  return std::string(found.value);
}

// Each on a bucket that it has to itself and that has not been dropped.
struct Run {
  const Home& home;
  const StoredBucket& bucket;
  Contents& contents;

  Create::Result operator()(const Create& /*op*/) const { return ref(); }
  Lookup::Result operator()(const Lookup& /*op*/) const { return ref(); }
  Get::Result operator()(const Get& op) const {
    return value_of(contents.pairs, op.key);
  }
  Put::Result operator()(const Put& op) const {
    contents.pairs.put(op.key, op.value);
    return absl::OkStatus();
  }
  Delete::Result operator()(const Delete& op) const {
    std::optional<std::string> before = value_of(contents.pairs, op.key);
    if (before.has_value()) contents.pairs.erase(op.key);
    return before;
  }
  Drop::Result operator()(const Drop& /*op*/) const {
    contents.dropped = true;
    contents.pairs.clear();
    return absl::OkStatus();
  }

  BucketRef ref() const { return {home.self, bucket.name(), bucket.id()}; }
};

absl::Status stale(const Home& home, std::string_view name) {
  return not_run(absl::AbortedError(
      absl::StrCat("the bucket ", quoted(name),
                   " that was referred to is gone from ", home.self.str())));
}

}  // namespace

absl::StatusOr<std::shared_ptr<StoredBucket>> find_bucket(const Home& home,
                                                          BucketId id,
                                                          bool make) {
  if (make && id.id == 0) return home.buckets.find_or_make(id.name);
  std::shared_ptr<StoredBucket> bucket = home.buckets.find(id.name);
  if (id.id != 0) {
    if (bucket == nullptr || bucket->id() != id.id) return stale(home, id.name);
  } else if (bucket == nullptr) {
    return absl::NotFoundError(
        absl::StrCat("no bucket ", quoted(id.name), " on ", home.self.str()));
  }
  return bucket;
}

template <typename T>
std::optional<typename T::Result> run_builtin_now(const Home& home, BucketId id,
                                                  const T& op) {
  for (;;) {
    auto bucket = find_bucket(home, id, std::is_same_v<T, Create>);
    if (!bucket.ok()) return std::move(bucket).status();
    std::optional<typename T::Result> result;
    const bool free = (*bucket)->try_now([&](Contents& contents) {
      if (!contents.dropped) result.emplace(Run{home, **bucket, contents}(op));
    });
    if (!free) return std::nullopt;
    // Whoever drops a bucket marks it first and removes it then; in between it
    // may be found here.
    if (std::is_same_v<T, Drop> || !result.has_value()) {
      home.buckets.remove(**bucket);
    }
    if (result.has_value()) return result;
  }
}

std::optional<Answer> run_builtin_in_turn(const Home& home,
                                          StoredBucket& bucket, const Op& op) {
  if (bucket.contents().dropped) return std::nullopt;
  Answer answer = std::visit(
      [&](const auto& it) -> Answer {
        using T = std::decay_t<decltype(it)>;
        if constexpr (kNeedsBucket<T>) {
          return to_answer(Run{home, bucket, bucket.contents()}(it));
        } else {
          return {absl::InternalError("needs no bucket"), {}};
        }
      },
      op);
  if (bucket.contents().dropped) home.buckets.remove(bucket);
  return answer;
}

template std::optional<Create::Result> run_builtin_now(const Home&, BucketId,
                                                       const Create&);
template std::optional<Lookup::Result> run_builtin_now(const Home&, BucketId,
                                                       const Lookup&);
template std::optional<Get::Result> run_builtin_now(const Home&, BucketId,
                                                    const Get&);
template std::optional<Put::Result> run_builtin_now(const Home&, BucketId,
                                                    const Put&);
template std::optional<Delete::Result> run_builtin_now(const Home&, BucketId,
                                                       const Delete&);
template std::optional<Drop::Result> run_builtin_now(const Home&, BucketId,
                                                     const Drop&);

}  // namespace kv::internal
