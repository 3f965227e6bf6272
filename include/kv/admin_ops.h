// The built-in operations that look after a node: what an operator's tool asks.
#ifndef KV_ADMIN_OPS_H_
#define KV_ADMIN_OPS_H_

#include <cstddef>
#include <optional>
#include <string>
#include <utility>
#include <vector>

#include "kv/op_info.h"
#include "kv/ops.h"
#include "kv/routing_table.h"

namespace kv {

// None needs a bucket: `router.call(node, kv::GetTable{})` asks one node, and
// `router.route(bucket, kv::GetTable{})` the bucket's owner.
// NOLINTBEGIN(google-explicit-constructor)

// The table that the node goes by. kResourceExhausted: its text is over the
// node's NodeOptions::max_args_bytes.
struct GetTable {
  using Value = RoutingTable;
  using Result = Yields<Value>::Result;
};

// Replaces the node's table, as Node::set_table does. kPermissionDenied
// (not_run): the node does not have NodeOptions::remote_set_table.
// kFailedPrecondition: its present table has a higher version, and stays.
// kInvalidArgument (not_run): the text of `table` is over max_args_bytes.
struct SetTable {
  using Value = void;
  using Result = Yields<Value>::Result;

  SetTable() = default;
  SetTable(const RoutingTable& the_table) : table(the_table) {}

  RoutingTable table = {};
};

// The operations that the node's host has defined, in byte order of their
// names, paged as Buckets.
struct ListOps {
  using Value = std::vector<OpInfo>;
  using Result = Yields<Value>::Result;

  ListOps() = default;
  ListOps(std::optional<std::string> the_after, std::size_t the_limit = 100)
      : after(std::move(the_after)), limit(the_limit) {}

  std::optional<std::string> after = {};
  std::size_t limit = 100;
};

// One of them with the types of its messages, so that a caller without them can
// make a request. kUnimplemented (not_run): not defined there.
struct DescribeOp {
  using Value = OpDescription;
  using Result = Yields<Value>::Result;

  DescribeOp() = default;
  DescribeOp(std::string the_name) : name(std::move(the_name)) {}

  std::string name = {};
};

// NOLINTEND(google-explicit-constructor)

}  // namespace kv

#endif  // KV_ADMIN_OPS_H_
