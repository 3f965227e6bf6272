#include "kvctl/session.h"

#include <unistd.h>

#include <algorithm>
#include <set>
#include <utility>

#include "kvctl/ending.h"

namespace kvctl {
namespace {

// As many as a node talks to by default.
const std::size_t kMaxNodes = kv::NodeOptions().max_peers;

absl::StatusOr<kv::NodeName> parse_node(const std::string& text) {
  auto node = kv::NodeName::parse(text);
  if (!node.ok()) {
    return usage_error(std::string(node.status().message()) +
                       "; one looks like foo@127.0.0.1:4001");
  }
  if (node->port() == 0)
    return usage_error("nobody can dial port 0 of " + text);
  return node;
}

}  // namespace

absl::StatusOr<std::unique_ptr<Session>> Session::open(
    const std::vector<std::string>& nodes, const kv::Tls& tls,
    const std::string& cookie_file, std::chrono::nanoseconds timeout) {
  if (nodes.empty()) {
    return usage_error(
        "which node? Give --node NAME, or set KVCTL_NODE; a name looks like "
        "foo@127.0.0.1:4001");
  }
  std::vector<kv::NodeName> given;
  for (const std::string& text : nodes) {
    auto node = parse_node(text);
    if (!node.ok()) return std::move(node).status();
    given.push_back(*std::move(node));
  }
  kv::NodeOptions options;
  options.name = "kvctl-" + std::to_string(getpid()) + "@localhost:0";
  options.client = true;
  if (!tls.ca.empty()) options.tls = tls;
  options.cookie_file = cookie_file;
  auto client = kv::Node::start(options);
  if (!client.ok()) return std::move(client).status();
  return std::unique_ptr<Session>(
      new Session(*std::move(client), std::move(given), timeout));
}

Session::Session(std::unique_ptr<kv::Node> node,
                 std::vector<kv::NodeName> given,
                 std::chrono::nanoseconds timeout)
    : node_(std::move(node)),
      given_(std::move(given)),
      timeout_(timeout),
      asked_(given_.front()) {
  if (given_.size() > 1) {
    const auto reached = std::find_if(
        given_.begin(), given_.end(), [this](const kv::NodeName& it) {
          return node_->connect(it, timeout_).ok();
        });
    if (reached != given_.end()) asked_ = *reached;
  }
  // All names go to the node that is asked, which decides by its own table.
  auto table = kv::RoutingTable::from_ranges({{"", "", asked_}});
  if (table.ok()) node_->set_table(*table).IgnoreError();
}

absl::StatusOr<kv::NodeName> Session::node(const std::string& text) const {
  if (text.empty()) return asked_;
  return parse_node(text);
}

kv::CallOptions Session::options() const {
  kv::CallOptions options;
  options.timeout = timeout_;
  return options;
}

Cluster look_around(Session& session) {
  Cluster cluster;
  std::set<kv::NodeName> seen;
  std::vector<kv::NodeName> next = session.given();
  while (!next.empty()) {
    std::vector<kv::Task<std::string>> names;
    std::vector<kv::Task<kv::RoutingTable>> tables;
    for (const kv::NodeName& node : next) {
      names.push_back(
          session.router().async_call(node, kv::Whoami{}, session.options()));
      tables.push_back(
          session.router().async_call(node, kv::GetTable{}, session.options()));
    }
    std::vector<kv::NodeName> named;
    for (std::size_t i = 0; i < next.size(); ++i) {
      // Each ends at its own deadline. One may be dialled by another name than
      // its own, which tables go by.
      const auto whoami = names[i].await(std::chrono::hours(1));
      auto table = tables[i].await(std::chrono::hours(1));
      seen.insert(next[i]);
      if (!table.ok()) {
        cluster.failed[next[i]] = table.status();
        continue;
      }
      const auto own = kv::NodeName::parse(whoami.value_or(next[i].str()));
      const kv::NodeName& name = own.ok() ? *own : next[i];
      seen.insert(name);
      cluster.failed.erase(name);
      named.insert(named.end(), table->nodes().begin(), table->nodes().end());
      cluster.tables[name] = *std::move(table);
    }
    next.clear();
    for (const kv::NodeName& node : named) {
      if (seen.size() < kMaxNodes && seen.insert(node).second) {
        next.push_back(node);
      }
    }
  }
  return cluster;
}

}  // namespace kvctl
