#include "node/node_ops.h"

#include <algorithm>
#include <cstddef>
#include <string>
#include <utility>
#include <variant>
#include <vector>

#include "absl/strings/str_cat.h"
#include "base/outcome_mark.h"
#include "base/strings.h"
#include "data/builtin.h"
#include "exec/host_ops.h"

namespace kv::internal {
namespace {

absl::Status check_answer(const Core& core, const char* what,
                          std::size_t bytes) {
  const std::size_t limit = core.limits().args_bytes;
  if (bytes <= limit) return absl::OkStatus();
  return absl::ResourceExhaustedError(
      absl::StrCat(what, " of ", core.self().str(), " has ", bytes,
                   " bytes, over the limit of ", limit));
}

GetTable::Result get_table(Core& core) {
  RoutingTable table = core.table().table();
  absl::Status status = check_answer(core, "the table", table.str().size());
  if (!status.ok()) return status;
  return table;
}

SetTable::Result set_table(Core& core, const SetTable& op) {
  if (!core.takes_tables()) {
    return not_run(absl::PermissionDeniedError(
        absl::StrCat(core.self().str(),
                     " takes no table from others: its host has to set "
                     "NodeOptions::remote_set_table")));
  }
  return core.set_table(op.table);
}

ListOps::Result list_ops(Core& core, const ListOps& op) {
  std::vector<OpInfo> page;
  std::size_t bytes = 0;
  for (OpInfo& info : core.ops().list()) {
    if (page.size() == op.limit) break;
    if (op.after.has_value() && info.name <= *op.after) continue;
    constexpr std::size_t kFraming = 32;
    bytes += info.name.size() + info.request.size() + info.response.size() +
             kFraming;
    page.push_back(std::move(info));
  }
  absl::Status status = check_answer(core, "the list of ops", bytes);
  if (!status.ok()) return status;
  return page;
}

DescribeOp::Result describe_op(Core& core, const DescribeOp& op) {
  const std::shared_ptr<const HostOp> host_op = core.ops().find(op.name);
  if (host_op == nullptr) return no_such_op(core.self(), op.name);
  OpDescription description{info_of(op.name, *host_op), {}};
  const OpTypes& types = host_op->function.types;
  if (types.descriptors) description.descriptors = types.descriptors();
  absl::Status status = check_answer(core, "the description of an op",
                                     description.descriptors.size());
  if (!status.ok()) return status;
  return description;
}

}  // namespace

absl::Status no_such_op(const NodeName& self, std::string_view name) {
  return not_run(absl::UnimplementedError(
      absl::StrCat(self.str(), " has no op ", quoted(name))));
}

std::optional<Answer> run_node_op(Core& core, const Op& op) {
  if (std::holds_alternative<Whoami>(op)) {
    return Answer{absl::OkStatus(), Value(core.self().str())};
  }
  if (const auto* const it = std::get_if<Buckets>(&op)) {
    return to_answer(list_buckets(core.home(), *it));
  }
  if (std::holds_alternative<GetTable>(op)) return to_answer(get_table(core));
  if (std::holds_alternative<GetStats>(op)) {
    return Answer{absl::OkStatus(), Value(core.stats())};
  }
  if (const auto* const it = std::get_if<SetTable>(&op)) {
    return to_answer(set_table(core, *it));
  }
  if (const auto* const it = std::get_if<ListOps>(&op)) {
    return to_answer(list_ops(core, *it));
  }
  if (const auto* const it = std::get_if<DescribeOp>(&op)) {
    return to_answer(describe_op(core, *it));
  }
  return std::nullopt;
}

}  // namespace kv::internal
