// CurrentOp: which operation of the host the present thread runs.
#ifndef KV_EXEC_CURRENT_OP_H_
#define KV_EXEC_CURRENT_OP_H_

#include <functional>
#include <memory>
#include <optional>
#include <vector>

#include "base/clock.h"
#include "peer/peer.h"

namespace kv::internal {

// Stands around an operation of the host, so that the calls it makes know what
// waits for them. On one thread they nest.
class CurrentOp {
 public:
  // Takes the calls that the operation makes, to cancel them if it is
  // cancelled.
  using Adopt = std::function<void(const std::shared_ptr<Cancellable>& call)>;

  using Trace = std::optional<TraceContext>;

  // `held`: the buckets held by the operation and those that wait for it.
  CurrentOp(std::vector<Held> held, Clock::time_point deadline, Adopt adopt,
            const Trace& trace);
  ~CurrentOp();
  CurrentOp(const CurrentOp&) = delete;
  CurrentOp& operator=(const CurrentOp&) = delete;

  // nullptr where the thread runs none.
  static const CurrentOp* get();

  const std::vector<Held>& held() const { return held_; }
  Clock::time_point deadline() const { return deadline_; }
  const Adopt& adopt() const { return adopt_; }
  const Trace& trace() const { return trace_; }

  // `job` as a part of the operation that this thread runs, if it runs one.
  static Job inherited(Job job);

 private:
  const std::vector<Held> held_;
  const Clock::time_point deadline_;
  const Adopt adopt_;
  const Trace trace_;
  const CurrentOp* const before_;
};

}  // namespace kv::internal

#endif  // KV_EXEC_CURRENT_OP_H_
