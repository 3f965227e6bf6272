// Vigil: when a thread that waits for events stays awake.
#ifndef KV_RPC_VIGIL_H_
#define KV_RPC_VIGIL_H_

#include <algorithm>
#include <chrono>

#include "base/clock.h"

namespace kv::internal {

// Whether to look for the next event again and again or to sleep until it
// comes. Waking a thread can cost as much as the rest of a call, so it pays to
// stay awake where events follow closely on each other; but not where they
// don't, nor where another thread could have used the core. Of one thread.
class Vigil {
 public:
  explicit Vigil(Clock::duration limit) : limit_(limit) {}

  bool wanted() const { return close_ >= kClose; }
  // A wait by sleeping has ended.
  void slept(Clock::duration time) {
    close_ = time < limit_ ? std::min(close_ + 1, kClose) : std::min(close_, 0);
  }
  // It has been awake for so long, in vain.
  bool in_vain(Clock::duration time) {
    if (time < limit_) return false;
    close_ = 0;
    return true;
  }
  // While callbacks of this process run, which want the core as well, it has
  // been awake for longer than a few of them take.
  static bool gives_way(Clock::duration time) { return time >= kFew; }
  // It has let others have the core, who took it for so long: if that was no
  // more than a callback or two, it stays awake beside them. Else it sleeps
  // until the next event, which may wake it on a core that is free. And if it
  // was as long as threads that compute take it for, it sleeps for long: among
  // those, who sleeps has the core soon, and who waits for a turn has it last.
  bool disturbed(Clock::duration time) {
    if (time >= kSlice) close_ = -kPenance;
    return time >= kTurn;
  }

  // So many short sleeps in a row, before it stays awake; and so many more,
  // in a row or not, after it met with threads that compute.
  static constexpr int kClose = 4;
  static constexpr int kPenance = 256;

 private:
  static constexpr std::chrono::microseconds kFew{20};
  static constexpr std::chrono::microseconds kTurn{60};
  static constexpr std::chrono::microseconds kSlice{1000};

  const Clock::duration limit_;
  int close_ = 0;
};

}  // namespace kv::internal

#endif  // KV_RPC_VIGIL_H_
