// Mutex: std::mutex with thread-safety annotations.
//
// Not absl::Mutex: Debian's Abseil is not instrumented, so correct code under
// absl::Mutex draws ThreadSanitizer reports, and it is built without NDEBUG, so
// its deadlock detector can end the process. Clang checks the annotations
// (-Wthread-safety); g++ ignores them.
#ifndef KV_BASE_MUTEX_H_
#define KV_BASE_MUTEX_H_

#include <chrono>
#include <condition_variable>
#include <mutex>

#include "absl/base/thread_annotations.h"

namespace kv::internal {

// Pauses for a thread that finds taken what others hold for moments only: long
// ones from the beginning and then longer and longer, so that whoever has just
// let go and wants it again keeps the cache line for many a turn. From some
// microseconds to about a hundred in all.
class Backoff {
 public:
  // False, without a pause, once it has been long enough to sleep.
  bool pause();

 private:
  int pauses_ = 64;
};

// Held for moments only, so whoever finds it taken looks a few times more
// before it sleeps: to sleep and to be woken takes longer than what it waits
// for, and threads that meet at one bucket would do nothing else.
class ABSL_LOCKABLE Mutex {
 public:
  void lock() ABSL_EXCLUSIVE_LOCK_FUNCTION() {
    if (!mutex_.try_lock()) lock_slowly();
  }
  bool try_lock() ABSL_EXCLUSIVE_TRYLOCK_FUNCTION(true) {
    return mutex_.try_lock();
  }
  void unlock() ABSL_UNLOCK_FUNCTION() { mutex_.unlock(); }

 private:
  friend class CondVar;
  void lock_slowly();

  std::mutex mutex_;
};

class ABSL_SCOPED_LOCKABLE MutexLock {
 public:
  explicit MutexLock(Mutex& mutex) ABSL_EXCLUSIVE_LOCK_FUNCTION(mutex)
      : mutex_(mutex) {
    mutex_.lock();
  }
  ~MutexLock() ABSL_UNLOCK_FUNCTION() { mutex_.unlock(); }
  MutexLock(const MutexLock&) = delete;
  MutexLock& operator=(const MutexLock&) = delete;

 private:
  Mutex& mutex_;
};

class CondVar {
 public:
  void wait(Mutex& mutex) ABSL_EXCLUSIVE_LOCKS_REQUIRED(mutex) {
    std::unique_lock<std::mutex> lock(mutex.mutex_, std::adopt_lock);
    cv_.wait(lock);
    lock.release();
  }
  // False once `deadline` has passed.
  bool wait_until(Mutex& mutex, std::chrono::steady_clock::time_point deadline)
      ABSL_EXCLUSIVE_LOCKS_REQUIRED(mutex) {
    std::unique_lock<std::mutex> lock(mutex.mutex_, std::adopt_lock);
    const bool in_time =
        cv_.wait_until(lock, deadline) == std::cv_status::no_timeout;
    lock.release();
    return in_time;
  }
  void notify_one() { cv_.notify_one(); }
  void notify_all() { cv_.notify_all(); }

 private:
  std::condition_variable cv_;
};

}  // namespace kv::internal

#endif  // KV_BASE_MUTEX_H_
