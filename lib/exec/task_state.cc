#include "kv/internal/task_state.h"

#include <utility>

#include "base/blocking.h"
#include "base/clock.h"
#include "base/outcome_mark.h"
#include "base/run_on.h"

namespace kv::internal {
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

absl::Status TaskStateBase::wait_until(Clock::time_point deadline) {
  if (ready()) return absl::OkStatus();
  const BlockingRegion region;
  if (!region.allowed()) return unknown(region.refusal());
  std::unique_lock<std::mutex> lock(mutex_);
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
  lock.unlock();
  changed_.notify_all();  // who wakes finds the lock free
  if (next) run_on(runner_, std::move(next));
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
