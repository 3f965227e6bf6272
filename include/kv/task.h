// kv::Task: an operation under way, to be awaited.
#ifndef KV_TASK_H_
#define KV_TASK_H_

#include <chrono>
#include <functional>
#include <memory>
#include <utility>
#include <vector>

#include "kv/internal/task_state.h"
#include "kv/ops.h"

#if defined(__cpp_impl_coroutine)
#include <coroutine>
#endif

namespace kv {

template <typename T>
using Callback = std::function<void(typename Yields<T>::Result result)>;

// Owns its operation: destroying a task that nobody has awaited cancels what it
// stands for. Moves, does not copy. One thread at a time may use a task;
// cancel() may come from any.
template <typename T>
class Task {
 public:
  using Result = typename Yields<T>::Result;

  // A task that stands for nothing; awaiting it is an error.
  Task() = default;
  explicit Task(std::shared_ptr<internal::TaskState<T>> state)
      : state_(std::move(state)) {}
  Task(Task&&) noexcept = default;
  Task& operator=(Task&& other) noexcept {
    if (this != &other) {
      abandon();
      state_ = std::move(other.state_);
    }
    return *this;
  }
  ~Task() { abandon(); }

  bool ready() const { return state_ != nullptr && state_->ready(); }

  // The result, once: a second await is kFailedPrecondition. kDeadlineExceeded
  // (outcome unknown) if there is none within `timeout`; the operation goes on
  // then, and the task may be awaited again or cancelled.
  // On a thread of a node's pool also kResourceExhausted, in the same way:
  // NodeOptions::max_waiting_ops wait already.
  Result await(std::chrono::nanoseconds timeout = std::chrono::seconds(5)) {
    return await_until(internal::deadline_in(timeout));
  }
  Result await_until(std::chrono::steady_clock::time_point deadline) {
    if (state_ == nullptr) return internal::TaskStateBase::no_task();
    absl::Status status = state_->wait_until(deadline);
    if (!status.ok()) return status;
    return state_->take();
  }

  // Ends the operation if it has not ended: the result is then kCancelled, and
  // work that has not begun, here or at a peer, does not begin.
  void cancel() {
    if (state_ != nullptr) state_->cancel();
  }

  // Gives the task away: `callback` is called with the result, once, on a
  // callback thread of the node. If the node has stopped, or NodeOptions::
  // max_calls callbacks wait already, it is called on the thread that has the
  // result, which may be this one, or one on which to wait for a call or a task
  // is kResourceExhausted. It must not throw.
  void then(Callback<T> callback) {
    if (state_ == nullptr) return callback(internal::TaskStateBase::no_task());
    std::shared_ptr<internal::TaskState<T>> state = std::move(state_);
    state_ = nullptr;
    state->when_ready(
        [state, callback = std::move(callback)] { callback(state->take()); });
  }

#if defined(__cpp_impl_coroutine)
  // C++20: `co_await task` gives the task away; the coroutine goes on on a
  // callback thread of the node.
  class Awaiter {
   public:
    explicit Awaiter(Task task) : task_(std::move(task)) {}
    bool await_ready() const {
      return task_.state_ == nullptr || task_.ready();
    }
    void await_suspend(std::coroutine_handle<> handle) {
      task_.state_->when_ready([handle] { handle.resume(); });
    }
    Result await_resume() {
      if (task_.state_ == nullptr) return internal::TaskStateBase::no_task();
      return task_.state_->take();
    }

   private:
    Task task_;
  };
  Awaiter operator co_await() { return Awaiter(std::move(*this)); }
#endif

 private:
  void abandon() {
    if (state_ != nullptr) state_->abandon();
  }

  std::shared_ptr<internal::TaskState<T>> state_;
};

// Awaits each of `tasks` until one common time, `timeout` from now. Results in
// the order of the tasks; kDeadlineExceeded for those that had none by then,
// which may be awaited again.
template <typename T>
std::vector<typename Task<T>::Result> await_all(
    std::vector<Task<T>>& tasks,
    std::chrono::nanoseconds timeout = std::chrono::seconds(5)) {
  const auto deadline = internal::deadline_in(timeout);
  std::vector<typename Task<T>::Result> results;
  results.reserve(tasks.size());
  for (Task<T>& task : tasks) {
    results.push_back(task.await_until(deadline));
  }
  return results;
}

template <typename T>
std::vector<typename Task<T>::Result> await_all(
    std::vector<Task<T>>&& tasks,
    std::chrono::nanoseconds timeout = std::chrono::seconds(5)) {
  return await_all(tasks, timeout);  // those without a result end with them
}

}  // namespace kv

#endif  // KV_TASK_H_
