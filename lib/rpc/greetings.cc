#include "rpc/greetings.h"

#include <optional>
#include <random>
#include <string>

#include "rpc/server_stream.h"

namespace kv::internal {
namespace {

// Expected at once on a queue.
constexpr int kExpected = 4;
// More than there are connections, which have one each.
constexpr std::size_t kMaxGreetings = 65536;

std::uint64_t random_number() {
  std::random_device random;
  return std::uniform_int_distribution<std::uint64_t>(1)(random);
}

grpc::Status to_grpc(const absl::Status& status) {
  return {static_cast<grpc::StatusCode>(status.code()),
          std::string(status.message())};
}

absl::Status stopping() {
  return absl::UnavailableError("the node is stopping");
}

}  // namespace

class Greetings::Greeting final
    : public ServerStream<::kvroute::v1::HelloRequest,
                          ::kvroute::v1::HelloReply> {
 public:
  static void expect(Greetings& all, Io& io,
                     grpc::ServerCompletionQueue& queue) {
    if (!io.enter()) return;
    const auto greeting = std::make_shared<Greeting>(all, io, queue);
    greeting->keep();
    all.service_.RequestHello(&greeting->context_, &greeting->request_,
                              &greeting->writer_, &queue, &queue,
                              greeting->tag());
  }
  Greeting(Greetings& all, Io& io, grpc::ServerCompletionQueue& queue)
      : ServerStream(io), all_(all), queue_(queue) {}

 private:
  friend class Greetings;

  void begin() override {
    expect(all_, io_, queue_);
    absl::Status status = all_.doorkeeper_.check(context_);
    if (status.ok()) {
      status = all_.add(std::static_pointer_cast<Greeting>(shared_from_this()));
    }
    if (!status.ok()) return end(to_grpc(status));
    ::kvroute::v1::HelloReply reply;
    reply.set_incarnation(all_.incarnation_);
    tell(reply);
  }
  void gone() override {
    if (place_.has_value()) all_.remove(*place_);
  }

  Greetings& all_;
  grpc::ServerCompletionQueue& queue_;
  std::optional<Place> place_;  // of the queue's thread
};

Greetings::Greetings(RawService& service, const Doorkeeper& doorkeeper)
    : service_(service),
      doorkeeper_(doorkeeper),
      incarnation_(random_number()) {}

void Greetings::serve(Io& io,
                      const std::vector<grpc::ServerCompletionQueue*>& queues) {
  for (grpc::ServerCompletionQueue* const queue : queues) {
    for (int i = 0; i < kExpected; ++i) Greeting::expect(*this, io, *queue);
  }
}

absl::Status Greetings::add(const std::shared_ptr<Greeting>& greeting) {
  const MutexLock lock(mutex_);
  if (stopped_) return stopping();
  if (open_.size() >= kMaxGreetings) {
    return absl::ResourceExhaustedError("too many connections say hello");
  }
  greeting->place_ = open_.insert(open_.end(), greeting);
  return absl::OkStatus();
}

void Greetings::remove(Place place) {
  const MutexLock lock(mutex_);
  open_.erase(place);
}

void Greetings::stop() {
  const MutexLock lock(mutex_);
  stopped_ = true;
  for (const auto& greeting : open_) greeting->end(to_grpc(stopping()));
}

}  // namespace kv::internal
