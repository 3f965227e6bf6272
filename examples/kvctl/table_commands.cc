// The tables of live nodes.
#include <kv/kv.h>

#include <algorithm>
#include <fstream>
#include <iterator>
#include <map>
#include <memory>
#include <string>
#include <vector>

#include "kvctl/commands.h"
#include "kvctl/table_file.h"

namespace kvctl {

absl::StatusOr<kv::RoutingTable> read_table(Context& context,
                                            const std::string& file) {
  std::string text;
  if (file == "-") {
    text.assign(std::istreambuf_iterator<char>(context.in), {});
  } else {
    std::ifstream in(file, std::ios::binary);
    if (!in) return usage_error("can't read " + file);
    text.assign(std::istreambuf_iterator<char>(in), {});
  }
  auto table = kv::RoutingTable::parse(text);
  if (table.ok()) return table;
  return usage_error(file + ": " + std::string(table.status().message()));
}

namespace {

struct Args {
  std::string node;
  std::string file;
  std::vector<std::string> nodes;
  bool all = false;
};

Json to_json(const kv::RoutingTable& table) {
  Json entries = Json::array();
  for (const auto& entry : table.entries()) {
    entries.push_back({{"range", entry.range}, {"node", entry.node.str()}});
  }
  return {{"version", table.version()},
          {"slots", table.slots()},
          {"entries", entries}};
}

Ending show(Context& context, const Args& args) {
  KVCTL_TRY(node, context.session.node(args.node));
  KVCTL_TRY(table, context.session.call(node, kv::GetTable{}));
  if (context.out.json()) context.out.line(to_json(table), "");
  context.out.text(table.str());
  if (table.entries().empty()) {
    context.out.err() << "the table of " << node.str() << " has no entries\n";
  }
  return {};
}

Ending set(Context& context, const Args& args) {
  KVCTL_TRY(table, read_table(context, args.file));
  std::vector<kv::NodeName> nodes;
  std::map<kv::NodeName, absl::Status> failed;
  for (const std::string& text : args.nodes) {
    KVCTL_TRY(node, context.session.node(text));
    nodes.push_back(node);
  }
  if (args.all) {
    const Cluster cluster = look_around(context.session);
    for (const auto& [node, old] : cluster.tables) nodes.push_back(node);
    failed = cluster.failed;
  } else if (nodes.empty()) {
    nodes.push_back(context.session.asked());
  }
  Json json = Json::array();
  Columns columns({"NODE", "RESULT"});
  for (const kv::NodeName& node : nodes) {
    const absl::Status status = context.session.call(node, kv::SetTable{table});
    if (!status.ok()) failed[node] = status;
    json.push_back({{"node", node.str()}, {"ok", status.ok()}});
    columns.add({node.str(), status.ok() ? "OK" : "failed"});
  }
  context.out.columns(json, columns);
  if (failed.empty()) return {};
  Ending ending = ending_of(failed.begin()->second);
  if (failed.size() > 1) {
    ending.error +=
        " (and " + std::to_string(failed.size() - 1) + " more nodes failed)";
  }
  return ending;
}

// The entries of one table that another has not, as lines.
std::vector<std::string> lines_of(const kv::RoutingTable& table) {
  std::vector<std::string> lines;
  lines.push_back("version " + std::to_string(table.version()));
  if (table.slots() != 0) {
    lines.push_back("slots " + std::to_string(table.slots()));
  }
  for (const auto& entry : table.entries()) {
    lines.push_back(entry.range + " " + entry.node.str());
  }
  return lines;
}
std::vector<std::string> only_in(const std::vector<std::string>& lines,
                                 std::vector<std::string> others) {
  std::sort(others.begin(), others.end());
  std::vector<std::string> result;
  for (const std::string& line : lines) {
    if (!std::binary_search(others.begin(), others.end(), line)) {
      result.push_back(line);
    }
  }
  return result;
}

Ending diff(Context& context, const Args& args) {
  KVCTL_TRY(next, read_table(context, args.file));
  KVCTL_TRY(node, context.session.node(args.node));
  KVCTL_TRY(present, context.session.call(node, kv::GetTable{}));
  // As if the node alone decided.
  kv::CheckOptions options;
  options.next = next;
  for (const kv::NodeName& it : present.nodes()) {
    if (it != node) options.unreachable.push_back(it);
  }
  KVCTL_TRY(report, kv::check({{node, present}}, options));

  const auto removed = only_in(lines_of(present), lines_of(next));
  const auto added = only_in(lines_of(next), lines_of(present));
  Json moves = Json::array();
  Columns columns({"MOVES", "FROM", "TO"});
  for (const auto& move : report.moves) {
    const std::string from = move.from.empty() ? "" : move.from[0].str();
    const std::string to = move.to.has_value() ? move.to->str() : "";
    moves.push_back({{"range", move.range},
                     {"from", from.empty() ? Json(nullptr) : Json(from)},
                     {"to", to.empty() ? Json(nullptr) : Json(to)}});
    columns.add({move.range, from.empty() ? "nobody" : from,
                 to.empty() ? "nobody" : to});
  }
  const bool same = present == next;
  Json json = {
      {"same", same}, {"removed", removed}, {"added", added}, {"moves", moves}};
  if (context.out.json()) {
    context.out.line(json, "");
  } else {
    for (const std::string& line : removed)
      context.out.text("- " + line + "\n");
    for (const std::string& line : added) context.out.text("+ " + line + "\n");
    if (!report.moves.empty()) context.out.columns(json, columns);
    if (same) context.out.text("The tables are the same.\n");
    if (!same && report.moves.empty()) context.out.text("Nothing moves.\n");
  }
  return {same ? Exit::kFine : Exit::kNotFound, {}, {}, {}};
}

using TableRun = Ending (*)(Context& context, const Args& args);

}  // namespace

void add_table_commands(Commands& commands) {
  const auto bound = [](TableRun run, const std::shared_ptr<Args>& args) {
    return [run, args](Context& context) { return run(context, *args); };
  };
  auto none = std::make_shared<Args>();
  CLI::App& table =
      commands.add("table", "Shows, sets or compares the table of a node",
                   "table show", bound(show, none));

  auto args = std::make_shared<Args>();
  commands
      .add(table, "show", "Shows the table of a node, as a file has it",
           "table show bar@127.0.0.1:4002", bound(show, args))
      .add_option("NODE", args->node, "Which node; else the one asked");

  args = std::make_shared<Args>();
  CLI::App& setting =
      commands.add(table, "set",
                   "Gives nodes the table in a file; they must allow it "
                   "(NodeOptions::remote_set_table)",
                   "table set new.table --all", bound(set, args));
  setting.add_option("FILE", args->file, "The file; - is standard input")
      ->required();
  CLI::Option* const nodes = setting.add_option(
      "NODE", args->nodes, "Which nodes; else the one asked");
  setting.add_flag("--all", args->all, "All nodes that any table names")
      ->excludes(nodes);

  args = std::make_shared<Args>();
  CLI::App& comparing = commands.add(
      table, "diff",
      "Compares the table of a node with a file, and tells what would move. "
      "Ends with 0 if they are the same, with 1 if not",
      "table diff new.table", bound(diff, args));
  comparing.add_option("FILE", args->file, "The file; - is standard input")
      ->required();
  comparing.add_option("NODE", args->node, "Which node; else the one asked");
}

}  // namespace kvctl
