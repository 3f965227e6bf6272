// Tells the owner of a thread that the thread is about to wait.
#ifndef KV_BASE_BLOCKING_H_
#define KV_BASE_BLOCKING_H_

#include "absl/status/status.h"

namespace kv::internal {

// Implemented by whoever runs other people's code on a limited number of
// threads.
class BlockingObserver {
 public:
  // False: the wait must not begin, for the reason that refusal() tells. `must`
  // is for a wait that can't be refused.
  virtual bool begin_wait(bool must) = 0;
  virtual void end_wait() = 0;
  virtual absl::Status refusal() const = 0;  // unmarked

  // The one of the present thread, or nullptr. `set` returns the one before.
  static BlockingObserver* current();
  static BlockingObserver* set(BlockingObserver* observer);

 protected:
  ~BlockingObserver() = default;
};

// Stands around each wait of the library.
class BlockingRegion {
 public:
  struct Must {};  // for a wait that can't be refused

  BlockingRegion() : BlockingRegion(false) {}
  explicit BlockingRegion(Must /*must*/) : BlockingRegion(true) {}
  ~BlockingRegion() {
    if (observer_ != nullptr && allowed_) observer_->end_wait();
  }
  BlockingRegion(const BlockingRegion&) = delete;
  BlockingRegion& operator=(const BlockingRegion&) = delete;

  bool allowed() const { return allowed_; }
  // What to say where it is not.
  absl::Status refusal() const { return observer_->refusal(); }

 private:
  explicit BlockingRegion(bool must)
      : observer_(BlockingObserver::current()),
        allowed_(observer_ == nullptr || observer_->begin_wait(must)) {}

  BlockingObserver* const observer_;
  const bool allowed_;
};

}  // namespace kv::internal

#endif  // KV_BASE_BLOCKING_H_
