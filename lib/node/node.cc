#include "kv/node.h"

#include <algorithm>
#include <utility>

#include "absl/strings/str_cat.h"
#include "base/clock.h"
#include "base/outcome_mark.h"
#include "node/core.h"
#include "node/options_check.h"
#include "rpc/peer_pool.h"
#include "rpc/server.h"

namespace kv {

using internal::Clock;
using internal::Core;
using internal::PeerPool;
using internal::Server;

namespace {

// How long the last answers may take to leave once the node has stopped.
constexpr std::chrono::milliseconds kLastAnswers{500};

}  // namespace

struct Node::Parts {
  std::shared_ptr<Core> core;
  PeerPool* peers;  // the core's
  std::unique_ptr<Server> server;
};

absl::StatusOr<std::unique_ptr<Node>> Node::start(NodeOptions options) {
  auto name = internal::check_options(options);
  if (!name.ok()) return std::move(name).status();
  const std::size_t max_message = internal::max_message_bytes(options);
  std::string address = options.listen;
  if (address.empty() && !options.client) address = name->address();
  auto server = Server::start(address, {max_message, options.max_trip_bytes},
                              options.io_threads);
  if (!server.ok()) return std::move(server).status();

  if (name->port() == 0) *name = name->with_port((*server)->port());
  auto peers = std::make_unique<PeerPool>(
      (*server)->io(),
      internal::ChannelOptions{options.connect_timeout, max_message},
      options.max_peers);
  auto parts = std::make_unique<Parts>();
  parts->peers = peers.get();
  parts->core =
      std::make_shared<Core>(options, *std::move(name), std::move(peers));
  parts->server = *std::move(server);
  parts->server->serve(*parts->core);
  return std::unique_ptr<Node>(new Node(std::move(parts)));
}

Node::Node(std::unique_ptr<Parts> parts) : parts_(std::move(parts)) {}

Node::~Node() { stop().IgnoreError(); }

const NodeName& Node::name() const { return parts_->core->self(); }

Router& Node::router() { return parts_->core->router(); }

Registry& Node::registry() { return parts_->core->registry(); }

RoutingTable Node::table() const { return parts_->core->table().table(); }

absl::Status Node::set_table(const RoutingTable& table) {
  return parts_->core->table().set(table);
}

absl::Status Node::define(std::string_view name, OpFunction function,
                          OpTraits traits) {
  return parts_->core->ops().define(
      parts_->core->limits(), name,
      internal::bytes_op(std::move(function), traits));
}

absl::Status Node::define_typed(std::string_view name,
                                internal::OpSignature signature,
                                internal::TypedFunction function,
                                OpTraits traits) {
  return parts_->core->ops().define(
      parts_->core->limits(), name,
      {traits, std::move(signature), std::move(function)});
}

std::shared_ptr<internal::Runner> Node::op_runner() {
  return parts_->core->op_threads().runner();
}

std::vector<OpInfo> Node::ops() const { return parts_->core->ops().list(); }

absl::Status Node::connect(std::string_view node,
                           std::chrono::nanoseconds timeout) {
  auto name = NodeName::parse(node);
  if (!name.ok()) return std::move(name).status();
  if (*name == this->name()) {
    return absl::InvalidArgumentError(
        absl::StrCat(name->str(), " is this node itself"));
  }
  return parts_->peers->connect(
      *name, internal::deadline_after(Clock::now(), timeout));
}

absl::Status Node::disconnect(std::string_view node) {
  auto name = NodeName::parse(node);
  if (!name.ok()) return std::move(name).status();
  return parts_->peers->disconnect(*name);
}

absl::StatusOr<std::chrono::nanoseconds> Node::ping(
    std::string_view node, std::chrono::nanoseconds timeout) {
  CallOptions options;
  options.timeout = timeout;
  const Clock::time_point begin = Clock::now();
  auto answer = router().call(node, Whoami{}, options);
  if (!answer.ok()) return std::move(answer).status();
  return std::chrono::nanoseconds(Clock::now() - begin);
}

std::vector<NodeName> Node::peers() const { return parts_->peers->connected(); }

Stats Node::stats() const { return parts_->core->stats(); }

absl::Status Node::stop(std::chrono::nanoseconds bound) {
  absl::Status status = parts_->core->stop(bound);
  parts_->server->stop(Clock::now() + kLastAnswers);
  parts_->peers->stop();
  parts_->server->io()->stop();
  return status;
}

}  // namespace kv
