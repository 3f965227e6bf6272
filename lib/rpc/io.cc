#include "rpc/io.h"

#include <utility>

namespace kv::internal {
namespace {

void serve(grpc::CompletionQueue& queue) {
  void* tag = nullptr;
  bool ok = false;
  while (queue.Next(&tag, &ok)) static_cast<IoEvent*>(tag)->ended(ok);
}

}  // namespace

Io::Io(std::vector<std::unique_ptr<grpc::CompletionQueue>> queues)
    : queues_(std::move(queues)) {
  const MutexLock lock(stop_mutex_);
  for (const auto& queue : queues_) {
    threads_.emplace_back([&queue = *queue] { serve(queue); });
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
