// Timers: calls the library back at a given time.
#ifndef KV_EXEC_TIMERS_H_
#define KV_EXEC_TIMERS_H_

#include <cstdint>
#include <functional>
#include <map>
#include <thread>
#include <utility>

#include "absl/base/thread_annotations.h"
#include "base/clock.h"
#include "base/mutex.h"

namespace kv::internal {

// One thread, which starts with the first timer and sleeps until the next is
// due. For short work of the library only: no code of the host. Safe from any
// thread.
class Timers {
 public:
  using Id = std::pair<Clock::time_point, std::uint64_t>;

  Timers() = default;
  ~Timers() { stop(); }
  Timers(const Timers&) = delete;
  Timers& operator=(const Timers&) = delete;

  // Runs `job` once at `time`, or never if that is the end of time.
  Id at(Clock::time_point time, std::function<void()> job);
  // `job` does not run any more, unless it has begun.
  void cancel(const Id& id);
  // Drops what has not run. REQUIRES: not called by a job.
  void stop();

 private:
  void serve();

  Mutex mutex_;
  CondVar changed_;
  bool stopping_ ABSL_GUARDED_BY(mutex_) = false;
  std::uint64_t last_ ABSL_GUARDED_BY(mutex_) = 0;
  std::map<Id, std::function<void()>> jobs_ ABSL_GUARDED_BY(mutex_);
  std::thread thread_ ABSL_GUARDED_BY(mutex_);
};

}  // namespace kv::internal

#endif  // KV_EXEC_TIMERS_H_
