#include "exec/timers.h"

#include <system_error>

namespace kv::internal {

Timers::Id Timers::at(Clock::time_point time, std::function<void()> job) {
  const MutexLock lock(mutex_);
  const Id id(time, ++last_);
  if (stopping_ || time == Clock::time_point::max()) return id;
  const auto it = jobs_.emplace(id, std::move(job)).first;
  if (!thread_.joinable()) {
    try {
      thread_ = std::thread([this] { serve(); });
    } catch (const std::system_error&) {
      // No thread to be had: the next timer tries again.
    }
  } else if (it == jobs_.begin()) {
    changed_.notify_one();
  }
  return id;
}

void Timers::cancel(const Id& id) {
  std::function<void()> job;  // dies after the lock
  const MutexLock lock(mutex_);
  const auto it = jobs_.find(id);
  if (it == jobs_.end()) return;
  job = std::move(it->second);
  jobs_.erase(it);
}

void Timers::stop() {
  std::map<Id, std::function<void()>> dropped;
  std::thread thread;
  {
    const MutexLock lock(mutex_);
    stopping_ = true;
    dropped.swap(jobs_);
    thread.swap(thread_);
    changed_.notify_one();
  }
  if (thread.joinable()) thread.join();
}

void Timers::serve() {
  const MutexLock lock(mutex_);
  while (!stopping_) {
    if (jobs_.empty()) {
      changed_.wait(mutex_);
      continue;
    }
    const auto first = jobs_.begin();
    if (first->first.first > Clock::now()) {
      changed_.wait_until(mutex_, first->first.first);
      continue;
    }
    std::function<void()> job = std::move(first->second);
    jobs_.erase(first);
    mutex_.unlock();
    job();
    job = nullptr;
    mutex_.lock();
  }
}

}  // namespace kv::internal
