// A plugin that runs a node of its own while it is asked to.
#include <kv/kv.h>

#include <iostream>
#include <utility>

extern "C" __attribute__((visibility("default"))) int run() {
  kv::NodeOptions options;
  options.name = "plugin@127.0.0.1:0";
  absl::StatusOr<std::unique_ptr<kv::Node>> node =
      kv::Node::start(std::move(options));
  if (!node.ok()) {
    std::cerr << node.status() << "\n";
    return 1;
  }
  absl::StatusOr<kv::RoutingTable> table =
      kv::RoutingTable::from_ranges({{"", "", (*node)->name()}});
  if (!table.ok() || !(*node)->set_table(*table).ok()) return 1;
  absl::StatusOr<std::string> who =
      (*node)->router().route("hello", kv::Whoami{});
  if (!who.ok() || *who != (*node)->name().str()) {
    std::cerr << who.status() << "\n";
    return 1;
  }
  return (*node)->stop().ok() ? 0 : 1;
}
