// AckWindow: how many calls may be on their way to a peer unacknowledged.
#ifndef KV_EXEC_ACK_WINDOW_H_
#define KV_EXEC_ACK_WINDOW_H_

#include <algorithm>
#include <chrono>
#include <cstddef>
#include <utility>

#include "base/clock.h"

namespace kv::internal {

// An operation is answered once it has run, which may be long after it has
// arrived. So where many are away, a question that the peer answers at once
// goes behind each portion of them, and its answer acknowledges these.
//
// Two portions may lack theirs: all there is to gain where a peer is near. To
// one that is far away more are let go as long as the answers take no longer
// for it, as in TCP Vegas; they take longer where calls wait for each other. No
// internal synchronization.
class AckWindow {
 public:
  static constexpr std::size_t kPortion = 64;
  static constexpr std::size_t kLeast = 2;

  explicit AckWindow(std::size_t max_calls)
      : most_(std::max(max_calls / kPortion, kLeast)) {}

  // Whether another call may leave.
  bool open() const { return asked_ < portions_; }
  // One leaves, with which so many are away. True: a question must follow it.
  bool leave(std::size_t away) {
    if (away <= kPortion) {
      since_ = 0;
      return false;
    }
    if (++since_ < kPortion) return false;
    since_ = 0;
    ++asked_;
    return true;
  }
  // A question is answered after so long. `awaited`: calls wait to leave.
  void acknowledged(Clock::duration took, Clock::time_point now, bool awaited) {
    --asked_;
    if (now - renewed_ > kMemory) {
      renewed_ = now;
      quickest_before_ = std::exchange(quickest_, kNone);
    }
    const Clock::duration quickest = std::min(quickest_, quickest_before_);
    quickest_ = std::min(quickest_, took);
    if (quickest == kNone || took > 2 * quickest) {
      portions_ = std::max(portions_ / 2, kLeast);
    } else if (awaited && took <= quickest + quickest / 4) {
      portions_ = std::min(portions_ + 1, most_);
    }
  }
  // No answer will come.
  void lost() { --asked_; }

 private:
  static constexpr std::chrono::seconds kMemory{10};
  static constexpr Clock::duration kNone = Clock::duration::max();

  const std::size_t most_;
  std::size_t portions_ = kLeast;
  std::size_t since_ = 0;  // that left since a question did
  std::size_t asked_ = 0;
  // In the present time of kMemory, and in the one before.
  Clock::duration quickest_ = kNone;
  Clock::duration quickest_before_ = kNone;
  Clock::time_point renewed_ = Clock::now();
};

}  // namespace kv::internal

#endif  // KV_EXEC_ACK_WINDOW_H_
