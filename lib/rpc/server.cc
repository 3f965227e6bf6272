#include "rpc/server.h"

#include <grpc/support/time.h>
#include <grpcpp/grpcpp.h>
#include <netdb.h>
#include <sys/socket.h>
#include <unistd.h>

#include <atomic>
#include <cerrno>
#include <system_error>
#include <utility>
#include <vector>

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
  const gpr_timespec left =
      gpr_time_sub(deadline, gpr_now(GPR_CLOCK_MONOTONIC));
  // More than any call takes: the caller has set none, or means none.
  constexpr std::int64_t kForeverSeconds = 1'000'000'000;
  if (left.tv_sec > kForeverSeconds) return Clock::time_point::max();
  return deadline_after(Clock::now(),
                        std::chrono::seconds(left.tv_sec) +
                            std::chrono::nanoseconds(left.tv_nsec));
}

Response refusal(absl::Status status) {
  Response response;
  response.answer.status = not_run(std::move(status));
  return response;
}

// A call, or several, that a peer has sent. Deletes itself when gRPC is done
// with it.
class Reactor : public grpc::ServerUnaryReactor {
 protected:
  explicit Reactor(grpc::CallbackServerContext& context) : context_(context) {}

  // Gives one request to the receiver.
  void receive(const v1::RouteRequest& message, Receiver& receiver, Done done) {
    auto request = from_message(message);
    if (!request.ok()) return done(refusal(std::move(request).status()));
    request->deadline = deadline_of(context_);
    auto work = receiver.receive(*std::move(request), std::move(done));
    if (work == nullptr) return;
    {
      const MutexLock lock(mutex_);
      if (!cancelled_) {
        work_.push_back(std::move(work));
        return;
      }
    }
    work->cancel();
  }

  void finish(const FailureMessage& failure) {
    if (failure.executed_no) context_.AddTrailingMetadata(kExecutedKey, "no");
    context_.AddTrailingMetadata(kFailureKey, failure.failure);
    Finish(failure.status);
  }

 private:
  // The receiver answers soon after a cancel, so each call ends: gRPC's
  // Shutdown waits for that.
  void OnCancel() override {
    std::vector<std::shared_ptr<Cancellable>> work;
    {
      const MutexLock lock(mutex_);
      cancelled_ = true;
      work.swap(work_);
    }
    for (const std::shared_ptr<Cancellable>& it : work) it->cancel();
  }

  void OnDone() override { delete this; }

  grpc::CallbackServerContext& context_;
  Mutex mutex_;
  bool cancelled_ ABSL_GUARDED_BY(mutex_) = false;
  std::vector<std::shared_ptr<Cancellable>> work_ ABSL_GUARDED_BY(mutex_);
};

class SingleReactor final : public Reactor {
 public:
  SingleReactor(grpc::CallbackServerContext& context, v1::RouteReply& reply)
      : Reactor(context), reply_(reply) {}

  // Within the service's method, so before OnDone().
  void start(const v1::RouteRequest& request, Receiver& receiver) {
    receive(request, receiver,
            [this](Response response) { answer(std::move(response)); });
  }
  void answer(Response response) {
    if (!is_reply(response)) return finish(to_failure(response));
    reply_ = to_message(std::move(response));
    Finish(grpc::Status::OK);
  }

 private:
  v1::RouteReply& reply_;
};

class SharedReactor final : public Reactor {
 public:
  SharedReactor(grpc::CallbackServerContext& context,
                const v1::RouteManyRequest& request, v1::RouteManyReply& reply,
                std::size_t max_message_bytes)
      : Reactor(context),
        reply_(reply),
        room_(max_message_bytes - kFraming),
        waiting_(request.requests_size()) {
    for (int i = 0; i < request.requests_size(); ++i) reply.add_results();
  }

  // As above.
  void start(const v1::RouteManyRequest& request, Receiver& receiver) {
    if (request.requests_size() == 0) return Finish(grpc::Status::OK);
    for (int i = 0; i < request.requests_size(); ++i) {
      receive(request.requests(i), receiver,
              [this, i](Response response) { answer(i, std::move(response)); });
    }
  }
  void refuse(absl::Status status) {
    finish(to_failure(refusal(std::move(status))));
  }

