#include "rpc/server.h"

#include <grpc/support/time.h>
#include <grpcpp/grpcpp.h>
#include <netdb.h>
#include <sys/socket.h>
#include <unistd.h>

#include <cerrno>
#include <system_error>
#include <utility>

#include "absl/strings/str_cat.h"
#include "rpc/service.h"

namespace kv::internal {
namespace {

// Tries what gRPC is about to do: gRPC reports a taken port and a bad address
// alike, and writes both to stderr.
absl::Status probe(const std::string& address) {
  const std::size_t colon = address.rfind(':');
  std::string host = address.substr(0, colon);
  if (host.size() >= 2 && host.front() == '[') {
    host = host.substr(1, host.size() - 2);
  }
  addrinfo hints = {};
  hints.ai_socktype = SOCK_STREAM;
  hints.ai_flags = AI_PASSIVE;
  addrinfo* found = nullptr;
  const int error = getaddrinfo(host.c_str(), address.substr(colon + 1).c_str(),
                                &hints, &found);
  if (error != 0) {
    return absl::UnavailableError(
        absl::StrCat("can't listen on ", address, ": ", gai_strerror(error)));
  }
  const int fd = socket(found->ai_family, found->ai_socktype | SOCK_CLOEXEC, 0);
  const int on = 1;
  int cause = 0;
  if (fd < 0 || setsockopt(fd, SOL_SOCKET, SO_REUSEADDR, &on, sizeof on) != 0 ||
      bind(fd, found->ai_addr, found->ai_addrlen) != 0 || listen(fd, 1) != 0) {
    cause = errno;
  }
  if (fd >= 0) close(fd);
  freeaddrinfo(found);
  if (cause == 0) return absl::OkStatus();
  if (cause == EADDRINUSE) {
    return absl::AlreadyExistsError(
        absl::StrCat("can't listen on ", address, ": the port is in use"));
  }
  return absl::UnavailableError(
      absl::StrCat("can't listen on ", address, ": ",
                   std::generic_category().message(cause)));
}

}  // namespace

struct Server::Parts {
  explicit Parts(const ServerOptions& options)
      : service(options.max_message_bytes,
                Gate(options.cookie, options.allowed_peers)) {}
  Service service;
  std::unique_ptr<grpc::Server> server;
};

absl::StatusOr<std::unique_ptr<Server>> Server::start(
    const ServerOptions& options) {
  absl::Status free = probe(options.address);
  if (!free.ok()) return free;
  auto parts = std::make_unique<Parts>(options);
  int port = 0;
  grpc::ServerBuilder builder;
  // Else two servers start on one port, and both report success.
  builder.AddChannelArgument(GRPC_ARG_ALLOW_REUSEPORT, 0);
  builder.SetMaxReceiveMessageSize(static_cast<int>(options.max_message_bytes));
  builder.SetMaxSendMessageSize(static_cast<int>(options.max_message_bytes));
  // Calls under way on a connection that has reached its age go on.
  if (const auto age = options.credentials.max_connection_age()) {
    builder.AddChannelArgument(GRPC_ARG_MAX_CONNECTION_AGE_MS,
                               static_cast<int>(age->count()));
  }
  builder.AddListeningPort(options.address, options.credentials.server(),
                           &port);
  builder.RegisterService(&parts->service);
  parts->server = builder.BuildAndStart();
  if (parts->server == nullptr || port == 0) {
    return absl::UnavailableError(absl::StrCat(
        "can't listen on ", options.address, ": gRPC would not start"));
  }
  return std::unique_ptr<Server>(
      new Server(std::move(parts), static_cast<std::uint16_t>(port)));
}

Server::Server(std::unique_ptr<Parts> parts, std::uint16_t port)
    : parts_(std::move(parts)), port_(port) {}

Server::~Server() = default;

void Server::serve(Receiver& receiver) { parts_->service.serve(receiver); }

void Server::stop(Clock::time_point deadline) {
  const auto left = std::chrono::nanoseconds(deadline - Clock::now());
  parts_->server->Shutdown(
      gpr_time_add(gpr_now(GPR_CLOCK_MONOTONIC),
                   gpr_time_from_nanos(left.count(), GPR_TIMESPAN)));
}

}  // namespace kv::internal
