// Gathering: jobs for a runner that go to it together.
#ifndef KV_BASE_RUN_ON_H_
#define KV_BASE_RUN_ON_H_

#include <cstddef>
#include <memory>
#include <vector>

#include "kv/internal/task_state.h"

namespace kv::internal {

// What this thread gives to run_on() while a Gathering lives goes to its runner
// in portions, the last when that ends: so whoever handles a message that ends
// many calls wakes the runner's thread once, which then has work until that is
// done with them. The outermost of several counts.
class Gathering {
 public:
  // Of fewer, waking a thread on a core that is idle would cost more than they.
  static constexpr std::size_t kPortion = 256;

  Gathering();
  ~Gathering();
  Gathering(const Gathering&) = delete;
  Gathering& operator=(const Gathering&) = delete;

  // `settle` is called once before the next portion goes, or there is none any
  // more, however often that is asked for. False, and it isn't: there is no
  // Gathering.
  static bool before_next(void (*settle)());

 private:
  friend void run_on(const std::shared_ptr<Runner>& runner, Job job);
  void pass_on();

  Gathering* const outer_;
  std::shared_ptr<Runner> runner_;  // of all of `jobs_`
  std::vector<Job> jobs_;
  std::vector<Job> left_;  // for which there was no room: they run at the end
  std::vector<void (*)()> settle_;
};

}  // namespace kv::internal

#endif  // KV_BASE_RUN_ON_H_
