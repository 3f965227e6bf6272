// Crowd: when jobs that wait are too many.
#ifndef KV_EXEC_CROWD_H_
#define KV_EXEC_CROWD_H_

#include <cstddef>
#include <optional>

#include "base/clock.h"

namespace kv::internal {

// A burst makes a queue long once, and from then on it gets shorter; of an
// overload it does not. So jobs are too many once those that wait have waited
// too long, and have not become fewer in two looks one after the other, each
// 2 * max_delay after the one before. From then on they are whenever they have
// waited too long, until for 20 * max_delay they have not.
//
// The looks come with the jobs: where none come, none is refused. No internal
// synchronization.
class Crowd {
 public:
  // `jump`: unless 0, jobs that do not become fewer are no sign yet, since some
  // wait again as soon as they have been let on. They must be more by half, and
  // `jump`, than they were, twice.
  explicit Crowd(Clock::duration max_delay, std::size_t jump = 0)
      : max_delay_(max_delay), jump_(jump) {}

  // `late`: they wait too long now. `queued`: so many wait.
  bool too_many(Clock::time_point now, bool late, std::size_t queued) {
    if (overload_ && now - last_ > kMemory * max_delay_) overload_ = false;
    if (!late) {
      short_again();
      return false;
    }
    if (!overload_ && !grows(now, queued)) return false;
    overload_ = true;
    last_ = now;
    return true;
  }
  // It has seen that they are too many, and they may still be.
  bool overload() const { return overload_; }
  // Hardly anybody waits.
  void short_again() { look_ = std::nullopt; }

 private:
  static constexpr int kPause = 2;
  static constexpr int kLooks = 2;
  static constexpr int kMemory = 20;

  struct Look {
    Clock::time_point time;
    std::size_t queued = 0;
    int grown = 0;  // looks, in a row
  };

  bool grows(Clock::time_point now, std::size_t queued) {
    if (!look_.has_value()) {
      look_ = Look{now, queued};
    } else if (now - look_->time >= kPause * max_delay_) {
      if (queued < look_->queued) {
        look_ = Look{now, queued};
      } else if (queued >= sign(look_->queued)) {
        look_ = Look{now, queued, look_->grown + 1};
      }
    }
    return look_->grown >= kLooks;
  }
  // So many are one, after `before`.
  std::size_t sign(std::size_t before) const {
    return jump_ == 0 ? before : before + before / 2 + jump_;
  }

  const Clock::duration max_delay_;
  const std::size_t jump_;
  std::optional<Look> look_;
  bool overload_ = false;
  Clock::time_point last_;  // that they were too many
};

}  // namespace kv::internal

#endif  // KV_EXEC_CROWD_H_
