#include "rpc/server.h"

#include <grpc/support/time.h>
#include <grpcpp/grpcpp.h>
#include <netdb.h>
#include <sys/socket.h>
#include <unistd.h>

#include <atomic>
#include <cerrno>
#include <cstring>
#include <utility>

#include "absl/base/thread_annotations.h"
#include "absl/strings/str_cat.h"
#include "base/mutex.h"
#include "base/outcome_mark.h"
#include "kvroute/v1/kvroute.grpc.pb.h"
#include "rpc/wire.h"

namespace kv::internal {
namespace {

Clock::time_point deadline_of(const grpc::CallbackServerContext& context) {
  const gpr_timespec deadline =
      gpr_convert_clock_type(context.raw_deadline(), GPR_CLOCK_MONOTONIC);
  const gpr_timespec end = gpr_inf_future(GPR_CLOCK_MONOTONIC);
  if (gpr_time_cmp(deadline, end) == 0) return Clock::time_point::max();
  const gpr_timespec left =
      gpr_time_sub(deadline, gpr_now(GPR_CLOCK_MONOTONIC));
  return deadline_after(Clock::now(),
                        std::chrono::seconds(left.tv_sec) +
                            std::chrono::nanoseconds(left.tv_nsec));
}

// One call of a peer. Deletes itself when gRPC is done with it.
class Reactor final : public grpc::ServerUnaryReactor {
 public:
  Reactor(grpc::CallbackServerContext& context, v1::RouteReply& reply)
      : context_(context), reply_(reply) {}

  // Within the service's method, so before OnDone().
  void start(const v1::RouteRequest& message, Receiver& receiver) {
    auto request = from_message(message);
    if (!request.ok()) return refuse(std::move(request).status());
    request->deadline = deadline_of(context_);
    set_work(receiver.receive(*std::move(request), [this](Response response) {
      answer(std::move(response));
    }));
  }

  void refuse(absl::Status status) {
    Response refusal;
    refusal.answer.status = not_run(std::move(status));
    answer(std::move(refusal));
  }

 private:
  void answer(Response response) {
    if (is_reply(response)) {
      reply_ = to_message(std::move(response));
      return Finish(grpc::Status::OK);
    }
    FailureMessage failure = to_failure(response);
    if (failure.executed_no) context_.AddTrailingMetadata(kExecutedKey, "no");
    context_.AddTrailingMetadata(kFailureKey, failure.failure);
    Finish(std::move(failure.status));
  }

  void set_work(std::shared_ptr<Cancellable> work) {
    if (work == nullptr) return;
    {
      const MutexLock lock(mutex_);
      if (!cancelled_) {
        work_ = std::move(work);
        return;
      }
    }
    work->cancel();
  }

  // The receiver answers soon after a cancel, so each call ends: gRPC's
  // Shutdown waits for that.
  void OnCancel() override {
    std::shared_ptr<Cancellable> work;
    {
      const MutexLock lock(mutex_);
      cancelled_ = true;
      work = std::move(work_);
    }
    if (work != nullptr) work->cancel();
  }

  void OnDone() override { delete this; }

  grpc::CallbackServerContext& context_;
  v1::RouteReply& reply_;
  Mutex mutex_;
  bool cancelled_ ABSL_GUARDED_BY(mutex_) = false;
  std::shared_ptr<Cancellable> work_ ABSL_GUARDED_BY(mutex_);
};

class Service final : public v1::Peer::CallbackService {
 public:
  void serve(Receiver& receiver) {
    receiver_.store(&receiver, std::memory_order_release);
  }

  grpc::ServerUnaryReactor* Route(grpc::CallbackServerContext* context,
                                  const v1::RouteRequest* request,
                                  v1::RouteReply* reply) override {
    auto* const reactor = new Reactor(*context, *reply);
    Receiver* const receiver = receiver_.load(std::memory_order_acquire);
    if (receiver != nullptr) {
      reactor->start(*request, *receiver);
    } else {
      reactor->refuse(absl::UnavailableError("the node is about to start"));
    }
    return reactor;
  }

 private:
  std::atomic<Receiver*> receiver_{nullptr};
};

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
      absl::StrCat("can't listen on ", address, ": ", std::strerror(cause)));
}

}  // namespace

struct Server::Parts {
  Service service;
  std::unique_ptr<grpc::Server> server;
};

absl::StatusOr<std::unique_ptr<Server>> Server::start(
    const std::string& address, std::size_t max_message_bytes) {
  absl::Status free = probe(address);
  if (!free.ok()) return free;
  auto parts = std::make_unique<Parts>();
  int port = 0;
  grpc::ServerBuilder builder;
  // Else two servers start on one port, and both report success.
  builder.AddChannelArgument(GRPC_ARG_ALLOW_REUSEPORT, 0);
  builder.SetMaxReceiveMessageSize(static_cast<int>(max_message_bytes));
  builder.SetMaxSendMessageSize(static_cast<int>(max_message_bytes));
  builder.AddListeningPort(address, grpc::InsecureServerCredentials(), &port);
  builder.RegisterService(&parts->service);
  parts->server = builder.BuildAndStart();
  if (parts->server == nullptr || port == 0) {
    return absl::UnavailableError(
        absl::StrCat("can't listen on ", address, ": gRPC would not start"));
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
