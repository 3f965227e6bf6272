#include "kv/internal/task_state.h"

#include <cstddef>
#include <memory>
#include <utility>
#include <vector>

#include "base/blocking.h"
#include "base/clock.h"
#include "base/outcome_mark.h"
#include "base/run_on.h"

namespace kv::internal {
namespace {

// Tasks that have ended in this thread's Gathering and whose threads sleep
// still, and how many have ended since the first of them.
struct Awaited {
  std::vector<std::shared_ptr<TaskStateBase>> tasks;
  std::size_t ended = 0;
};
Awaited& awaited() {
  thread_local Awaited awaited;
  return awaited;
}

}  // namespace

std::chrono::steady_clock::time_point deadline_in(
    std::chrono::nanoseconds timeout) {
  return deadline_after(Clock::now(), timeout);
}

void TaskStateBase::set_work(std::shared_ptr<Cancellable> work) {
  {
    const std::lock_guard<std::mutex> lock(mutex_);
    if (ready_ || work == nullptr) return;
    if (!cancelled_) {
      work_ = std::move(work);
      return;
    }
  }
  work->cancel();
}

bool TaskStateBase::ready() const {
  const std::lock_guard<std::mutex> lock(mutex_);
  return ready_;
}

bool TaskStateBase::is_awaited() const {
  const std::lock_guard<std::mutex> lock(mutex_);
  return awaited_;
}

absl::Status TaskStateBase::wait_until(Clock::time_point deadline) {
  if (ready()) return absl::OkStatus();
  const BlockingRegion region;
  if (!region.allowed()) return unknown(region.refusal());
  std::unique_lock<std::mutex> lock(mutex_);
  awaited_ = true;
  if (changed_.wait_until(lock, deadline, [this] { return ready_; })) {
    return absl::OkStatus();
  }
  return unknown(absl::DeadlineExceededError("the task has no result in time"));
}

void TaskStateBase::when_ready(Job next) {
  {
    const std::lock_guard<std::mutex> lock(mutex_);
    if (!ready_) {
      next_ = std::move(next);
      return;
    }
  }
  run_on(runner_, std::move(next));
}

void TaskStateBase::cancel() {
  std::shared_ptr<Cancellable> work;
  {
    const std::lock_guard<std::mutex> lock(mutex_);
    cancelled_ = true;
    work = std::move(work_);
  }
  if (work != nullptr) work->cancel();
}

void TaskStateBase::abandon() {
  Job next;
  {
    const std::lock_guard<std::mutex> lock(mutex_);
    next = std::move(next_);
    next_ = nullptr;
    if (ready_) return;
  }
  cancel();
}

void TaskStateBase::finish(std::unique_lock<std::mutex> lock) {
  ready_ = true;
  Job next = std::move(next_);
  next_ = nullptr;
  const std::shared_ptr<Cancellable> work = std::move(work_);
  const bool is_awaited = awaited_;
  lock.unlock();
  if (!Gathering::before_next(&TaskStateBase::wake_awaited)) {
    if (is_awaited) changed_.notify_all();  // who wakes finds the lock free
  } else {
    // A thread that awaits a window of tasks finds a portion of them ready
    // once it is awake, instead of being woken for one after the other.
    Awaited& all = awaited();
    if (is_awaited) all.tasks.push_back(shared_from_this());
    if (!all.tasks.empty() && ++all.ended >= Gathering::kPortion) {
      wake_awaited();
    }
  }
  if (next) run_on(runner_, std::move(next));
}

void TaskStateBase::wake_awaited() {
  Awaited all;  // what dies with them may end others
  std::swap(all, awaited());
  for (const auto& task : all.tasks) task->changed_.notify_all();
}

absl::Status TaskStateBase::already_taken() {
  return unknown(absl::FailedPreconditionError(
      "the task has no result to give: it was awaited before"));
}

absl::Status TaskStateBase::no_task() {
  return not_run(absl::FailedPreconditionError(
      "there is no task: it was given away, or never started"));
}

}  // namespace kv::internal
