#include "exec/signature.h"

#include <map>
#include <string>
#include <string_view>

#include "absl/strings/str_cat.h"
#include "base/strings.h"

namespace kv::internal {
namespace {

// By path; `a.1=int32;q.2=string*;` may come from afar, so anything may be in
// it.
std::map<std::string_view, std::string_view> split(std::string_view fields) {
  std::map<std::string_view, std::string_view> types;
  while (!fields.empty()) {
    const std::string_view field = fields.substr(0, fields.find(';'));
    fields.remove_prefix(std::min(field.size() + 1, fields.size()));
    const std::size_t equals = field.find('=');
    if (equals == std::string_view::npos) continue;
    types[field.substr(0, equals)] = field.substr(equals + 1);
  }
  return types;
}

std::string describe(std::string_view path) {
  const bool answer = path.substr(0, 1) == "a";
  return absl::StrCat(
      "field ", to_absl(path.substr(std::min<std::size_t>(2, path.size()))),
      answer ? " of the answer" : " of the request");
}

}  // namespace

absl::Status check_signatures(const OpSignature& caller,
                              const OpSignature& owner) {
  if (caller.version != owner.version) {
    return absl::InvalidArgumentError(
        absl::StrCat("the caller has version ", caller.version,
                     ", the owner version ", owner.version));
  }
  if (caller.fields == owner.fields) return absl::OkStatus();
  const auto callers = split(caller.fields);
  for (const auto& [path, type] : split(owner.fields)) {
    const auto it = callers.find(path);
    if (it != callers.end() && it->second != type) {
      return absl::InvalidArgumentError(
          absl::StrCat(describe(path), " is ", quoted(it->second),
                       " to the caller, ", quoted(type), " to the owner"));
    }
  }
  return absl::OkStatus();
}

}  // namespace kv::internal
