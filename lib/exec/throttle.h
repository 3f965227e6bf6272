// Throttle: how many calls a node may have at one peer at a time.
#ifndef KV_EXEC_THROTTLE_H_
#define KV_EXEC_THROTTLE_H_

#include <atomic>
#include <cstddef>
#include <cstdint>
#include <limits>

#include "absl/base/thread_annotations.h"
#include "base/clock.h"
#include "base/mutex.h"
#include "peer/peer.h"

namespace kv::internal {

// A fixed number; and fewer operations of hosts once the peer has refused one
// because it has too much to do: half of those that were there, or as many as
// it has room for, and then one more each time that so many have been taken,
// until it refuses again. A second after the last refusal all is forgotten. So
// a peer's threads are kept busy, and what it would refuse does not cost it, or
// the network, a message.
//
// Safe from any thread.
class Throttle {
 public:
  static constexpr std::chrono::seconds kMemory{1};

  explicit Throttle(std::size_t max_calls) : max_calls_(max_calls) {}

  // Whether that may be held back: it runs on one of the peer's threads, and no
  // operation waits for it, whose work would be lost.
  static bool concerns(const Request& request);

  enum class Verdict { kGo, kTooMany, kHoldBack };
  // Of a call that is about to go there. `round` is for refused().
  Verdict enter(bool of_host, std::uint32_t& round);
  // After kGo, once: it is back, or does not go.
  void leave(bool of_host);

  // Of an operation of the host, before leave(): the peer has refused it for
  // having too much to do, with room for so many, or has run it.
  void refused(std::uint32_t round, std::size_t room, Clock::time_point now);
  void taken(Clock::time_point now) {
    if (limit_.load(std::memory_order_relaxed) != kNone) grow(now);
  }

  // Operations of hosts that may be there now.
  std::size_t limit() const { return limit_.load(std::memory_order_relaxed); }
  static constexpr std::size_t kNone = std::numeric_limits<std::size_t>::max();

 private:
  void grow(Clock::time_point now);
  bool forgets(Clock::time_point now);

  const std::size_t max_calls_;
  alignas(64) std::atomic<std::size_t> calls_{0};
  std::atomic<std::size_t> ops_{0};  // of hosts
  std::atomic<std::size_t> limit_{kNone};
  // One refusal counts in each: those that left before it say nothing new.
  std::atomic<std::uint32_t> round_{0};

  Mutex mutex_;
  Clock::time_point refused_at_ ABSL_GUARDED_BY(mutex_);
  std::size_t taken_ ABSL_GUARDED_BY(mutex_) = 0;
};

}  // namespace kv::internal

#endif  // KV_EXEC_THROTTLE_H_
