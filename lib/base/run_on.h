// Gathering: jobs for a runner that go to it together.
#ifndef KV_BASE_RUN_ON_H_
#define KV_BASE_RUN_ON_H_

#include <memory>
#include <vector>

#include "kv/internal/task_state.h"

namespace kv::internal {

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

  // `settle` is called once when the outermost one of this thread ends, before
  // its jobs go, however often it is asked for. False: there is none.
  static bool at_end(void (*settle)());

 private:
  friend void run_on(const std::shared_ptr<Runner>& runner, Job job);
  void flush();

  Gathering* const outer_;
  std::shared_ptr<Runner> runner_;  // of all of `jobs_`
  std::vector<Job> jobs_;
  std::vector<void (*)()> settle_;
};

}  // namespace kv::internal

#endif  // KV_BASE_RUN_ON_H_
