// kv::async: a function of the host's as a task, without a bucket.
#ifndef KV_ASYNC_H_
#define KV_ASYNC_H_

#include <atomic>
#include <exception>
#include <functional>
#include <memory>
#include <string>
#include <type_traits>
#include <utility>

#include "absl/status/status.h"
#include "absl/status/statusor.h"
#include "kv/export.h"
#include "kv/internal/task_state.h"
#include "kv/task.h"

namespace kv {
namespace internal {

// Where kv::async runs: the pool that the present thread belongs to, or else
// something that starts a thread for each job.
KV_EXPORT std::shared_ptr<Runner> runner_here();
// `job` as a part of the operation of the host that this thread runs, if any:
// what it calls knows which buckets wait for it.
KV_EXPORT Job part_of_op(Job job);
KV_EXPORT absl::Status cancelled_work(bool begun);
KV_EXPORT absl::Status no_thread();
KV_EXPORT absl::Status function_threw(const char* what);

// What a task yields that runs a function with this result.
template <typename T>
struct YieldOf {
  using Type = T;
};
template <typename T>
struct YieldOf<absl::StatusOr<T>> {
  using Type = T;
};
template <>
struct YieldOf<absl::Status> {
  using Type = void;
};

template <typename F>
class LocalWork final : public Cancellable {
 public:
  using Value = typename YieldOf<std::invoke_result_t<F&>>::Type;
  using State = TaskState<Value>;

  LocalWork(F function, std::shared_ptr<State> state)
      : function_(std::move(function)), state_(std::move(state)) {}

  void cancel() override {
    state_->finish_with(cancelled_work(taken_.exchange(true)), nullptr);
  }
  void run() {
    if (!taken_.exchange(true)) state_->finish_with(result(), nullptr);
  }
  void refuse() { state_->finish_with(no_thread(), nullptr); }

 private:
  typename State::Result result() {
    try {
      if constexpr (std::is_void_v<std::invoke_result_t<F&>>) {
        function_();
        return absl::OkStatus();
      } else {
        return function_();
      }
    } catch (const std::exception& error) {
      return function_threw(error.what());
    } catch (...) {
      return function_threw("something that is no std::exception");
    }
  }

  F function_;
  const std::shared_ptr<State> state_;
  std::atomic<bool> taken_{false};  // begun, or cancelled before
};

template <typename F>
Task<typename LocalWork<F>::Value> async_on(
    const std::shared_ptr<Runner>& runner, F function) {
  auto state = std::make_shared<typename LocalWork<F>::State>(runner);
  auto work = std::make_shared<LocalWork<F>>(std::move(function), state);
  state->set_work(work);
  Job job = part_of_op([work] { work->run(); });
  if (!runner->post(job)) work->refuse();
  return Task<typename LocalWork<F>::Value>(std::move(state));
}

}  // namespace internal

// Runs `function()` beside the caller: on the pool of the node whose operation
// or callback the calling thread runs, or else on a thread of its own.
// Node::async says which node. A function from nothing to T, absl::StatusOr<T>,
// void or absl::Status gives a Task<T> or Task<void>; what it throws becomes
// kInternal. Cancelling the task keeps a function that has not begun from
// running. kResourceExhausted (not_run): no thread can be had.
template <typename F>
auto async(F function) {
  return internal::async_on(internal::runner_here(), std::move(function));
}

}  // namespace kv

#endif  // KV_ASYNC_H_
