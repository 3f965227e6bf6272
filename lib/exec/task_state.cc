#include "kv/internal/task_state.h"

#include <string>
#include <utility>

#include "absl/strings/str_cat.h"
#include "absl/time/time.h"
#include "base/blocking.h"
#include "base/clock.h"
#include "base/outcome_mark.h"

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

bool TaskStateBase::wait_until(Clock::time_point deadline) {
  std::unique_lock<std::mutex> lock(mutex_);
  if (ready_) return true;
  lock.unlock();
  const BlockingRegion region;
  lock.lock();
  return changed_.wait_until(lock, deadline, [this] { return ready_; });
}

void TaskStateBase::when_ready(std::function<void()> next) {
  {
    const std::lock_guard<std::mutex> lock(mutex_);
    if (!ready_) {
      next_ = std::move(next);
      return;
    }
  }
  if (!runner_->post(next)) next();
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
  std::function<void()> next;
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
  std::function<void()> next = std::move(next_);
  next_ = nullptr;
  const std::shared_ptr<Cancellable> work = std::move(work_);
  changed_.notify_all();
  lock.unlock();
  if (next && !runner_->post(next)) next();
}

absl::Status TaskStateBase::already_taken() {
  return not_run(absl::FailedPreconditionError(
      "the task has no result to give: it was awaited before, given away or "
      "never started"));
}

absl::Status TaskStateBase::timed_out(std::chrono::nanoseconds timeout) {
  return unknown(absl::DeadlineExceededError(absl::StrCat(
      "no result within ", absl::FormatDuration(absl::FromChrono(timeout)))));
}

}  // namespace kv::internal
