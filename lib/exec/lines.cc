#include "exec/lines.h"

namespace kv::internal {

namespace {

bool is_idle(const Line& line) {
  const Line::Load load = line.load();
  return load.away == 0 && load.waiting == 0;
}

}  // namespace

Lines::Lines(Peers& peers, Timers& timers, const Line::Options& options,
             std::size_t max_idle)
    : peers_(peers), timers_(timers), options_(options), max_idle_(max_idle) {}

std::shared_ptr<Line> Lines::find(const NodeName& name) {
  const MutexLock lock(mutex_);
  const auto it = lines_.find(name);
  if (it != lines_.end()) return it->second;
  if (lines_.size() >= max_idle_) {
    absl::erase_if(lines_,
                   [](const auto& entry) { return is_idle(*entry.second); });
  }
  auto line = std::make_shared<Line>(name, peers_, timers_, options_);
  lines_.emplace(name, line);
  return line;
}

std::vector<Line::Load> Lines::load() const {
  std::vector<Line::Load> loads;
  const MutexLock lock(mutex_);
  for (const auto& [name, line] : lines_) loads.push_back(line->load());
  return loads;
}

}  // namespace kv::internal
