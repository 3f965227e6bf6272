#include "data/limits.h"

#include "absl/strings/str_cat.h"
#include "base/outcome_mark.h"

namespace kv::internal {
namespace {

absl::Status too_long(const char* what, std::size_t size, std::size_t limit) {
  return not_run(absl::InvalidArgumentError(
      absl::StrCat(what, " of ", size, " bytes is over the limit of ", limit)));
}

absl::Status empty(const char* what) {
  return not_run(absl::InvalidArgumentError(absl::StrCat(what, " is empty")));
}

}  // namespace

Limits Limits::of(const NodeOptions& options) {
  Limits limits;
  limits.bucket_name_bytes = options.max_bucket_name_bytes;
  limits.key_bytes = options.max_key_bytes;
  limits.value_bytes = options.max_value_bytes;
  limits.op_name_bytes = options.max_op_name_bytes;
  limits.args_bytes = options.max_args_bytes;
  limits.out_bytes = options.max_out_bytes;
  limits.buckets = options.max_buckets;
  limits.calls_per_bucket = options.max_calls_per_bucket;
  return limits;
}

absl::Status check_bucket_name(const Limits& limits, std::string_view name) {
  if (name.empty()) return empty("bucket name");
  if (name.size() > limits.bucket_name_bytes) {
    return too_long("bucket name", name.size(), limits.bucket_name_bytes);
  }
  return absl::OkStatus();
}

absl::Status check_key(const Limits& limits, std::string_view key) {
  if (key.size() > limits.key_bytes)
    return too_long("key", key.size(), limits.key_bytes);
  return absl::OkStatus();
}

absl::Status check_value(const Limits& limits, std::string_view value) {
  if (value.size() > limits.value_bytes) {
    return too_long("value", value.size(), limits.value_bytes);
  }
  return absl::OkStatus();
}

absl::Status check_op_name(const Limits& limits, std::string_view name) {
  if (name.empty()) return empty("op name");
  if (name.size() > limits.op_name_bytes) {
    return too_long("op name", name.size(), limits.op_name_bytes);
  }
  return absl::OkStatus();
}

absl::Status check_args(const Limits& limits, std::size_t bytes) {
  if (bytes > limits.args_bytes) {
    return too_long("argument", bytes, limits.args_bytes);
  }
  return absl::OkStatus();
}

}  // namespace kv::internal
