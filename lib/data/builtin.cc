#include "data/builtin.h"

#include <charconv>
#include <string>
#include <system_error>
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
  return std::optional<std::string>(std::in_place, found.value);
}

// Makes its result where it is wanted, without a move.
template <typename F>
struct InPlace {
  F make;
  operator decltype(std::declval<F>()())() const {  // NOLINT: that is its use
    return make();
  }
};
template <typename F>
InPlace(F) -> InPlace<F>;

// What an answer of many values may take.
class Room {
 public:
  explicit Room(std::size_t limit) : limit_(limit) {}

  // False once it is full.
  bool take(std::size_t bytes) {
    constexpr std::size_t kFraming = 16;
    taken_ += bytes + kFraming;
    return !full();
  }
  bool full() const { return taken_ > limit_; }
  absl::Status error() const {
    return absl::ResourceExhaustedError(
        absl::StrCat("the answer is over the limit of ", limit_,
                     " bytes: ask for less at a time"));
  }

 private:
  const std::size_t limit_;
  std::size_t taken_ = 0;
};

Increment::Result increment(PairSet& pairs, const Increment& op) {
  const std::string text = value_of(pairs, op.key).value_or("0");
  std::int64_t value = 0;
  const auto end =
      std::from_chars(text.data(), text.data() + text.size(), value);
  std::int64_t sum = 0;
  if (end.ec != std::errc() || end.ptr != text.data() + text.size() ||
      __builtin_add_overflow(value, op.by, &sum)) {
    return absl::FailedPreconditionError(
        absl::StrCat("can't add ", op.by, " to the value ", quoted(text),
                     " of key ", quoted(op.key), " as a 64-bit number"));
  }
  pairs.put(op.key, std::to_string(sum));
  return sum;
}

// Each on a bucket that it has to itself and that has not been dropped.
struct Run {
  const Home& home;
  const StoredBucket& bucket;
  Contents& contents;

  Create::Result operator()(const Create& /*op*/) const { return ref(); }
  Lookup::Result operator()(const Lookup& /*op*/) const { return ref(); }
  Get::Result operator()(const Get& op) const {
    const PairSet::Found found = contents.pairs.find(op.key);
    if (!found.found) return std::nullopt;
    return Get::Result(absl::in_place, std::in_place, found.value);
  }
  Put::Result operator()(const Put& op) const {
    contents.pairs.put(op.key, op.value);
    return absl::OkStatus();
  }
  Put::Result operator()(Put&& op) const {
    contents.pairs.put_and_take(op.key, std::move(op.value));
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

  CompareAndSet::Result operator()(const CompareAndSet& op) const {
    if (value_of(contents.pairs, op.key) != op.expected) return false;
    if (op.value.has_value()) {
      contents.pairs.put(op.key, *op.value);
    } else {
      contents.pairs.erase(op.key);
    }
    return true;
  }
  Increment::Result operator()(const Increment& op) const {
    return increment(contents.pairs, op);
  }
  GetMany::Result operator()(const GetMany& op) const {
    GetMany::Value values;
    Room room(bucket.limits().args_bytes);
    for (const std::string& key : op.keys) {
      values.push_back(value_of(contents.pairs, key));
      if (!room.take(values.back().value_or("").size())) return room.error();
    }
    return values;
  }
  PutMany::Result operator()(const PutMany& op) const {
    for (const auto& [key, value] : op.pairs) contents.pairs.put(key, value);
    return absl::OkStatus();
  }
  Scan::Result operator()(const Scan& op) const {
    Scan::Value pairs;
    if (op.limit == 0) return pairs;
    Room room(bucket.limits().args_bytes);
    contents.pairs.scan(op.prefix, op.after,
                        [&](std::string_view key, std::string_view value) {
                          pairs.emplace_back(key, value);
                          return room.take(key.size() + value.size()) &&
                                 pairs.size() < op.limit;
                        });
    if (room.full()) return room.error();
    return pairs;
  }
  Size::Result operator()(const Size& /*op*/) const {
    return std::uint64_t{contents.pairs.size()};
  }

  BucketRef ref() const { return {home.self, bucket.name(), bucket.id()}; }
};

absl::Status stale(const Home& home, std::string_view name) {
  return not_run(absl::AbortedError(
      absl::StrCat("the bucket ", quoted(name),
                   " that was referred to is gone from ", home.self.str())));
}

}  // namespace

