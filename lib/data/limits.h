// The sizes that names, keys, values and arguments may have, and the one place
// that checks them.
#ifndef KV_DATA_LIMITS_H_
#define KV_DATA_LIMITS_H_

#include <cstddef>
#include <string_view>

#include "absl/status/status.h"
#include "kv/node_options.h"

namespace kv::internal {

struct Limits {
  std::size_t bucket_name_bytes = NodeOptions().max_bucket_name_bytes;
  std::size_t key_bytes = NodeOptions().max_key_bytes;
  std::size_t value_bytes = NodeOptions().max_value_bytes;
  std::size_t op_name_bytes = NodeOptions().max_op_name_bytes;
  std::size_t args_bytes = NodeOptions().max_args_bytes;
  std::size_t out_bytes = NodeOptions().max_out_bytes;
  std::size_t buckets = NodeOptions().max_buckets;
  std::size_t calls_per_bucket = NodeOptions().max_calls_per_bucket;

  static Limits of(const NodeOptions& options);
};

// kInvalidArgument, marked not_run, which names what is too long and the limit.
absl::Status check_bucket_name(const Limits& limits, std::string_view name);
absl::Status check_key(const Limits& limits, std::string_view key);
absl::Status check_value(const Limits& limits, std::string_view value);
absl::Status check_op_name(const Limits& limits, std::string_view name);
absl::Status check_args(const Limits& limits, std::size_t bytes);

}  // namespace kv::internal

#endif  // KV_DATA_LIMITS_H_
