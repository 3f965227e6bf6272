#include "kv/node.h"

#include <algorithm>
#include <utility>

#include "absl/strings/str_cat.h"
#include "base/clock.h"
#include "base/outcome_mark.h"
#include "node/core.h"
#include "node/options_check.h"
#include "node/peer_events.h"
#include "node/trust.h"
#include "rpc/peer_pool.h"
#include "rpc/server.h"

namespace kv {

using internal::Clock;
using internal::Core;
using internal::PeerEvents;
using internal::PeerPool;
using internal::Server;
using internal::Trust;

namespace {

// How long the last answers may take to leave once the node has stopped.
constexpr std::chrono::milliseconds kLastAnswers{250};

internal::ServerOptions server_options(const NodeOptions& options,
                                       const NodeName& name,
                                       const Trust& trust) {
  internal::ServerOptions server;
  server.address = options.listen;
  if (server.address.empty() && !options.client)
    server.address = name.address();
  server.limits = {internal::max_message_bytes(options),
                   options.max_trip_bytes};
  server.io_threads = options.io_threads;
  server.credentials = trust.credentials;
  server.cookie = trust.cookie;
  server.allowed_peers = trust.allowed_peers;
  server.max_connections = options.max_connections;
  server.handshake_timeout = options.connect_timeout;
  server.keepalive = options.keepalive;
  server.serve_health = options.serve_health;
  return server;
}

internal::ChannelOptions channel_options(const NodeOptions& options,
                                         const Trust& trust) {
  internal::ChannelOptions channel;
  channel.connect_timeout = options.connect_timeout;
  channel.max_message_bytes = internal::max_message_bytes(options);
  channel.max_reconnect_pause = options.max_reconnect_pause;
  channel.keepalive = options.keepalive;
  channel.credentials = trust.credentials;
  channel.cookie = trust.cookie;
  return channel;
}

}  // namespace

struct Node::Parts {
  std::shared_ptr<Core> core;
  PeerPool* peers;  // the core's
  std::unique_ptr<Server> server;
};

absl::StatusOr<std::unique_ptr<Node>> Node::start(NodeOptions options) {
  auto name = internal::check_options(options);
  if (!name.ok()) return std::move(name).status();
  auto trust = internal::Trust::of(options);
  if (!trust.ok()) return std::move(trust).status();
  auto server = Server::start(server_options(options, *name, *trust));
  if (!server.ok()) return std::move(server).status();

  if (name->port() == 0) *name = name->with_port((*server)->port());
  auto peers = std::make_unique<PeerPool>(
      (*server)->io(), channel_options(options, *trust), options.max_peers);
  auto parts = std::make_unique<Parts>();
  parts->peers = peers.get();
  parts->core =
      std::make_shared<Core>(options, *std::move(name), std::move(peers));
  parts->peers->set_listener(PeerEvents::make(options.on_peer, *parts->core));
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
  parts_->server->drain();
  absl::Status status = parts_->core->stop(bound);
  parts_->server->stop(Clock::now() + kLastAnswers);
  parts_->peers->stop();
  parts_->server->io()->stop();
  return status;
}

}  // namespace kv
