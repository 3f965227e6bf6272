#include "data/stored_bucket.h"

namespace kv::internal {

std::optional<std::uint64_t> StoredBucket::take_turn(std::shared_ptr<Turn> turn,
                                                     std::size_t max_waiting) {
  {
    const MutexLock lock(mutex_);
    if (taken_) {
      if (waiting_.size() >= max_waiting) return std::nullopt;
      waiting_.emplace(++last_ticket_, std::move(turn));
      return last_ticket_;
    }
    taken_ = true;
  }
  run_turns(std::move(turn));
  return 0;
}

void StoredBucket::withdraw(std::uint64_t ticket) {
  std::shared_ptr<Turn> turn;  // dies after the lock
  const MutexLock lock(mutex_);
  const auto it = waiting_.find(ticket);
  if (it == waiting_.end()) return;
  turn = std::move(it->second);
  waiting_.erase(it);
}

void StoredBucket::end_turn() { run_turns(next_turn()); }

void StoredBucket::run_turns(std::shared_ptr<Turn> turn) {
  while (turn != nullptr && turn->run(*this)) turn = next_turn();
}

std::shared_ptr<Turn> StoredBucket::next_turn() {
  const MutexLock lock(mutex_);
  if (waiting_.empty()) {
    taken_ = false;
    return nullptr;
  }
  std::shared_ptr<Turn> turn = std::move(waiting_.begin()->second);
  waiting_.erase(waiting_.begin());
  return turn;
}

}  // namespace kv::internal
