#include "kv/node.h"

#include <algorithm>
#include <atomic>
#include <utility>

#include "absl/strings/str_cat.h"
#include "base/clock.h"
#include "base/outcome_mark.h"
#include "node/certificate_watch.h"
#include "node/core.h"
#include "node/options_check.h"
#include "node/peer_events.h"
#include "node/trust.h"
#include "rpc/peer_pool.h"
#include "rpc/server.h"

namespace kv {

using internal::Clock;
using internal::Core;
using internal::Log;
using internal::PeerEvents;
using internal::PeerPool;
using internal::Server;
using internal::Trust;

namespace {

// How long the last answers may take to leave once the node has stopped.
constexpr std::chrono::milliseconds kLastAnswers{250};

internal::ServerOptions server_options(const NodeOptions& options,
                                       const NodeName& name, const Trust& trust,
                                       std::shared_ptr<Log> log) {
  internal::ServerOptions server;
  server.address = options.listen;
  if (server.address.empty() && !options.client)
    server.address = name.address();
  server.limits = {internal::max_message_bytes(options),
                   options.max_trip_bytes};
  server.io_threads = options.io_threads;
  server.busy_poll = options.busy_poll;
  server.credentials = trust.credentials;
  server.cookie = trust.cookie;
  server.allowed_peers = trust.allowed_peers;
  server.max_connections = options.max_connections;
  server.handshake_timeout = options.connect_timeout;
  server.keepalive = options.keepalive;
  server.max_calls = options.max_calls_per_peer;
  server.serve_health = options.serve_health;
  server.log = std::move(log);
  server.serve_reflection = options.serve_reflection;
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

std::string start_message(const NodeOptions& options, const NodeName& name) {
  if (options.client) return "starts as a client";
  return absl::StrCat(
      "starts: listens on ",
      options.listen.empty() ? std::string(name.address()) : options.listen,
      options.tls.has_value() ? " with TLS" : " without TLS",
      ", table version ", options.table.version(), " with ",
      options.table.entries().size(), " entries");
}

void write_event(Log& log, const PeerEvent& event) {
  const bool down = event.kind == PeerEvent::Kind::kDown;
  const bool bad = down && !absl::IsCancelled(event.reason);
  log.write(
      bad ? LogSeverity::kWarning : LogSeverity::kInfo,
      absl::StrCat("peer ", event.peer.str(), ": ", peer_event_name(event.kind),
                   down ? ": " : "", event.reason.message()));
}

// What is to be told of peers, to the log and to the host.
std::function<void(const PeerEvent&)> peer_function(
    const NodeOptions& options, const std::shared_ptr<Log>& log) {
  if (log == nullptr) return options.on_peer;
  return [log, on_peer = options.on_peer](const PeerEvent& event) {
    write_event(*log, event);
    if (on_peer) on_peer(event);
  };
}

}  // namespace

struct Node::Parts {
  std::shared_ptr<Core> core;
  std::shared_ptr<Log> log;  // nullptr: there is none
  std::atomic<bool> stopping{false};
  PeerPool* peers;  // the core's
  std::unique_ptr<Server> server;
};

absl::StatusOr<std::unique_ptr<Node>> Node::start(NodeOptions options) {
  auto name = internal::check_options(options);
  if (!name.ok()) return std::move(name).status();
  auto trust = internal::Trust::of(options);
  if (!trust.ok()) return std::move(trust).status();
  const std::shared_ptr<Log> log = Log::make(options.log);
  auto server = Server::start(server_options(options, *name, *trust, log));
  if (!server.ok()) return std::move(server).status();

  if (name->port() == 0) *name = name->with_port((*server)->port());
  auto peers = std::make_unique<PeerPool>(
      (*server)->io(), channel_options(options, *trust), options.max_peers);
  auto parts = std::make_unique<Parts>();
  parts->peers = peers.get();
  if (log != nullptr) {
    log->write(LogSeverity::kInfo, start_message(options, *name));
  }
  parts->log = log;
  parts->core =
      std::make_shared<Core>(options, *std::move(name), std::move(peers), log);
  parts->peers->set_listener(
      PeerEvents::make(peer_function(options, log), *parts->core));
  if (log != nullptr && options.tls.has_value() &&
      !internal::Credentials::is_text(*options.tls)) {
    internal::CertificateWatch::start(*options.tls, log, *parts->core);
  }
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
  return parts_->core->set_table(table);
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

std::function<std::optional<Stats>()> Node::stats_source() const {
  return [core = std::weak_ptr<Core>(parts_->core)]() -> std::optional<Stats> {
    const std::shared_ptr<Core> it = core.lock();
    if (it == nullptr) return std::nullopt;
    return it->stats();
  };
}

absl::Status Node::stop(std::chrono::nanoseconds bound) {
  const std::shared_ptr<Log>& log = parts_->log;
  const bool first = log != nullptr && !parts_->stopping.exchange(true);
  if (first) log->write(LogSeverity::kInfo, "stops");
  parts_->server->drain();
  absl::Status status = parts_->core->stop(bound);
  parts_->server->stop(Clock::now() + kLastAnswers);
  parts_->peers->stop();
  parts_->server->io()->stop();
  if (first) {
    log->write(status.ok() ? LogSeverity::kInfo : LogSeverity::kWarning,
               absl::StrCat("has stopped", status.ok() ? "" : ", but ",
                            status.message()));
  }
  if (log != nullptr) log->flush();
  return status;
}

}  // namespace kv
