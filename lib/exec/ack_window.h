// AckWindow: how many calls may be on their way to a peer unacknowledged.
#ifndef KV_EXEC_ACK_WINDOW_H_
#define KV_EXEC_ACK_WINDOW_H_

#include <cstddef>

namespace kv::internal {

// An operation is answered once it has run, which may be long after it has
// arrived. So where many are away, a call that the peer answers at once goes
// behind each portion of them, and acknowledges these. No internal
// synchronization.
class AckWindow {
 public:
  static constexpr std::size_t kPortion = 64;
  static constexpr std::size_t kPortions = 2;

  // Whether another call may leave.
  bool open() const { return asked_ < kPortions; }
  // One leaves, with which so many are away. True: an acknowledgement must be
  // asked for behind it.
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
  // One that was asked for is there, or will not come.
  void acknowledged() { --asked_; }

 private:
  std::size_t since_ = 0;  // that left since one was asked for
  std::size_t asked_ = 0;
};

}  // namespace kv::internal

#endif  // KV_EXEC_ACK_WINDOW_H_
