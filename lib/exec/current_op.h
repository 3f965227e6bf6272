// CurrentOp: which operation of the host the present thread runs.
#ifndef KV_EXEC_CURRENT_OP_H_
#define KV_EXEC_CURRENT_OP_H_

#include <vector>

#include "base/clock.h"
#include "peer/peer.h"

namespace kv::internal {

// Stands around an operation of the host, so that the calls it makes know what
// waits for them. On one thread they nest.
class CurrentOp {
 public:
  // The buckets held by the operation and those that wait for it.
  CurrentOp(std::vector<Held> held, Clock::time_point deadline);
  ~CurrentOp();
  CurrentOp(const CurrentOp&) = delete;
  CurrentOp& operator=(const CurrentOp&) = delete;

  // nullptr where the thread runs none.
  static const CurrentOp* get();

  const std::vector<Held>& held() const { return held_; }
  Clock::time_point deadline() const { return deadline_; }

 private:
  const std::vector<Held> held_;
  const Clock::time_point deadline_;
  const CurrentOp* const before_;
};

}  // namespace kv::internal

#endif  // KV_EXEC_CURRENT_OP_H_
