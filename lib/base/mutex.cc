#include "base/mutex.h"

namespace kv::internal {
namespace {

// A hint that the thread waits for another.
void relax() {
#if defined(__x86_64__) || defined(__i386__)
  __builtin_ia32_pause();
#elif defined(__aarch64__)
  asm volatile("yield");
#endif
}

}  // namespace

bool Backoff::pause() {
  constexpr int kLongest = 1024;
  if (pauses_ > kLongest) return false;
  for (int i = 0; i < pauses_; ++i) relax();
  pauses_ *= 2;
  return true;
}

void Mutex::lock_slowly() {
  for (Backoff backoff; backoff.pause();) {
    if (mutex_.try_lock()) return;
  }
  mutex_.lock();
}

}  // namespace kv::internal
