// Tells the owner of a thread that the thread is about to wait.
#ifndef KV_BASE_BLOCKING_H_
#define KV_BASE_BLOCKING_H_

namespace kv::internal {

// Implemented by whoever runs other people's code on a limited number of
// threads.
class BlockingObserver {
 public:
  virtual void begin_wait() = 0;
  virtual void end_wait() = 0;

  // The one of the present thread, or nullptr. `set` returns the one before.
  static BlockingObserver* current();
  static BlockingObserver* set(BlockingObserver* observer);

 protected:
  ~BlockingObserver() = default;
};

// Stands around each wait of the library.
class BlockingRegion {
 public:
  BlockingRegion() : observer_(BlockingObserver::current()) {
    if (observer_ != nullptr) observer_->begin_wait();
  }
  ~BlockingRegion() {
    if (observer_ != nullptr) observer_->end_wait();
  }
  BlockingRegion(const BlockingRegion&) = delete;
  BlockingRegion& operator=(const BlockingRegion&) = delete;

 private:
  BlockingObserver* const observer_;
};

}  // namespace kv::internal

#endif  // KV_BASE_BLOCKING_H_
