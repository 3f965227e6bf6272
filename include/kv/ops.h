// The built-in operations: what can be asked of a bucket or a node without
// defining anything.
#ifndef KV_OPS_H_
#define KV_OPS_H_

#include <optional>
#include <string>

#include "absl/status/status.h"
#include "absl/status/statusor.h"
#include "kv/bucket_ref.h"

namespace kv {

// An operation is a value with two types: Value, what it yields, and Result,
// what route() returns, which is Value or an error. Keys, values and arguments
// are bytes of any kind, and may be empty.
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
  std::string key = {};
};

struct Put {
  using Value = void;
  using Result = Yields<Value>::Result;
  std::string key = {};
  std::string value = {};
};

// Yields what was there.
struct Delete {
  using Value = std::optional<std::string>;
  using Result = Yields<Value>::Result;
  std::string key = {};
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

// The operation that the owner has defined under `name`, with `args`. Needs no
// bucket: where there is none, the operation sees OpContext::bucket() ==
// nullptr. kUnimplemented: not defined there.
struct Apply {
  using Value = std::string;
  using Result = Yields<Value>::Result;
  std::string name = {};
  std::string args = {};
};

}  // namespace kv

#endif  // KV_OPS_H_
