#include "exec/lines.h"

namespace kv::internal {

Lines::Lines(Peers& peers, Timers& timers, const Line::Options& options,
             std::size_t max_idle)
    : peers_(peers), timers_(timers), options_(options), max_idle_(max_idle) {}

std::shared_ptr<Line> Lines::find(const NodeName& name) {
  const MutexLock lock(mutex_);
  const auto it = lines_.find(name);
  if (it != lines_.end()) return it->second;
  if (lines_.size() >= max_idle_) {
    absl::erase_if(lines_,
                   [](const auto& entry) { return entry.second->idle(); });
  }
  auto line = std::make_shared<Line>(name, peers_, timers_, options_);
  lines_.emplace(name, line);
  return line;
}

}  // namespace kv::internal
