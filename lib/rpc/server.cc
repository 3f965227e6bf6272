#include "rpc/server.h"

#include <grpc/support/time.h>
#include <grpcpp/ext/health_check_service_server_builder_option.h>
#include <grpcpp/grpcpp.h>

#include <optional>
#include <utility>
#include <vector>

#include "absl/strings/str_cat.h"
#include "rpc/accept_loop.h"
#include "rpc/channel_arguments.h"
#include "rpc/health.h"
#include "rpc/listen.h"
#include "rpc/reflection.h"
#include "rpc/service.h"

namespace kv::internal {
namespace {

using Acceptor = grpc::experimental::ExternalConnectionAcceptor;
using Builder = grpc::ServerBuilder;

int ms(std::chrono::milliseconds time) {
  return static_cast<int>(time.count());
}

// Room for calls that are to be refused, so that their callers hear of it.
constexpr std::size_t kSpareStreams = 1024;

void set_arguments(const ServerOptions& options, Builder& builder) {
  builder.AddChannelArgument(
      GRPC_ARG_MAX_CONCURRENT_STREAMS,
      static_cast<int>(options.max_calls + kSpareStreams));
  builder.SetMaxReceiveMessageSize(
      static_cast<int>(options.limits.message_bytes));
  builder.SetMaxSendMessageSize(static_cast<int>(options.limits.message_bytes));
  builder.AddChannelArgument(GRPC_ARG_SERVER_HANDSHAKE_TIMEOUT_MS,
                             ms(options.handshake_timeout));
  const auto set = [&](const char* name, int value) {
    builder.AddChannelArgument(name, value);
  };
  set_keepalive(kServerPatience * options.keepalive, options.keepalive / 2,
                set);
  set_transport(set);
  // Only those who don't replace their connections by themselves reach this.
  // Calls under way on such a connection go on.
  if (const auto age = options.credentials.max_connection_age()) {
    builder.AddChannelArgument(GRPC_ARG_MAX_CONNECTION_AGE_MS, ms(2 * *age));
  }
}

}  // namespace

struct Server::Parts {
  explicit Parts(const ServerOptions& options)
      : service(options.limits,
                Doorkeeper(options.cookie, options.allowed_peers, options.log)),
        serve_health(options.serve_health) {
    if (options.serve_reflection) {
      reflection.emplace(
          Doorkeeper(options.cookie, options.allowed_peers, options.log),
          options.serve_health);
    }
  }
  Service service;
  Health health;
  const bool serve_health;
  std::optional<Reflection> reflection;              // if it is to be served
  std::vector<grpc::ServerCompletionQueue*> queues;  // of io
  std::shared_ptr<Io> io;
  std::unique_ptr<Acceptor> acceptor;
  std::unique_ptr<grpc::Server> server;
  std::unique_ptr<AcceptLoop> accept_loop;
};

absl::StatusOr<std::unique_ptr<Server>> Server::start(
    const ServerOptions& options) {
  absl::StatusOr<Listening> listening = Listening();
  if (!options.address.empty()) listening = listen_on(options.address);
  if (!listening.ok()) return std::move(listening).status();
  const std::uint16_t port = listening->port;

  auto parts = std::make_unique<Parts>(options);
  Builder builder;
  set_arguments(options, builder);
  builder.RegisterService(&parts->service.grpc_service());
  // gRPC's own is off, also where the host has it on for all servers.
  builder.SetOption(
      std::make_unique<grpc::HealthCheckServiceServerBuilderOption>(nullptr));
  if (options.serve_health) builder.RegisterService(&parts->health);
  if (parts->reflection.has_value()) {
    builder.RegisterService(&*parts->reflection);
  }
  parts->acceptor = builder.experimental().AddExternalConnectionAcceptor(
      Builder::experimental_type::ExternalConnectionType::FROM_FD,
      options.credentials.server());
  std::vector<std::unique_ptr<grpc::CompletionQueue>> queues;
  for (std::size_t i = 0; i < options.io_threads; ++i) {
    auto queue = builder.AddCompletionQueue();
    parts->queues.push_back(queue.get());
    queues.push_back(std::move(queue));
  }
  parts->server = builder.BuildAndStart();
  parts->io = std::make_shared<Io>(std::move(queues), options.busy_poll);
  if (parts->server == nullptr) {
    return absl::UnavailableError(absl::StrCat(
        "can't listen on ", options.address, ": gRPC would not start"));
  }
  if (options.address.empty()) {
    return std::unique_ptr<Server>(new Server(std::move(parts), port));
  }
  auto accept_loop = AcceptLoop::start(
      {options.max_connections, options.keepalive, options.log},
      *std::move(listening),
      [acceptor = parts->acceptor.get()](int listener, int connection) {
        Acceptor::NewConnectionParameters parameters;
        parameters.listener_fd = listener;
        parameters.fd = connection;
        acceptor->HandleNewConnection(&parameters);
      });
  if (!accept_loop.ok()) {
    parts->server->Shutdown();
    return std::move(accept_loop).status();
  }
  parts->accept_loop = *std::move(accept_loop);
  return std::unique_ptr<Server>(new Server(std::move(parts), port));
}

Server::Server(std::unique_ptr<Parts> parts, std::uint16_t port)
    : parts_(std::move(parts)), port_(port) {}

Server::~Server() = default;

const std::shared_ptr<Io>& Server::io() const { return parts_->io; }

void Server::serve(Receiver& receiver) {
  parts_->service.serve(receiver, *parts_->io, parts_->queues);
  if (parts_->serve_health) parts_->health.serve(*parts_->io, parts_->queues);
  if (parts_->reflection.has_value()) {
    parts_->reflection->serve(*parts_->io, parts_->queues);
  }
}

void Server::drain() { parts_->health.drain(); }

void Server::stop(Clock::time_point deadline) {
  if (parts_->accept_loop != nullptr) parts_->accept_loop->stop();
  parts_->service.stop();
  parts_->health.stop();
  if (parts_->reflection.has_value()) parts_->reflection->stop();
  const auto left = std::chrono::nanoseconds(deadline - Clock::now());
  parts_->server->Shutdown(
      gpr_time_add(gpr_now(GPR_CLOCK_MONOTONIC),
                   gpr_time_from_nanos(left.count(), GPR_TIMESPAN)));
}

}  // namespace kv::internal
