// Gate: where operations of a test wait until the test lets them on.
#ifndef KV_TESTS_FAULT_GATE_H_
#define KV_TESTS_FAULT_GATE_H_

#include <chrono>
#include <condition_variable>
#include <mutex>

namespace kv::internal {

// So long a test waits for what must happen, before it fails.
inline constexpr std::chrono::seconds kLong{20};

// Safe from any thread. Opens at its end.
class Gate {
 public:
  Gate() = default;
  Gate(const Gate&) = delete;
  Gate& operator=(const Gate&) = delete;
  ~Gate() { open(); }

  // Arrives, and waits until the gate is open.
  void pass() {
    std::unique_lock<std::mutex> lock(mutex_);
    ++arrived_;
    ++inside_;
    changed_.notify_all();
    changed_.wait(lock, [this] { return open_; });
    --inside_;
    changed_.notify_all();
  }
  // Arrives, and does not wait.
  void touch() {
    const std::lock_guard<std::mutex> lock(mutex_);
    ++arrived_;
    changed_.notify_all();
  }
  // Also waits until nobody is in pass() any more.
  void open() {
    std::unique_lock<std::mutex> lock(mutex_);
    open_ = true;
    changed_.notify_all();
    changed_.wait(lock, [this] { return inside_ == 0; });
  }

  int arrived() const {
    const std::lock_guard<std::mutex> lock(mutex_);
    return arrived_;
  }
  // False if fewer than `count` have arrived after a long time.
  bool wait_for_arrivals(int count) {
    std::unique_lock<std::mutex> lock(mutex_);
    return changed_.wait_for(lock, kLong, [&] { return arrived_ >= count; });
  }

 private:
  mutable std::mutex mutex_;
  std::condition_variable changed_;
  bool open_ = false;
  int arrived_ = 0;
  int inside_ = 0;
};

}  // namespace kv::internal

#endif  // KV_TESTS_FAULT_GATE_H_
