// Tally: counts what is there, and waits until nothing is.
#ifndef KV_BASE_TALLY_H_
#define KV_BASE_TALLY_H_

#include <cstddef>
#include <memory>
#include <utility>

#include "absl/base/thread_annotations.h"
#include "base/clock.h"
#include "base/mutex.h"

namespace kv::internal {

// Shared with what it counts. Safe from any thread.
class Tally {
 public:
  // Counts for as long as it lives: as a first member, until all others of its
  // object have gone.
  class Mark {
   public:
    explicit Mark(std::shared_ptr<Tally> tally) : tally_(std::move(tally)) {
      tally_->add();
    }
    ~Mark() { tally_->remove(); }
    Mark(const Mark&) = delete;
    Mark& operator=(const Mark&) = delete;

   private:
    const std::shared_ptr<Tally> tally_;
  };

  // False: something is still there at `deadline`.
  bool wait_until_none(Clock::time_point deadline) {
    const MutexLock lock(mutex_);
    while (count_ != 0) {
      if (!none_.wait_until(mutex_, deadline)) return count_ == 0;
    }
    return true;
  }

 private:
  void add() {
    const MutexLock lock(mutex_);
    ++count_;
  }
  void remove() {
    const MutexLock lock(mutex_);
    if (--count_ == 0) none_.notify_all();
  }

  Mutex mutex_;
  CondVar none_;
  std::size_t count_ ABSL_GUARDED_BY(mutex_) = 0;
};

}  // namespace kv::internal

#endif  // KV_BASE_TALLY_H_