 private:
  static constexpr std::size_t kFraming = 16;

  void answer(int place, Response response) {
    if (add(place, std::move(response))) Finish(grpc::Status::OK);
  }

  // True: that was the last one. OnDone() may come as soon as Finish() is
  // called, so not under the lock.
  bool add(int place, Response response) {
    auto result = to_result_message(std::move(response));
    const MutexLock lock(answers_mutex_);
    const std::size_t bytes = result.ByteSizeLong() + kFraming;
    if (bytes > room_) {
      // It ran, but there is no room left to say what came of it.
      Response too_much;
      too_much.answer.status = absl::ResourceExhaustedError(
          "the answers of this trip are too large: ask for less at a time");
      result = to_result_message(std::move(too_much));
    } else {
      room_ -= bytes;
    }
    *reply_.mutable_results(place) = std::move(result);
    return --waiting_ == 0;
  }

  Mutex answers_mutex_;
  v1::RouteManyReply& reply_ ABSL_GUARDED_BY(answers_mutex_);
  std::size_t room_ ABSL_GUARDED_BY(answers_mutex_);
  int waiting_ ABSL_GUARDED_BY(answers_mutex_);
};

class Service final : public v1::Peer::CallbackService {
 public:
  explicit Service(std::size_t max_message_bytes)
      : max_message_bytes_(max_message_bytes) {}

  void serve(Receiver& receiver) {
    receiver_.store(&receiver, std::memory_order_release);
  }

  grpc::ServerUnaryReactor* Route(grpc::CallbackServerContext* context,
                                  const v1::RouteRequest* request,
                                  v1::RouteReply* reply) override {
    auto* const reactor = new SingleReactor(*context, *reply);
    if (Receiver* const receiver = this->receiver()) {
      reactor->start(*request, *receiver);
    } else {
      reactor->answer(refusal(not_yet()));
    }
    return reactor;
  }

  grpc::ServerUnaryReactor* RouteMany(grpc::CallbackServerContext* context,
                                      const v1::RouteManyRequest* request,
                                      v1::RouteManyReply* reply) override {
    auto* const reactor =
        new SharedReactor(*context, *request, *reply, max_message_bytes_);
    if (Receiver* const receiver = this->receiver()) {
      reactor->start(*request, *receiver);
    } else {
      reactor->refuse(not_yet());
    }
    return reactor;
  }

 private:
  Receiver* receiver() const {
    return receiver_.load(std::memory_order_acquire);
  }
  static absl::Status not_yet() {
    return absl::UnavailableError("the node is about to start");
  }

  const std::size_t max_message_bytes_;
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
      absl::StrCat("can't listen on ", address, ": ",
                   std::generic_category().message(cause)));
}

}  // namespace

struct Server::Parts {
  explicit Parts(std::size_t max_message_bytes) : service(max_message_bytes) {}
  Service service;
  std::unique_ptr<grpc::Server> server;
};

absl::StatusOr<std::unique_ptr<Server>> Server::start(
    const std::string& address, std::size_t max_message_bytes) {
  const bool listens = !address.empty();
  absl::Status free = listens ? probe(address) : absl::OkStatus();
  if (!free.ok()) return free;
  auto parts = std::make_unique<Parts>(max_message_bytes);
  int port = 0;
  grpc::ServerBuilder builder;
  // Else two servers start on one port, and both report success.
  builder.AddChannelArgument(GRPC_ARG_ALLOW_REUSEPORT, 0);
  builder.SetMaxReceiveMessageSize(static_cast<int>(max_message_bytes));
  builder.SetMaxSendMessageSize(static_cast<int>(max_message_bytes));
  if (listens) {
    builder.AddListeningPort(address, grpc::InsecureServerCredentials(), &port);
  }
  builder.RegisterService(&parts->service);
  parts->server = builder.BuildAndStart();
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

void Server::serve(Receiver& receiver) { parts_->service.serve(receiver); }

void Server::stop(Clock::time_point deadline) {
  const auto left = std::chrono::nanoseconds(deadline - Clock::now());
  parts_->server->Shutdown(
      gpr_time_add(gpr_now(GPR_CLOCK_MONOTONIC),
                   gpr_time_from_nanos(left.count(), GPR_TIMESPAN)));
}

}  // namespace kv::internal
