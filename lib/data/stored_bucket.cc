#include "data/stored_bucket.h"

#include <algorithm>

namespace kv::internal {
namespace {

// Of the pace, in turns; and a turn that takes so much longer than twice the
// pace counts for no more.
constexpr int kInertia = 8;
constexpr std::chrono::milliseconds kLeastSurprise{1};

}  // namespace

std::optional<std::uint64_t> StoredBucket::take_turn(
    std::shared_ptr<Turn> turn, std::size_t max_waiting,
    Clock::time_point deadline) {
  {
    const MutexLock lock(mutex_);
    if (taken_) {
      if (waiting_.size() >= max_waiting || comes_too_late(deadline)) {
        return std::nullopt;
      }
      waiting_.emplace(++last_ticket_, std::move(turn));
      return last_ticket_;
    }
    taken_ = true;
    began_ = Clock::now();
  }
  run_turns(std::move(turn));
  return 0;
}

bool StoredBucket::comes_too_late(Clock::time_point deadline) const {
  if (pace_.count() == 0 || deadline == Clock::time_point::max()) return false;
  const Clock::duration left = deadline - Clock::now();
  return left / pace_ < 2 * static_cast<std::int64_t>(waiting_.size() + 1);
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
  const Clock::time_point now = Clock::now();
  const MutexLock lock(mutex_);
  // One turn that took very long says little of the next.
  const Clock::duration took =
      std::min(now - began_, 2 * pace_ + kLeastSurprise);
  pace_ += (took - pace_) / kInertia;
  began_ = now;
  if (waiting_.empty()) {
    taken_ = false;
    return nullptr;
  }
  std::shared_ptr<Turn> turn = std::move(waiting_.begin()->second);
  waiting_.erase(waiting_.begin());
  return turn;
}

}  // namespace kv::internal
