// Lines: the lines of a node, one for each peer that it talks to.
#ifndef KV_EXEC_LINES_H_
#define KV_EXEC_LINES_H_

#include <cstddef>
#include <memory>

#include "absl/base/thread_annotations.h"
#include "absl/container/flat_hash_map.h"
#include "base/mutex.h"
#include "exec/line.h"
#include "exec/timers.h"
#include "kv/node_name.h"
#include "peer/peer.h"

namespace kv::internal {

// Safe from any thread.
class Lines {
 public:
  // `peers` and `timers` outlive the lines and their calls. Those that nobody
  // uses are forgotten once there are more than `max_idle`.
  Lines(Peers& peers, Timers& timers, const Line::Options& options,
        std::size_t max_idle);

  std::shared_ptr<Line> find(const NodeName& name);

 private:
  Peers& peers_;
  Timers& timers_;
  const Line::Options options_;
  const std::size_t max_idle_;

  Mutex mutex_;
  absl::flat_hash_map<NodeName, std::shared_ptr<Line>> lines_
      ABSL_GUARDED_BY(mutex_);
};

}  // namespace kv::internal

#endif  // KV_EXEC_LINES_H_
