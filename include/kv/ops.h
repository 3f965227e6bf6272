// The built-in operations: what can be asked of a bucket or a node without
// defining anything. Those that look after a node are in kv/admin_ops.h.
#ifndef KV_OPS_H_
#define KV_OPS_H_

#include <cstddef>
#include <cstdint>
#include <optional>
#include <string>
#include <utility>
#include <vector>

#include "absl/status/status.h"
#include "absl/status/statusor.h"
#include "kv/bucket_ref.h"

namespace kv {

// An operation is a value with two types: Value, what it yields, and Result,
// what route() returns, which is Value or an error. Keys, values and arguments
// are bytes of any kind, and may be empty.
//
// They have constructors, though aggregates would do, because g++ 12 breaks a
// temporary aggregate of strings in a co_await expression, and
// `co_await router.async("shopping", kv::Get{"milk"})` is what one writes. They
// are implicit, as an aggregate's braces are.
// NOLINTBEGIN(google-explicit-constructor)
template <typename T>
struct Yields {
  using Value = T;
  using Result = absl::StatusOr<T>;
};
template <>
struct Yields<void> {
  using Value = void;
  using Result = absl::Status;
};

// The bucket, made if there is none: creating twice is fine.
struct Create {
  using Value = BucketRef;
  using Result = Yields<Value>::Result;
};

// kNotFound where there is none, as with every operation below that needs a
// bucket.
struct Lookup {
  using Value = BucketRef;
  using Result = Yields<Value>::Result;
};

// A missing key is no error but nullopt.
struct Get {
  using Value = std::optional<std::string>;
  using Result = Yields<Value>::Result;

  Get() = default;
  Get(std::string the_key) : key(std::move(the_key)) {}

  std::string key = {};
};

struct Put {
  using Value = void;
  using Result = Yields<Value>::Result;

  Put() = default;
  Put(std::string the_key, std::string the_value)
      : key(std::move(the_key)), value(std::move(the_value)) {}

  std::string key = {};
  std::string value = {};
};

// Yields what was there.
struct Delete {
  using Value = std::optional<std::string>;
  using Result = Yields<Value>::Result;

  Delete() = default;
  Delete(std::string the_key) : key(std::move(the_key)) {}

  std::string key = {};
};

// Sets `key` to `value` if its present value is `expected`, nullopt standing
// for "no such key" in both. Yields whether it did.
struct CompareAndSet {
  using Value = bool;
  using Result = Yields<Value>::Result;

  CompareAndSet() = default;
  CompareAndSet(std::string the_key,
                std::optional<std::string> the_expected = {},
                std::optional<std::string> the_value = {})
      : key(std::move(the_key)),
        expected(std::move(the_expected)),
        value(std::move(the_value)) {}

  std::string key = {};
  std::optional<std::string> expected = {};
  std::optional<std::string> value = {};
};

// Adds `by` to the value of `key`, a decimal number from -2^63 to 2^63 - 1; a
// missing key counts as 0. Yields the sum. kFailedPrecondition: the value is no
// such number, or the sum would be none; nothing is changed.
struct Increment {
  using Value = std::int64_t;
  using Result = Yields<Value>::Result;

  Increment() = default;
  Increment(std::string the_key, std::int64_t the_by = 1)
      : key(std::move(the_key)), by(the_by) {}

  std::string key = {};
  std::int64_t by = 1;
};

// The values of the keys, in their order. kResourceExhausted: together they are
// over the owner's NodeOptions::max_args_bytes.
struct GetMany {
  using Value = std::vector<std::optional<std::string>>;
  using Result = Yields<Value>::Result;

  GetMany() = default;
  GetMany(std::vector<std::string> the_keys) : keys(std::move(the_keys)) {}

  std::vector<std::string> keys = {};
};

// All pairs or, where one is over a limit, none. Of two pairs with one key the
// later one counts. Together at most NodeOptions::max_args_bytes.
struct PutMany {
  using Value = void;
  using Result = Yields<Value>::Result;

  PutMany() = default;
  PutMany(std::vector<std::pair<std::string, std::string>> the_pairs)
      : pairs(std::move(the_pairs)) {}

  std::vector<std::pair<std::string, std::string>> pairs = {};
};

// The first `limit` pairs, in byte order of their keys, of those whose key
// begins with `prefix` and comes after `after` (nullopt: all). The next page is
// after the last key of this one; fewer pairs than `limit` are the last page.
// kResourceExhausted as GetMany: take a lower limit.
struct Scan {
  using Value = std::vector<std::pair<std::string, std::string>>;
  using Result = Yields<Value>::Result;

  Scan() = default;
  Scan(std::string the_prefix, std::optional<std::string> the_after = {},
       std::size_t the_limit = 100)
      : prefix(std::move(the_prefix)),
        after(std::move(the_after)),
        limit(the_limit) {}

  std::string prefix = {};
  std::optional<std::string> after = {};
  std::size_t limit = 100;
};

// How many keys the bucket has.
struct Size {
  using Value = std::uint64_t;
  using Result = Yields<Value>::Result;
};

// The whole bucket goes.
struct Drop {
  using Value = void;
  using Result = Yields<Value>::Result;
};

// The name of the node it ran on. Needs no bucket.
struct Whoami {
  using Value = std::string;
  using Result = Yields<Value>::Result;
};

// The names of the buckets on the node it runs on, paged as Scan. Needs no
// bucket: `router.call(node, kv::Buckets{})`.
struct Buckets {
  using Value = std::vector<std::string>;
  using Result = Yields<Value>::Result;

  Buckets() = default;
  Buckets(std::optional<std::string> the_after, std::size_t the_limit = 100)
      : after(std::move(the_after)), limit(the_limit) {}

  std::optional<std::string> after = {};
  std::size_t limit = 100;
};

// The operation that the owner has defined under `name`, with `args`. Needs no
// bucket: where there is none, the operation sees OpContext::bucket() ==
// nullptr. kUnimplemented: not defined there.
struct Apply {
  using Value = std::string;
  using Result = Yields<Value>::Result;

  Apply() = default;
  Apply(std::string the_name, std::string the_args = {})
      : name(std::move(the_name)), args(std::move(the_args)) {}

  std::string name = {};
  std::string args = {};
};

// NOLINTEND(google-explicit-constructor)

}  // namespace kv

#endif  // KV_OPS_H_
