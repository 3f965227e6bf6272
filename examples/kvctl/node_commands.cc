// Nodes, and what they can do.
#include <kv/kv.h>

#include <algorithm>
#include <chrono>
#include <memory>
#include <optional>
#include <string>
#include <vector>

#include "kvctl/commands.h"
#include "kvctl/histogram.h"

namespace kvctl {
namespace {

struct PingArgs {
  std::vector<std::string> nodes;
  int count = 4;
};

Ending ping(Context& context, const PingArgs& args) {
  std::vector<kv::NodeName> nodes;
  for (const std::string& text : args.nodes) {
    KVCTL_TRY(node, context.session.node(text));
    nodes.push_back(node);
  }
  if (nodes.empty()) nodes = context.session.given();
  Json json = Json::array();
  Columns columns({"NODE", "BEST", "WORST", "ANSWERS"});
  absl::Status failure;
  for (const kv::NodeName& node : nodes) {
    std::vector<std::chrono::nanoseconds> times;
    // The first one would be of the connection.
    const absl::Status connected =
        context.session.client().connect(node, context.session.timeout());
    if (!connected.ok()) failure = connected;
    for (int i = 0; connected.ok() && i < args.count; ++i) {
      const auto time =
          context.session.client().ping(node, context.session.timeout());
      if (time.ok()) {
        times.push_back(*time);
      } else {
        failure = time.status();
      }
    }
    std::sort(times.begin(), times.end());
    json.push_back(
        {{"node", node.str()},
         {"answers", times.size()},
         {"best_nanoseconds",
          times.empty() ? Json(nullptr) : Json(times.front().count())},
         {"worst_nanoseconds",
          times.empty() ? Json(nullptr) : Json(times.back().count())}});
    columns.add(
        {node.str(), times.empty() ? "-" : shown(times.front()),
         times.empty() ? "-" : shown(times.back()),
         std::to_string(times.size()) + " of " + std::to_string(args.count)});
  }
  context.out.columns(json, columns);
  return ending_of(failure);
}

Ending nodes(Context& context) {
  const Cluster cluster = look_around(context.session);
  Json json = Json::array();
  Columns columns({"NODE", "STATE", "ENTRIES", "VERSION", "PING"});
  for (const auto& [node, table] : cluster.tables) {
    const auto time =
        context.session.client().ping(node, context.session.timeout());
    json.push_back({{"node", node.str()},
                    {"state", "up"},
                    {"entries", table.entries().size()},
                    {"version", table.version()},
                    {"ping_nanoseconds",
                     time.ok() ? Json(time->count()) : Json(nullptr)}});
    columns.add({node.str(), "up", std::to_string(table.entries().size()),
                 std::to_string(table.version()),
                 time.ok() ? shown(*time) : "-"});
  }
  for (const auto& [node, status] : cluster.failed) {
    json.push_back(
        {{"node", node.str()},
         {"state", "no answer"},
         {"error", to_json(std::string_view(std::string(status.message())))}});
    columns.add({node.str(), "no answer", "-", "-", "-"});
  }
  context.out.columns(json, columns);
  if (!cluster.failed.empty()) {
    return ending_of(cluster.failed.begin()->second);
  }
  return {};
}

std::string shown_traits(const kv::OpInfo& op) {
  std::string text = op.traits.read_only ? "read-only" : "";
  if (op.traits.idempotent)
    text += text.empty() ? "idempotent" : ", idempotent";
  return text.empty() ? "-" : text;
}

Ending ops(Context& context, const std::string& node_text) {
  KVCTL_TRY(node, context.session.node(node_text));
  Json json = Json::array();
  Columns columns({"OP", "TAKES", "ANSWERS", "VERSION", "TRAITS"});
  constexpr std::size_t kPage = 1000;
  for (std::optional<std::string> after;;) {
    KVCTL_TRY(page, context.session.call(node, kv::ListOps{after, kPage}));
    for (const kv::OpInfo& op : page) {
      const bool typed = !op.request.empty();
      json.push_back({{"name", to_json(std::string_view(op.name))},
                      {"request", typed ? Json(op.request) : Json(nullptr)},
                      {"response", typed ? Json(op.response) : Json(nullptr)},
                      {"version", op.version},
                      {"read_only", op.traits.read_only},
                      {"idempotent", op.traits.idempotent}});
      columns.add({escape(op.name), typed ? op.request : "bytes",
                   typed ? op.response : "bytes", std::to_string(op.version),
                   shown_traits(op)});
    }
    if (page.size() < kPage) break;
    after = page.back().name;
  }
  context.out.columns(json, columns);
  return {};
}

}  // namespace

void add_node_commands(Commands& commands) {
  commands.add("nodes",
               "Lists the nodes that any table names, and whether they answer",
               "nodes", nodes);
  auto node = std::make_shared<std::string>();
  commands
      .add("ops", "Lists the operations that the host of a node has defined",
           "ops", [node](Context& context) { return ops(context, *node); })
      .add_option("NODE", *node, "Which node; else the one asked");
  auto args = std::make_shared<PingArgs>();
  CLI::App& command =
      commands.add("ping", "Measures the time of a round trip to nodes", "ping",
                   [args](Context& context) { return ping(context, *args); });
  command.add_option("NODE", args->nodes, "Which nodes; else those of --node");
  command.add_option("--count", args->count, "How often")
      ->capture_default_str()
      ->check(CLI::Range(1, 1000000));
}

}  // namespace kvctl
