#include "kv_server/loop.h"

#include <asio/post.hpp>
#include <utility>

namespace kv_server {

void Loop::run() { context_.run(); }

void Loop::finish() {
  std::vector<Job> dropped;  // die after the lock
  {
    const std::lock_guard<std::mutex> lock(mutex_);
    closed_ = true;
    dropped.swap(jobs_);
  }
  work_.reset();
  // After what sockets that were closed have to say, which may hold this loop.
  asio::post(context_, [this] { context_.stop(); });
}

void Loop::post(Job job) {
  {
    const std::lock_guard<std::mutex> lock(mutex_);
    if (closed_) return;
    jobs_.push_back(std::move(job));
    if (jobs_.size() > 1) return;  // who handed in the first has called
  }
  asio::post(context_, [this] { run_jobs(); });
}

void Loop::run_jobs() {
  std::vector<Job> jobs;
  {
    const std::lock_guard<std::mutex> lock(mutex_);
    jobs.swap(jobs_);
  }
  for (Job& job : jobs) std::exchange(job, nullptr)();
  jobs.clear();
  jobs.swap(after_jobs_);
  for (Job& job : jobs) std::exchange(job, nullptr)();
}

}  // namespace kv_server
