// Where things run, and why.
#include <kv/kv.h>

#include <algorithm>
#include <memory>
#include <string>
#include <utility>
#include <vector>

#include "kvctl/commands.h"
#include "kvctl/histogram.h"
#include "kvctl/table_file.h"

namespace kvctl {
namespace {

Ending whoami(Context& context, const std::string& bucket_text) {
  absl::StatusOr<std::string> name = absl::UnknownError("");
  if (bucket_text.empty()) {
    name = context.session.call(context.session.asked(), kv::Whoami{});
  } else {
    KVCTL_TRY(bucket, argument(context, bucket_text));
    name = context.session.route(bucket, kv::Whoami{});
  }
  if (!name.ok()) return ending_of(name.status());
  context.out.line({{"node", *name}}, *name);
  return {};
}

Ending where(Context& context, const std::string& bucket_text) {
  KVCTL_TRY(bucket, argument(context, bucket_text));
  const kv::NodeName& asked = context.session.asked();
  KVCTL_TRY(table, context.session.call(asked, kv::GetTable{}));
  const std::size_t index = table.find_index(bucket);
  if (index == kv::RoutingTable::kNone) {
    return not_found("no entry for \"" + escape(bucket) +
                         "\" in the table of " + asked.str() + ": " +
                         table.summary(),
                     "`kvctl check` compares the tables of all nodes");
  }
  const kv::RoutingTable::Entry& entry = table.entries()[index];
  Json json = {{"bucket", to_json(std::string_view(bucket))},
               {"node", entry.node.str()},
               {"range", entry.range},
               {"entry", index + 1},
               {"table_of", asked.str()},
               {"version", table.version()}};
  std::string text = escape(bucket) + " lives on " + entry.node.str() +
                     ", by entry " + std::to_string(index + 1) + ", " +
                     entry.range;
  if (table.slots() != 0) {
    json["slot"] = kv::hash_slot(bucket, table.slots());
    text +=
        " (slot " + std::to_string(kv::hash_slot(bucket, table.slots())) + ")";
  }
  context.out.line(json, text + ", of the table of " + asked.str() +
                             ", version " + std::to_string(table.version()));
  return {};
}

// The way of a call that does nothing, through the tables of the peers.
Ending explain(Context& context, const std::string& bucket_text) {
  KVCTL_TRY(bucket, argument(context, bucket_text));
  kv::Trace trace;
  kv::CallOptions options = context.session.options();
  options.trace = &trace;
  const auto answer =
      context.session.router().route(bucket, kv::Whoami{}, options);
  Json hops = Json::array();
  Columns columns({"HOP", "NODE", "ENTRY", "TABLE VERSION", "TIME"});
  // The first one is kvctl's own, which sends everything to the node asked.
  for (std::size_t i = 1; i < trace.hops.size(); ++i) {
    const kv::Hop& hop = trace.hops[i];
    hops.push_back({{"node", hop.node.str()},
                    {"matched", hop.matched},
                    {"table_version", hop.table_version},
                    {"nanoseconds", hop.time.count()}});
    columns.add({std::to_string(i - 1), hop.node.str(),
                 hop.matched.empty() ? "none" : hop.matched,
                 std::to_string(hop.table_version), shown(hop.time)});
  }
  Json json = {{"bucket", to_json(std::string_view(bucket))}, {"hops", hops}};
  if (answer.ok()) json["node"] = *answer;
  if (!hops.empty() || context.out.json()) context.out.columns(json, columns);
  if (!answer.ok()) return ending_of(answer.status());
  context.out.text(escape(bucket) + " lives on " + *answer + "\n");
  return {};
}

struct CheckArgs {
  std::string next;
  std::uint32_t max_hops = kv::CallOptions().max_hops;
  bool gaps = false;
  std::size_t lines = 40;
};

Json to_json(const std::vector<kv::NodeName>& nodes) {
  Json json = Json::array();
  for (const kv::NodeName& node : nodes) json.push_back(node.str());
  return json;
}

Json to_json(const kv::CheckReport& report,
             const kv::CheckReport::Interval& interval) {
  Json endings = Json::array();
  for (const auto& ending : *interval.endings) {
    Json from = Json::object();
    for (const auto& it : ending.from) {
      from[report.nodes[it.node].str()] = it.hops;
    }
    endings.push_back({{"end", kv::call_end_name(ending.end)},
                       {"node", ending.node.empty() ? Json(nullptr)
                                                    : Json(ending.node.str())},
                       {"hops_from", from},
                       {"path", to_json(ending.path)}});
  }
  return {{"range", interval.range},
          {"example", kvctl::to_json(std::string_view(interval.example))},
          {"ok", interval.ok()},
          {"disagree", interval.disagree},
          {"endings", endings}};
}

Json to_json(const kv::CheckReport& report) {
  Json intervals = Json::array();
  for (const auto& it : report.intervals) {
    intervals.push_back(to_json(report, it));
  }
  Json moves = Json::array();
  for (const auto& move : report.moves) {
    moves.push_back(
        {{"range", move.range},
         {"from", to_json(move.from)},
         {"to", move.to.has_value() ? Json(move.to->str()) : Json(nullptr)}});
  }
  return {{"ok", report.ok()},
          {"verdict", report.verdict()},
          {"nodes", to_json(report.nodes)},
          {"unreachable", to_json(report.unreachable)},
          {"unknown", to_json(report.unknown)},
          {"versions", {report.least_version, report.most_version}},
          {"slots", report.slots},
          {"mixed", report.mixed},
          {"ranges", intervals},
          {"moves", moves},
          {"refused_by", to_json(report.refused_by)}};
}

Ending check(Context& context, const CheckArgs& args) {
  kv::CheckOptions options;
  options.max_hops = args.max_hops;
  if (!args.next.empty()) {
    KVCTL_TRY(next, read_table(context, args.next));
    options.next = next;
  }
  const Cluster cluster = look_around(context.session);
  if (cluster.tables.empty()) {
    return ending_of(cluster.failed.begin()->second);
  }
  for (const auto& [node, status] : cluster.failed) {
    options.unreachable.push_back(node);
  }
  KVCTL_TRY(report, kv::check(cluster.tables, options));
  if (context.out.json()) {
    context.out.line(to_json(report), "");
  } else {
    context.out.text(report.str(args.lines));
    for (const auto& [node, status] : cluster.failed) {
      context.out.text("no table of " + node.str() + ": " +
                       std::string(status.message()) + "\n");
    }
  }
  if (!report.ok()) {
    return {Exit::kRefused,
            "the tables do not hold together",
            "`kvctl explain NAME` follows one name, `kvctl table set FILE "
            "--all` gives all nodes one table",
            {}};
  }
  const auto is_gap = [](const auto& it) { return it.gap(); };
  if (args.gaps &&
      std::any_of(report.intervals.begin(), report.intervals.end(), is_gap)) {
    return {Exit::kRefused,
            "there are gaps, and --no-gaps forbids them",
            "an entry `.. NODE` at the end takes all other names",
            {}};
  }
  return {};
}

using BucketRun = Ending (*)(Context& context, const std::string& bucket);

CLI::Option& add(Commands& commands, const std::string& name,
                 const std::string& description, const std::string& example,
                 BucketRun run) {
  auto bucket = std::make_shared<std::string>();
  CLI::App& command = commands.add(
      name, description, example,
      [bucket, run](Context& context) { return run(context, *bucket); });
  return *command.add_option("BUCKET", *bucket, "The bucket's name");
}

}  // namespace

void add_routing_commands(Commands& commands) {
  add(commands, "whoami",
      "Shows the node that a bucket's operations run on, or the node asked",
      "whoami shopping", whoami);
  add(commands, "where",
      "Shows the entry that says where a bucket lives, by the table of the "
      "node asked",
      "where shopping", where)
      .required();
  add(commands, "explain",
      "Shows the way of a call from the node asked, by the table of each node "
      "on it; runs nothing",
      "explain shopping", explain)
      .required();

  auto args = std::make_shared<CheckArgs>();
  CLI::App& command = commands.add(
      "check",
      "Asks all nodes for their tables, and tells whether they hold together. "
      "Ends with 0 if they do, with 3 if not",
      "check --next new.table",
      [args](Context& context) { return check(context, *args); });
  command.add_option("--next", args->next,
                     "A table that all are to get: tells what would move");
  command.add_option("--max-hops", args->max_hops, "As a call's")
      ->capture_default_str();
  command.add_flag("--no-gaps", args->gaps,
                   "Names without an entry are a problem, too");
  command.add_option("--lines", args->lines, "Show at most so many ranges")
      ->capture_default_str();
}

}  // namespace kvctl
