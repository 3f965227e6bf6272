#include "base/blocking.h"

namespace kv::internal {
namespace {

thread_local BlockingObserver* current_observer = nullptr;

}  // namespace

BlockingObserver* BlockingObserver::current() { return current_observer; }

BlockingObserver* BlockingObserver::set(BlockingObserver* observer) {
  BlockingObserver* const before = current_observer;
  current_observer = observer;
  return before;
}

}  // namespace kv::internal
