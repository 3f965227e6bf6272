#include "rpc/service.h"

#include <grpc/support/time.h>

#include <chrono>
#include <cstdint>
#include <memory>
#include <utility>
#include <vector>

#include "absl/base/thread_annotations.h"
#include "base/clock.h"
#include "base/mutex.h"
#include "base/outcome_mark.h"
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

}  // namespace

absl::Status Service::admit(const grpc::CallbackServerContext& context) const {
  if (receiver() == nullptr) {
    return absl::UnavailableError("the node is about to start");
  }
  return gate_.check(context);
}

grpc::ServerWriteReactor<::kvroute::v1::HelloReply>* Service::Hello(
    grpc::CallbackServerContext* context,
    const ::kvroute::v1::HelloRequest* /*request*/) {
  return greetings_.open(gate_.check(*context));
}

grpc::ServerUnaryReactor* Service::Route(grpc::CallbackServerContext* context,
                                         const v1::RouteRequest* request,
                                         v1::RouteReply* reply) {
  auto* const reactor = new SingleReactor(*context, *reply);
  absl::Status admitted = admit(*context);
  if (admitted.ok()) {
    reactor->start(*request, *receiver());
  } else {
    reactor->answer(refusal(std::move(admitted)));
  }
  return reactor;
}

grpc::ServerUnaryReactor* Service::RouteMany(
    grpc::CallbackServerContext* context, const v1::RouteManyRequest* request,
    v1::RouteManyReply* reply) {
  auto* const reactor =
      new SharedReactor(*context, *request, *reply, max_message_bytes_);
  absl::Status admitted = admit(*context);
  if (admitted.ok()) {
    reactor->start(*request, *receiver());
  } else {
    reactor->refuse(std::move(admitted));
  }
  return reactor;
}

}  // namespace kv::internal
