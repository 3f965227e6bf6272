#include "rpc/io.h"

#include <grpc/support/time.h>
#include <sched.h>

#include <thread>
#include <utility>

#include "absl/status/status.h"
#include "base/awake.h"
#include "base/blocking.h"
#include "base/clock.h"
#include "rpc/vigil.h"

namespace kv::internal {
namespace {

bool callbacks_run() {
  return callback_threads_awake.load(std::memory_order_relaxed) > 0;
}

// The next event. False: there is none any more.
bool next(grpc::CompletionQueue& queue, Vigil& vigil, void*& tag, bool& ok) {
  Clock::time_point before = Clock::now();
  if (vigil.wanted() && !callbacks_run()) {
    const Clock::time_point begin = before;
    for (;;) {
      const auto found =
          queue.AsyncNext(&tag, &ok, gpr_time_0(GPR_CLOCK_MONOTONIC));
      if (found != grpc::CompletionQueue::TIMEOUT) {
        return found == grpc::CompletionQueue::GOT_EVENT;
      }
      before = Clock::now();
      if (vigil.in_vain(before - begin)) break;
      if (Vigil::gives_way(before - begin) && callbacks_run()) break;
      std::this_thread::yield();
      if (vigil.disturbed(Clock::now() - before)) break;
    }
  }
  if (!queue.Next(&tag, &ok)) return false;
  vigil.slept(Clock::now() - before);
  return true;
}

// Whether this thread has cores to choose from. Whoever has but one takes from
// others what they need to give it work.
bool has_cores() {
  cpu_set_t cores;
  CPU_ZERO(&cores);
  if (sched_getaffinity(0, sizeof cores, &cores) != 0) {
    return std::thread::hardware_concurrency() != 1;
  }
  return CPU_COUNT(&cores) > 1;
}

// What a callback for which no thread was left runs into here.
class NoWaits final : public BlockingObserver {
 public:
  bool begin_wait(bool must) override { return must; }
  void end_wait() override {}
  absl::Status refusal() const override {
    return absl::ResourceExhaustedError(
        "this thread must not wait, since it brings the answers of peers: so "
        "many callbacks wait that one runs here (NodeOptions::max_calls)");
  }
};

void serve(grpc::CompletionQueue& queue, Clock::duration busy_poll) {
  NoWaits no_waits;
  BlockingObserver::set(&no_waits);
  Vigil vigil(has_cores() ? busy_poll : Clock::duration::zero());
  void* tag = nullptr;
  bool ok = false;
  while (next(queue, vigil, tag, ok)) static_cast<IoEvent*>(tag)->ended(ok);
}

}  // namespace

Io::Io(std::vector<std::unique_ptr<grpc::CompletionQueue>> queues,
       std::chrono::microseconds busy_poll)
    : queues_(std::move(queues)) {
  const MutexLock lock(stop_mutex_);
  for (const auto& queue : queues_) {
    threads_.emplace_back(
        [&queue = *queue, busy_poll] { serve(queue, busy_poll); });
  }
}

Io::~Io() { stop(); }

grpc::CompletionQueue& Io::any_queue() {
  if (queues_.size() == 1) return *queues_[0];
  return *queues_[next_.fetch_add(1, std::memory_order_relaxed) %
                  queues_.size()];
}

bool Io::enter() {
  if ((users_.fetch_add(1, std::memory_order_acquire) & kStopping) == 0) {
    return true;
  }
  leave();
  return false;
}

void Io::leave() {
  if (users_.fetch_sub(1, std::memory_order_acq_rel) != kStopping + 1) return;
  const MutexLock lock(mutex_);
  all_left_ = true;
  left_.notify_all();
}

void Io::stop() {
  const MutexLock stop_lock(stop_mutex_);
  if (threads_.empty()) return;
  if (users_.fetch_or(kStopping, std::memory_order_acq_rel) != 0) {
    const MutexLock lock(mutex_);
    while (!all_left_) left_.wait(mutex_);
  }
  for (const auto& queue : queues_) queue->Shutdown();
  for (std::thread& thread : threads_) thread.join();
  threads_.clear();
}

}  // namespace kv::internal
