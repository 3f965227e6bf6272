#include "rpc/server.h"

#include <grpc/support/time.h>
#include <grpcpp/grpcpp.h>
#include <netdb.h>
#include <sys/socket.h>
#include <unistd.h>

#include <cerrno>
#include <system_error>
#include <utility>
#include <vector>

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
  explicit Parts(const MessageLimits& limits) : service(limits) {}
  Service service;
  std::vector<grpc::ServerCompletionQueue*> queues;  // of io
  std::shared_ptr<Io> io;
  std::unique_ptr<grpc::Server> server;
};

absl::StatusOr<std::unique_ptr<Server>> Server::start(
    const std::string& address, const MessageLimits& limits,
    std::size_t io_threads) {
  const bool listens = !address.empty();
  absl::Status free = listens ? probe(address) : absl::OkStatus();
  if (!free.ok()) return free;
  auto parts = std::make_unique<Parts>(limits);
  int port = 0;
  grpc::ServerBuilder builder;
  // Else two servers start on one port, and both report success.
  builder.AddChannelArgument(GRPC_ARG_ALLOW_REUSEPORT, 0);
  builder.SetMaxReceiveMessageSize(static_cast<int>(limits.message_bytes));
  builder.SetMaxSendMessageSize(static_cast<int>(limits.message_bytes));
  if (listens) {
    builder.AddListeningPort(address, grpc::InsecureServerCredentials(), &port);
  }
  builder.RegisterService(&parts->service.grpc_service());
  std::vector<std::unique_ptr<grpc::CompletionQueue>> queues;
  for (std::size_t i = 0; i < io_threads; ++i) {
    auto queue = builder.AddCompletionQueue();
    parts->queues.push_back(queue.get());
    queues.push_back(std::move(queue));
  }
  parts->server = builder.BuildAndStart();
  parts->io = std::make_shared<Io>(std::move(queues));
  if (parts->server == nullptr || (listens && port == 0)) {
    return absl::UnavailableError(
        absl::StrCat("can't listen on ", address, ": gRPC would not start"));
  }
  return std::unique_ptr<Server>(
      new Server(std::move(parts), static_cast<std::uint16_t>(port)));
}

Server::Server(std::unique_ptr<Parts> parts, std::uint16_t port)
    : parts_(std::move(parts)), port_(port) {}

Server::~Server() = default;

const std::shared_ptr<Io>& Server::io() const { return parts_->io; }

void Server::serve(Receiver& receiver) {
  parts_->service.serve(receiver, *parts_->io, parts_->queues);
}

void Server::stop(Clock::time_point deadline) {
  const auto left = std::chrono::nanoseconds(deadline - Clock::now());
  parts_->server->Shutdown(
      gpr_time_add(gpr_now(GPR_CLOCK_MONOTONIC),
                   gpr_time_from_nanos(left.count(), GPR_TIMESPAN)));
}

}  // namespace kv::internal
