#include "data/op.h"

#include "absl/strings/str_cat.h"
#include "base/outcome_mark.h"
#include "base/strings.h"

namespace kv::internal {
namespace {

absl::Status check_pair(const Limits& limits, std::string_view key,
                        std::string_view value) {
  absl::Status status = check_key(limits, key);
  if (status.ok()) status = check_value(limits, value);
  return status;
}

// Of `count` keys or pairs: a message takes some bytes for each.
absl::Status check_sum(const Limits& limits, std::size_t count,
                       std::size_t bytes) {
  constexpr std::size_t kFraming = 16;
  return check_args(limits, bytes + count * kFraming);
}

}  // namespace

bool is_quick(const Op& op) {
  return std::visit(
      [](const auto& it) {
        using T = std::decay_t<decltype(it)>;
        return std::is_same_v<T, Whoami> ||
               (kNeedsBucket<T> && !std::is_same_v<T, Scan> &&
                !std::is_same_v<T, Drop>);
      },
      op);
}

template <typename T>
absl::Status check_sizes(const Limits& limits, const T& op) {
  if constexpr (std::is_same_v<T, Get> || std::is_same_v<T, Delete> ||
                std::is_same_v<T, Increment>) {
    return check_key(limits, op.key);
  } else if constexpr (std::is_same_v<T, Put>) {
    return check_pair(limits, op.key, op.value);
  } else if constexpr (std::is_same_v<T, CompareAndSet>) {
    absl::Status status =
        check_pair(limits, op.key, std::string_view(op.expected.value_or("")));
    if (status.ok()) status = check_value(limits, op.value.value_or(""));
    return status;
  } else if constexpr (std::is_same_v<T, GetMany>) {
    std::size_t bytes = 0;
    for (const std::string& key : op.keys) {
      absl::Status status = check_key(limits, key);
      if (!status.ok()) return status;
      bytes += key.size();
    }
    return check_sum(limits, op.keys.size(), bytes);
  } else if constexpr (std::is_same_v<T, PutMany>) {
    std::size_t bytes = 0;
    for (const auto& [key, value] : op.pairs) {
      absl::Status status = check_pair(limits, key, value);
      if (!status.ok()) return status;
      bytes += key.size() + value.size();
    }
    return check_sum(limits, op.pairs.size(), bytes);
  } else if constexpr (std::is_same_v<T, Scan>) {
    absl::Status status = check_key(limits, op.prefix);
    if (status.ok()) status = check_key(limits, op.after.value_or(""));
    return status;
  } else if constexpr (std::is_same_v<T, SetTable>) {
    return check_args(limits, op.table.str().size());
  } else if constexpr (std::is_same_v<T, ListOps>) {
    return op.after.value_or("").empty() ? absl::OkStatus()
                                         : check_op_name(limits, *op.after);
  } else if constexpr (std::is_same_v<T, Buckets>) {
    return op.after.value_or("").empty() ? absl::OkStatus()
                                         : check_bucket_name(limits, *op.after);
  } else if constexpr (std::is_same_v<T, Apply>) {
    absl::Status status = check_op_name(limits, op.name);
    if (status.ok()) status = check_args(limits, op.args.size());
    return status;
  } else if constexpr (std::is_same_v<T, DescribeOp> ||
                       std::is_same_v<T, TypedApply>) {
    // The size of an object shows when it has to travel.
    return check_op_name(limits, op.name);
  } else {
    return absl::OkStatus();
  }
}

absl::Status check_sizes(const Limits& limits, const Op& op) {
  return std::visit([&](const auto& it) { return check_sizes(limits, it); },
                    op);
}

std::string op_name(const Op& op) {
  return std::visit(
      [](const auto& it) -> std::string {
        using T = std::decay_t<decltype(it)>;
#define KV_NAME(NAME) \
  if constexpr (std::is_same_v<T, NAME>) return #NAME;
        KV_BUCKET_OPS(KV_NAME)
        KV_NODE_OPS(KV_NAME)
#undef KV_NAME
      },
      op);
}

const std::string* name_of_host_op(const Op& op) {
  if (const auto* const it = std::get_if<Apply>(&op)) return &it->name;
  if (const auto* const it = std::get_if<TypedApply>(&op)) return &it->name;
  return nullptr;
}

std::size_t size_of(const Op& op) {
  return std::visit(
      [](const auto& it) -> std::size_t {
        using T = std::decay_t<decltype(it)>;
        if constexpr (std::is_same_v<T, Get> || std::is_same_v<T, Delete> ||
                      std::is_same_v<T, Increment>) {
          return it.key.size();
        } else if constexpr (std::is_same_v<T, Put>) {
          return it.key.size() + it.value.size();
        } else if constexpr (std::is_same_v<T, CompareAndSet>) {
          return it.key.size() + (it.expected ? it.expected->size() : 0) +
                 (it.value ? it.value->size() : 0);
        } else if constexpr (std::is_same_v<T, GetMany>) {
          std::size_t bytes = 0;
          for (const std::string& key : it.keys) bytes += key.size();
          return bytes;
        } else if constexpr (std::is_same_v<T, PutMany>) {
          std::size_t bytes = 0;
          for (const auto& [key, value] : it.pairs) {
            bytes += key.size() + value.size();
          }
          return bytes;
        } else if constexpr (std::is_same_v<T, SetTable>) {
          return it.table.str().size();
        } else if constexpr (std::is_same_v<T, Apply>) {
          return it.name.size() + it.args.size();
        } else if constexpr (std::is_same_v<T, TypedApply>) {
          return it.name.size() + it.args.bytes().size();
        } else {
          return 0;  // a name or a key at the most
        }
      },
      op);
}

template <typename T>
typename T::Result to_result(Answer answer) {
  if (!answer.status.ok()) return std::move(answer.status);
  if constexpr (std::is_void_v<typename T::Value>) {
    if (std::holds_alternative<std::monostate>(answer.value))
      return absl::OkStatus();
  } else {
    if constexpr (std::is_same_v<T, TypedApply>) {
      auto* const text = std::get_if<std::string>(&answer.value);
      if (text != nullptr) return Payload(std::move(*text));
    }
    auto* const value = std::get_if<typename T::Value>(&answer.value);
    if (value != nullptr) return std::move(*value);
  }
  return unknown(absl::InternalError(
      "the peer answered with a value of another operation"));
}

#define KV_INSTANTIATE(T)                                        \
  template absl::Status check_sizes<T>(const Limits&, const T&); \
  template T::Result to_result<T>(Answer);
KV_BUCKET_OPS(KV_INSTANTIATE)
KV_NODE_OPS(KV_INSTANTIATE)
#undef KV_INSTANTIATE

}  // namespace kv::internal
