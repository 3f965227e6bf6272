// run_on(): gives a job to a runner, whatever happens.
#ifndef KV_BASE_RUN_ON_H_
#define KV_BASE_RUN_ON_H_

#include <functional>
#include <memory>
#include <vector>

#include "kv/internal/task_state.h"

namespace kv::internal {

// `job` on the runner, or on this thread where that has no room. Jobs that come
// from jobs which run here wait for these to return: a callback that makes the
// next call must not use the stack up.
void run_on(const std::shared_ptr<Runner>& runner, std::function<void()> job);

// What this thread gives to run_on() while a Gathering lives goes to its runner
// when that ends, all at once: so whoever handles a message that ends many
// calls wakes the runner's thread once, and not before it is done with them.
// The outermost of several counts.
class Gathering {
 public:
  Gathering();
  ~Gathering();
  Gathering(const Gathering&) = delete;
  Gathering& operator=(const Gathering&) = delete;

 private:
  friend void run_on(const std::shared_ptr<Runner>& runner,
                     std::function<void()> job);
  void flush();

  Gathering* const outer_;
  std::shared_ptr<Runner> runner_;  // of all of `jobs_`
  std::vector<std::function<void()>> jobs_;
};

}  // namespace kv::internal

#endif  // KV_BASE_RUN_ON_H_