Buckets::Result list_buckets(const Home& home, const Buckets& op) {
  Buckets::Value names = home.buckets.names(op.after, op.limit);
  Room room(home.buckets.limits().args_bytes);
  for (const std::string& name : names) room.take(name.size());
  if (room.full()) return room.error();
  return names;
}

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

namespace {

// `op` is T, const or not: what it has is taken from it where it may be, once.
template <typename T>
auto run_now(const Home& home, BucketId id, T&& op) {
  using Op = std::decay_t<T>;
  std::optional<typename Op::Result> result;
  for (;;) {
    bool other = false;         // not the bucket that was meant
    std::uint64_t dropped = 0;  // the id of one that is no more
    const BucketMap::Tried tried = home.buckets.try_now(
        id.name, [&](StoredBucket& bucket, Contents& contents) {
          other = id.id != 0 && id.id != bucket.id();
          if (other) return;
          if (!contents.dropped) {
            result.emplace(InPlace{[&] {
              return Run{home, bucket, contents}(op);
            }});
          }
          if (contents.dropped) dropped = bucket.id();
        });
    if (tried == BucketMap::Tried::kTaken) {
      return std::optional<typename Op::Result>();
    }
    if (tried == BucketMap::Tried::kNone || other || dropped != 0) {
      // Slowly: it has to be made or removed, or to be said why it can't be
      // had.
      auto bucket = find_bucket(home, id, std::is_same_v<Op, Create>);
      if (!bucket.ok()) {
        if (result.has_value()) return result;
        return std::optional<typename Op::Result>(std::move(bucket).status());
      }
      // Whoever drops a bucket marks it first and removes it then; in between
      // it may be found.
      if ((*bucket)->id() == dropped) home.buckets.remove(**bucket);
    }
    if (result.has_value()) return result;
  }
}

template <typename O>
std::optional<Answer> run_any_now(const Home& home, BucketId id, O&& op) {
  return std::visit(
      [&](auto&& it) -> std::optional<Answer> {
        if constexpr (kNeedsBucket<std::decay_t<decltype(it)>>) {
          auto now = run_now(home, id, std::forward<decltype(it)>(it));
          if (now.has_value()) return to_answer(*std::move(now));
        }
        return std::nullopt;
      },
      std::forward<O>(op));
}

}  // namespace

template <typename T>
std::optional<typename T::Result> run_builtin_now(const Home& home, BucketId id,
                                                  const T& op) {
  return run_now(home, id, op);
}

std::optional<Answer> run_builtin_now(const Home& home, BucketId id,
                                      const Op& op) {
  return run_any_now(home, id, op);
}

std::optional<Answer> run_builtin_now(const Home& home, BucketId id, Op&& op) {
  return run_any_now(home, id, std::move(op));
}

std::optional<Answer> run_builtin_in_turn(const Home& home,
                                          StoredBucket& bucket, Op op) {
  if (bucket.contents().dropped) return std::nullopt;
  Answer answer = std::visit(
      [&](auto&& it) -> Answer {
        using T = std::decay_t<decltype(it)>;
        if constexpr (kNeedsBucket<T>) {
          return to_answer(Run{
              home, bucket, bucket.contents()}(std::forward<decltype(it)>(it)));
        } else {
          return {absl::InternalError("needs no bucket"), {}};
        }
      },
      std::move(op));
  if (bucket.contents().dropped) home.buckets.remove(bucket);
  return answer;
}

#define KV_INSTANTIATE(T)                                                  \
  template std::optional<T::Result> run_builtin_now(const Home&, BucketId, \
                                                    const T&);
KV_BUCKET_OPS(KV_INSTANTIATE)
#undef KV_INSTANTIATE

}  // namespace kv::internal
