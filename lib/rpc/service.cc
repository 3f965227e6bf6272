#include "rpc/service.h"

#include <grpc/support/time.h>
#include <grpcpp/server_context.h>
#include <grpcpp/support/async_unary_call.h>
#include <grpcpp/support/byte_buffer.h>

#include <atomic>
#include <chrono>
#include <cstdint>
#include <memory>
#include <optional>
#include <string>
#include <utility>

#include "absl/base/thread_annotations.h"
#include "base/clock.h"
#include "base/mutex.h"
#include "base/outcome_mark.h"
#include "rpc/wire.h"
#include "rpc/wire_call.h"
#include "rpc/wire_trip.h"

namespace kv::internal {
namespace {

// So many calls of a kind are expected at once on a queue; each that comes is
// followed by a new expectation, and more than these wait inside gRPC.
constexpr int kExpected = 16;

Clock::time_point deadline_of(const grpc::ServerContext& context) {
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

// Where calls come from and go to.
struct Desk {
  MessageLimits limits;
  const Doorkeeper& doorkeeper;
  RawService& service;
  Receiver& receiver;
  Io& io;
  grpc::ServerCompletionQueue& queue;
};

// One gRPC call: expected, come, and answered. Deletes itself once gRPC is done
// with it. Its events come on the thread of its queue, its answer from any.
class Incoming {
 public:
  Incoming(const Incoming&) = delete;
  Incoming& operator=(const Incoming&) = delete;

 protected:
  explicit Incoming(const Desk& desk) : desk_(desk) {
    context_.AsyncNotifyWhenDone(&over_);
  }
  virtual ~Incoming() { desk_.io.leave(); }

  // The next call of the kind is expected: begins with this one, which has
  // come. Must answer, once, possibly later and from another thread.
  virtual void begin() = 0;

  // Whether the caller may call at all.
  absl::Status admit() const { return desk_.doorkeeper.check(context_); }

  // Gives a request to the receiver.
  void receive(Request request, Done done) {
    auto work = desk_.receiver.receive(std::move(request), std::move(done));
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

  // What ends the call goes through here last; this may be gone at once.
  template <typename Writer>
  void refuse(Writer& writer, const Response& response) {
    const FailureMessage failure = to_failure(response);
    if (failure.executed_no) context_.AddTrailingMetadata(kExecutedKey, "no");
    context_.AddTrailingMetadata(kFailureKey, failure.failure);
    writer.FinishWithError(failure.status, tag());
  }

  const Desk desk_;
  grpc::ServerContext context_;
  void* tag() { return &step_; }

 private:
  // It has come, and then: it has been answered.
  struct Step final : IoEvent {
    explicit Step(Incoming& the_call) : call(the_call) {}
    void ended(bool ok) override { call.stepped(ok); }
    Incoming& call;
  };
  // The peer has the answer, or is not interested any more. Only of a call that
  // has come.
  struct Over final : IoEvent {
    explicit Over(Incoming& the_call) : call(the_call) {}
    void ended(bool /*ok*/) override { call.over(); }
    Incoming& call;
  };

  void stepped(bool ok) {
    if (!come_ && !ok) {
      delete this;  // the server stops, and nobody came
    } else if (!come_) {
      come_ = true;
      begin();
    } else {
      drop_event();
    }
  }

  // The receiver answers soon after a cancel, so each call ends: the server's
  // Shutdown waits for that.
  void over() {
    if (context_.IsCancelled()) {
      std::vector<std::shared_ptr<Cancellable>> work;
      {
        const MutexLock lock(mutex_);
        cancelled_ = true;
        work.swap(work_);
      }
      for (const std::shared_ptr<Cancellable>& it : work) it->cancel();
    }
    drop_event();
  }

  void drop_event() {
    if (--events_ == 0) delete this;
  }

  Step step_{*this};
  Over over_{*this};
  bool come_ = false;  // as events_, of the queue's thread
  int events_ = 2;     // its answer has left, and it is over

  Mutex mutex_;
  bool cancelled_ ABSL_GUARDED_BY(mutex_) = false;
  std::vector<std::shared_ptr<Cancellable>> work_ ABSL_GUARDED_BY(mutex_);
};

// Route.
class IncomingCall final : public Incoming {
 public:
  static void expect(const Desk& desk) {
    if (!desk.io.enter()) return;
    auto* const call = new IncomingCall(desk);
    desk.service.RequestRoute(&call->context_, &call->buffer_, &call->writer_,
                              &desk.queue, &desk.queue, call->tag());
  }

 private:
  explicit IncomingCall(const Desk& desk) : Incoming(desk) {}

  void begin() override {
    expect(desk_);
    Request request;
    absl::Status status = admit();
    if (status.ok()) status = read_request(buffer_, request);
    buffer_.Clear();
    if (!status.ok()) return answer(refusal(std::move(status)));
    if (request.acknowledge) return answer({});
    request.deadline = deadline_of(context_);
    receive(std::move(request),
            [this](Response response) { answer(std::move(response)); });
  }

  void answer(Response response) {
    if (!is_reply(response)) return refuse(writer_, response);
    writer_.Finish(write_reply(std::move(response)), grpc::Status::OK, tag());
  }

  grpc::ByteBuffer buffer_;
  grpc::ServerAsyncResponseWriter<grpc::ByteBuffer> writer_{&context_};
};

// RouteMany.
class IncomingTrip final : public Incoming {
 public:
  static void expect(const Desk& desk) {
    if (!desk.io.enter()) return;
    auto* const trip = new IncomingTrip(desk);
    desk.service.RequestRouteMany(&trip->context_, &trip->buffer_,
                                  &trip->writer_, &desk.queue, &desk.queue,
                                  trip->tag());
  }

 private:
  explicit IncomingTrip(const Desk& desk) : Incoming(desk) {}

  void begin() override {
    expect(desk_);
    absl::Status status = admit();
    if (status.ok()) status = trip_.parse(buffer_);
    buffer_.Clear();
    if (!status.ok()) return refuse(writer_, refusal(std::move(status)));
    if (trip_.kind() == Peer::Trip::kFast || trip_.size() == 0) {
      answer_now();
    } else {
      receive_all();
    }
  }

  void answer_now() {
    ResultsWriter results;
    Request request;
    const Clock::time_point now = Clock::now();
    for (std::size_t i = 0; i < trip_.size(); ++i) {
      if (results.bytes() >= desk_.limits.trip_bytes) {
        results.add_handed_back();
        continue;
      }
      absl::Status status = trip_.read(i, now, request);
      std::optional<Response> response =
          status.ok() ? desk_.receiver.answer_now(request)
                      : refusal(std::move(status));
      if (response.has_value()) {
        results.add(*std::move(response));
      } else {
        results.add_handed_back();
      }
    }
    writer_.Finish(results.finish(), grpc::Status::OK, tag());
  }

  void receive_all() {
    {
      const MutexLock lock(answers_mutex_);
      responses_.resize(trip_.size());
      waiting_ = trip_.size();
    }
    const Clock::time_point now = Clock::now();
    const std::size_t size = trip_.size();
    for (std::size_t i = 0; i < size; ++i) {
      Request request;
      absl::Status status = trip_.read(i, now, request);
      if (status.ok()) {
        receive(std::move(request), [this, i](Response response) {
          answer(i, std::move(response));
        });
      } else {
        answer(i, refusal(std::move(status)));
      }
    }
  }

  void answer(std::size_t place, Response response) {
    std::vector<Response> responses;
    {
      const MutexLock lock(answers_mutex_);
      responses_[place] = std::move(response);
      if (--waiting_ > 0) return;
      responses.swap(responses_);
    }
    ResultsWriter results;
    for (Response& it : responses) {
      const std::size_t before = results.bytes();
      results.add(std::move(it));
      if (results.bytes() <= desk_.limits.message_bytes) continue;
      results.cut(before);
      results.add(too_much());
    }
    writer_.Finish(results.finish(), grpc::Status::OK, tag());
  }

  // It ran, but there is no room left to say what came of it.
  static Response too_much() {
    Response response;
    response.answer.status = absl::ResourceExhaustedError(
        "the answers of this trip are too large: ask for less at a time");
    return response;
  }

  grpc::ByteBuffer buffer_;
  ArrivedTrip trip_;
  grpc::ServerAsyncResponseWriter<grpc::ByteBuffer> writer_{&context_};

  Mutex answers_mutex_;
  std::vector<Response> responses_ ABSL_GUARDED_BY(answers_mutex_);
  std::size_t waiting_ ABSL_GUARDED_BY(answers_mutex_) = 0;
};

}  // namespace

void Service::serve(Receiver& receiver, Io& io,
                    const std::vector<grpc::ServerCompletionQueue*>& queues) {
  greetings_.serve(io, queues);
  for (grpc::ServerCompletionQueue* const queue : queues) {
    const Desk desk{limits_, doorkeeper_, service_, receiver, io, *queue};
    for (int i = 0; i < kExpected; ++i) {
      IncomingCall::expect(desk);
      IncomingTrip::expect(desk);
    }
  }
}

}  // namespace kv::internal
