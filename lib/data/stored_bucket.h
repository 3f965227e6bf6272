// StoredBucket: a bucket as the registry holds it, and whose turn it is there.
#ifndef KV_DATA_STORED_BUCKET_H_
#define KV_DATA_STORED_BUCKET_H_

#include <cstddef>
#include <cstdint>
#include <map>
#include <memory>
#include <optional>
#include <string>
#include <utility>

#include "absl/base/thread_annotations.h"
#include "base/clock.h"
#include "base/mutex.h"
#include "data/limits.h"
#include "data/pair_set.h"

namespace kv::internal {

class StoredBucket;

// Something that waits until it has the bucket to itself.
class Turn {
 public:
  virtual ~Turn() = default;
  // Called once, without a lock, when the turn has come, on the thread that
  // asked for it or that ended the turn before. True: the turn is over. False:
  // it goes on until end_turn().
  virtual bool run(StoredBucket& bucket) = 0;
};

// Every operation has the bucket to itself: a short one by holding the lock,
// one that takes its time by having the turn, while others wait in order of
// arrival and hold no thread. Safe from any thread.
class StoredBucket {
 public:
  struct Contents {
    PairSet pairs;
    bool dropped = false;  // no longer in the registry, for good
  };

  // A bucket may outlive its node, so it shares the limits.
  StoredBucket(std::string name, std::uint64_t id,
               std::shared_ptr<const Limits> limits)
      : name_(std::move(name)), id_(id), limits_(std::move(limits)) {}
  StoredBucket(const StoredBucket&) = delete;
  StoredBucket& operator=(const StoredBucket&) = delete;

  const std::string& name() const { return name_; }
  // Never 0; no other bucket of this cluster had it before.
  std::uint64_t id() const { return id_; }
  const Limits& limits() const { return *limits_; }

  // Runs `op(contents)` under the lock and returns true; or returns false,
  // because somebody has the turn. `op` is short and the library's own.
  template <typename F>
  bool try_now(F&& op) {
    const MutexLock lock(mutex_);
    if (taken_) return false;
    op(contents_);
    return true;
  }

  // The same in two steps, for whoever keeps the bucket from going away only
  // until it is locked. False: somebody else has the lock.
  bool try_lock() ABSL_EXCLUSIVE_TRYLOCK_FUNCTION(true, mutex_) {
    return mutex_.try_lock();
  }
  template <typename F>
  bool run_and_unlock(F&& op) ABSL_UNLOCK_FUNCTION(mutex_) {
    const bool free = !taken_;
    if (free) op(contents_);
    mutex_.unlock();
    return free;
  }
  // Returns once nobody has the lock who had it before.
  void wait_for_lock() { const MutexLock lock(mutex_); }

  // Runs `turn` now or, on whichever thread ends the turn before it, later. The
  // ticket is for withdraw(), 0 if the turn came at once. nullopt, and no turn,
  // where `max_waiting` wait already, or where at the pace of the turns before
  // it half of the time until `deadline` would be over before it comes.
  std::optional<std::uint64_t> take_turn(
      std::shared_ptr<Turn> turn, std::size_t max_waiting,
      Clock::time_point deadline = Clock::time_point::max());
  // Whoever waits with that ticket waits no more. Nothing happens if its turn
  // has come already.
  void withdraw(std::uint64_t ticket);

  // REQUIRES, of both: the caller has the turn.
  void end_turn();
  Contents& contents() ABSL_NO_THREAD_SAFETY_ANALYSIS { return contents_; }

 private:
  void run_turns(std::shared_ptr<Turn> turn);
  // The turn after the one that is over, nullptr where nobody waits.
  std::shared_ptr<Turn> next_turn();
  bool comes_too_late(Clock::time_point deadline) const
      ABSL_EXCLUSIVE_LOCKS_REQUIRED(mutex_);

  const std::string name_;
  const std::uint64_t id_;
  const std::shared_ptr<const Limits> limits_;

  Mutex mutex_;
  // Whoever has the turn needs no lock: everybody else sees taken_ first.
  Contents contents_ ABSL_GUARDED_BY(mutex_);
  bool taken_ ABSL_GUARDED_BY(mutex_) = false;  // somebody has the turn
  // By ticket, which is the order of arrival.
  std::map<std::uint64_t, std::shared_ptr<Turn>> waiting_
      ABSL_GUARDED_BY(mutex_);
  std::uint64_t last_ticket_ ABSL_GUARDED_BY(mutex_) = 0;
  Clock::time_point began_ ABSL_GUARDED_BY(mutex_);  // the present turn
  Clock::duration pace_ ABSL_GUARDED_BY(mutex_){0};  // of turns
};

}  // namespace kv::internal

#endif  // KV_DATA_STORED_BUCKET_H_
