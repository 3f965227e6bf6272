// What a kv::Task shares with the call that it stands for. For kv/task.h and
// the library only.
#ifndef KV_INTERNAL_TASK_STATE_H_
#define KV_INTERNAL_TASK_STATE_H_

#include <chrono>
#include <condition_variable>
#include <memory>
#include <mutex>
#include <optional>
#include <utility>
#include <vector>

#include "absl/functional/any_invocable.h"
#include "absl/status/status.h"
#include "kv/export.h"
#include "kv/ops.h"

namespace kv {
namespace internal {

// `timeout` from now; never past the end of time.
KV_EXPORT std::chrono::steady_clock::time_point deadline_in(
    std::chrono::nanoseconds timeout);

// Work under way that somebody may lose interest in.
class KV_EXPORT Cancellable {
 public:
  virtual ~Cancellable() = default;
  // Idempotent, from any thread, also after the work has ended.
  virtual void cancel() = 0;
};

// What a Runner runs, once.
using Job = absl::AnyInvocable<void()>;

// Where callbacks and coroutines go on.
class KV_EXPORT Runner {
 public:
  virtual ~Runner() = default;
  // False, and `job` is left alone, where there is no room for it or the node
  // has stopped.
  virtual bool post(Job& job) = 0;
  // The same with several, in their order. Leaves those for which there was no
  // room.
  virtual void post_all(std::vector<Job>& jobs);
};

// `job` on the runner, or on this thread where that has no room. Jobs that come
// from jobs which run here wait for these to return: a callback that makes the
// next call must not use the stack up.
KV_EXPORT void run_on(const std::shared_ptr<Runner>& runner, Job job);

class KV_EXPORT TaskStateBase
    : public std::enable_shared_from_this<TaskStateBase> {
 public:
  using Clock = std::chrono::steady_clock;

  explicit TaskStateBase(std::shared_ptr<Runner> runner)
      : runner_(std::move(runner)) {}
  virtual ~TaskStateBase() = default;
  TaskStateBase(const TaskStateBase&) = delete;
  TaskStateBase& operator=(const TaskStateBase&) = delete;

  // What cancel() stops. Said once, after the work has begun, which may have
  // ended meanwhile.
  void set_work(std::shared_ptr<Cancellable> work);

  bool ready() const;
  // Whether a thread has begun to wait for it.
  bool is_awaited() const;
  // On a thread of a node's pool another takes this one's place while it waits.
  // Marked unknown: kDeadlineExceeded, there is no result by then;
  // kResourceExhausted, too many of the node's operations wait already.
  absl::Status wait_until(Clock::time_point deadline);
  // Runs `next` on the runner once there is a result, or on this thread if the
  // runner has no room. Said once.
  void when_ready(Job next);
  void cancel();
  // Nobody waits any more: forgets `next` and cancels.
  void abandon();

  static absl::Status already_taken();  // unknown: it may have succeeded
  static absl::Status no_task();        // not_run

 protected:
  void finish(std::unique_lock<std::mutex> lock);

  mutable std::mutex mutex_;
  bool ready_ = false;  // guarded by mutex_
  Job deliver_;         // guarded by mutex_

 private:
  static void wake_awaited();

  std::condition_variable changed_;
  bool awaited_ = false;               // guarded by mutex_
  bool cancelled_ = false;             // guarded by mutex_
  Job next_;                           // guarded by mutex_
  std::shared_ptr<Cancellable> work_;  // guarded by mutex_
  const std::shared_ptr<Runner> runner_;
};

// Takes the result of an operation.
template <typename Result>
class Sink {
 public:
  virtual ~Sink() = default;
  // Once. `deliver`, if any, writes what the caller wants beside the result: it
  // runs on the thread that takes the result, before it does. `call`, if any,
  // has ended with it and must not be kept for longer than its node: a sink
  // whose result is taken on one of the node's threads may keep it until then,
  // so that its memory is freed where the next call is made.
  virtual void complete(Result&& result, Job deliver,
                        std::shared_ptr<Cancellable> call) = 0;
};

template <typename T>
class TaskState : public TaskStateBase {
 public:
  using Result = typename Yields<T>::Result;
  using TaskStateBase::TaskStateBase;

  // The first result counts. `deliver` as for Sink.
  void finish_with(Result&& result, Job deliver) {
    std::unique_lock<std::mutex> lock(mutex_);
    if (ready_) return;
    result_.emplace(std::move(result));
    deliver_ = std::move(deliver);
    finish(std::move(lock));
  }

  // REQUIRES: ready(). The first time the result, then already_taken().
  Result take() {
    std::unique_lock<std::mutex> lock(mutex_);
    if (!result_.has_value()) return already_taken();
    Result result = std::move(*result_);
    result_.reset();
    Job deliver = std::move(deliver_);
    deliver_ = nullptr;
    lock.unlock();
    if (deliver) deliver();
    return result;
  }

 private:
  std::optional<Result> result_;  // guarded by mutex_
};

}  // namespace internal
}  // namespace kv

#endif  // KV_INTERNAL_TASK_STATE_H_
