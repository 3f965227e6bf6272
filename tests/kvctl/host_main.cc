// A host for the tests of kvctl:
//
//   host NAME
//
// prints the node's name once it listens, and ends when standard input does.
// Peers may set its table, unless its short name begins with "closed".
#include <kv/kv.h>
#include <kv/proto_op.h>

#include <iostream>
#include <string>
#include <string_view>

#include "light.pb.h"
#include "warehouse.pb.h"

namespace {

inline constexpr kv::ProtoOp<warehouse::Order, warehouse::Receipt> kTotal{
    "Warehouse.total", 2};
inline constexpr kv::ProtoOp<light::Text, light::Text> kLight{"Light.echo"};

absl::StatusOr<warehouse::Receipt> total(kv::OpContext& context,
                                         const warehouse::Order& order) {
  warehouse::Receipt receipt;
  for (const warehouse::Item& item : order.items()) {
    receipt.set_total(receipt.total() + item.count());
  }
  receipt.set_place(std::string(context.bucket_name()));
  return receipt;
}

absl::StatusOr<std::string> echo(kv::OpContext& context,
                                 std::string_view args) {
  context.out() << "echoing\n";
  return std::string(args);
}

}  // namespace

int main(int argc, char** argv) {
  if (argc != 2) return 2;
  kv::NodeOptions options;
  options.name = argv[1];
  options.remote_set_table = options.name.compare(0, 6, "closed") != 0;
  const auto node = kv::Node::start(options);
  if (!node.ok()) {
    std::cerr << node.status() << std::endl;
    return 1;
  }
  kv::OpTraits traits;
  traits.read_only = true;
  if (!(*node)->define("Echo", echo, traits).ok() ||
      !(*node)->define(kTotal, total).ok() ||
      !(*node)
           ->define(kLight,
                    [](kv::OpContext&, const light::Text& text) {
                      return absl::StatusOr<light::Text>(text);
                    })
           .ok()) {
    return 1;
  }
  std::cout << (*node)->name() << std::endl;
  for (std::string line; std::getline(std::cin, line);) {
  }
  return (*node)->stop(std::chrono::milliseconds(500)).ok() ? 0 : 1;
}
