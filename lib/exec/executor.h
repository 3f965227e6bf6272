// Executor: a bounded number of threads for code of the host.
#ifndef KV_EXEC_EXECUTOR_H_
#define KV_EXEC_EXECUTOR_H_

#include <atomic>
#include <chrono>
#include <cstddef>
#include <cstdint>
#include <memory>

#include "base/clock.h"
#include "exec/timers.h"
#include "kv/internal/task_state.h"

namespace kv::internal {

// Threads start when there is work for them and end when idle. `threads` jobs
// run at once. A job that waits inside the library (BlockingRegion) does not
// count meanwhile, so the jobs it waits for can run; at most `max_waiting` may
// wait, and a wait beyond them is refused. So there are at most threads +
// max_waiting threads, and jobs can't block each other for want of threads.
// (For a moment more than `threads` run, when waits end.)
//
// Jobs have a depth: that of a job which others wait for is greater than
// theirs. The deepest run first, so that few wait at a time. REQUIRES: jobs do
// not throw.
class Executor {
 public:
  struct Options {
    std::size_t threads = 1;
    std::size_t max_waiting = 1;
    std::size_t max_queued = 0;
    // How long jobs may wait for one another before a second thread is brought
    // in, and a third: short jobs are done sooner by one thread that is awake
    // than by many that must be woken. Zero: each at once. Else `timers` is
    // needed, which outlives the executor.
    std::chrono::milliseconds patience{0};
    Timers* timers = nullptr;
    // Zero: jobs wait for as long as it takes. Else they wait too long where
    // more than one for each thread wait, and the first of them for longer than
    // this. When there are too many of them then (see Crowd), the first, of the
    // least depth, are refused until one of both is no longer so.
    std::chrono::milliseconds max_delay{0};
    // Where to count the threads that run jobs, unless nullptr.
    std::atomic<int>* awake = nullptr;
  };
  static constexpr std::size_t kDepths = 66;

  explicit Executor(Options options);
  // REQUIRES: stop() was called.
  ~Executor();
  Executor(const Executor&) = delete;
  Executor& operator=(const Executor&) = delete;

  // False, and nothing happens, where the queue is full or the executor has
  // stopped. `depth` beyond kDepths counts as the last.
  // `refuse` is called instead of the job, on any thread that posts, where
  // there are too many; nullptr: the job is not refused.
  bool post(std::size_t depth, Job& job, Job refuse = nullptr);

  // The same for what knows no depth: that of the job which posts it and one
  // more, if it comes from one of this executor's. Outlives the executor.
  std::shared_ptr<Runner> runner() const;
  // That of the executor whose job the present thread runs, or nullptr.
  static std::shared_ptr<Runner> runner_of_thread();

  // Jobs that run, that wait inside the library, and that wait for a thread.
  struct Load {
    std::size_t running = 0;
    std::size_t waiting = 0;
    std::size_t queued = 0;
  };
  Load load() const;
  // Jobs that may run, and that may wait for however long: see max_delay.
  std::uint32_t room() const;

  // No more jobs. Waits for those there are. False: some still run at
  // `deadline`; their threads are let go of, and what waits for a thread is
  // dropped.
  bool stop(Clock::time_point deadline);

 private:
  struct State;
  // Shared with the threads: one that never ends outlives the executor.
  const std::shared_ptr<State> state_;
};

}  // namespace kv::internal

#endif  // KV_EXEC_EXECUTOR_H_
