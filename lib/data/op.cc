#include "data/op.h"

#include "absl/strings/str_cat.h"
#include "base/outcome_mark.h"
#include "base/strings.h"

namespace kv::internal {
namespace {

template <typename... Fs>
struct Overloaded : Fs... {
  using Fs::operator()...;
};
template <typename... Fs>
Overloaded(Fs...) -> Overloaded<Fs...>;

constexpr std::size_t kShownOpName = 64;

}  // namespace

template <typename T>
absl::Status check_sizes(const Limits& limits, const T& op) {
  if constexpr (std::is_same_v<T, Get> || std::is_same_v<T, Delete>) {
    return check_key(limits, op.key);
  } else if constexpr (std::is_same_v<T, Put>) {
    absl::Status status = check_key(limits, op.key);
    if (status.ok()) status = check_value(limits, op.value);
    return status;
  } else if constexpr (std::is_same_v<T, Apply>) {
    absl::Status status = check_op_name(limits, op.name);
    if (status.ok()) status = check_args(limits, op.args);
    return status;
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
      Overloaded{[](const Create&) -> std::string { return "Create"; },
                 [](const Lookup&) -> std::string { return "Lookup"; },
                 [](const Get&) -> std::string { return "Get"; },
                 [](const Put&) -> std::string { return "Put"; },
                 [](const Delete&) -> std::string { return "Delete"; },
                 [](const Drop&) -> std::string { return "Drop"; },
                 [](const Whoami&) -> std::string { return "Whoami"; },
                 [](const Apply& it) { return quoted(it.name, kShownOpName); }},
      op);
}

template <typename T>
typename T::Result to_result(Answer answer) {
  if (!answer.status.ok()) return std::move(answer.status);
  if constexpr (std::is_void_v<typename T::Value>) {
    if (std::holds_alternative<std::monostate>(answer.value))
      return absl::OkStatus();
  } else {
    auto* const value = std::get_if<typename T::Value>(&answer.value);
    if (value != nullptr) return std::move(*value);
  }
  return unknown(absl::InternalError(
      "the peer answered with a value of another operation"));
}

#define KV_INSTANTIATE(T)                                        \
  template absl::Status check_sizes<T>(const Limits&, const T&); \
  template T::Result to_result<T>(Answer)
KV_INSTANTIATE(Create);
KV_INSTANTIATE(Lookup);
KV_INSTANTIATE(Get);
KV_INSTANTIATE(Put);
KV_INSTANTIATE(Delete);
KV_INSTANTIATE(Drop);
KV_INSTANTIATE(Whoami);
KV_INSTANTIATE(Apply);
#undef KV_INSTANTIATE

}  // namespace kv::internal
