#include "rpc/greetings.h"

#include <atomic>
#include <optional>
#include <random>
#include <string>

namespace kv::internal {
namespace {

// More than there are connections, which have one each.
constexpr std::size_t kMaxGreetings = 65536;

std::uint64_t random_number() {
  std::random_device random;
  return std::uniform_int_distribution<std::uint64_t>(1)(random);
}

absl::Status stopping() {
  return absl::UnavailableError("the node is stopping");
}

}  // namespace

// Keeps itself until gRPC is done with it.
class Greetings::Greeting final
    : public Reactor,
      public std::enable_shared_from_this<Greeting> {
 public:
  explicit Greeting(Greetings& all) : all_(all) {}

  void start(const absl::Status& admitted) {
    self_ = shared_from_this();
    const absl::Status status = admitted.ok() ? all_.add(self_) : admitted;
    if (!status.ok()) end(status);
  }
  void end(const absl::Status& status) {
    if (ended_.exchange(true)) return;
    Finish({static_cast<grpc::StatusCode>(status.code()),
            std::string(status.message())});
  }

 private:
  friend class Greetings;

  void OnCancel() override { end(absl::CancelledError()); }
  void OnDone() override {
    if (place_.has_value()) all_.remove(*place_);
    self_ = nullptr;
  }

  Greetings& all_;
  std::atomic<bool> ended_{false};
  std::shared_ptr<Greeting> self_;
  std::optional<Place> place_;  // written under the lock of all_
  ::kvroute::v1::HelloReply reply_;
};

Greetings::Greetings() : incarnation_(random_number()) {}

Greetings::Reactor* Greetings::open(const absl::Status& admitted) {
  const auto greeting = std::make_shared<Greeting>(*this);
  greeting->start(admitted);
  return greeting.get();
}

absl::Status Greetings::add(const std::shared_ptr<Greeting>& greeting) {
  const MutexLock lock(mutex_);
  if (stopped_) return stopping();
  if (open_.size() >= kMaxGreetings) {
    return absl::ResourceExhaustedError("too many connections say hello");
  }
  // Under the lock, so that stop() ends what has begun.
  greeting->reply_.set_incarnation(incarnation_);
  greeting->StartWrite(&greeting->reply_);
  greeting->place_ = open_.insert(open_.end(), greeting);
  return absl::OkStatus();
}

void Greetings::remove(Place place) {
  const MutexLock lock(mutex_);
  open_.erase(place);
}

void Greetings::stop() {
  std::list<std::weak_ptr<Greeting>> open;
  {
    const MutexLock lock(mutex_);
    stopped_ = true;
    open = open_;
  }
  for (const std::weak_ptr<Greeting>& it : open) {
    if (const auto greeting = it.lock()) greeting->end(stopping());
  }
}

}  // namespace kv::internal
