#include "base/mutex.h"

namespace kv::internal {
namespace {

// A hint that the thread waits for another.
void pause() {
#if defined(__x86_64__) || defined(__i386__)
  __builtin_ia32_pause();
#elif defined(__aarch64__)
  asm volatile("yield");
#endif
}

}  // namespace

void Mutex::lock_slowly() {
  // Longer and longer pauses: the holder, or the thread that has just let go
  // and wants it again, keeps the cache line for a while. Some microseconds in
  // all.
  constexpr int kLongestPause = 64;
  for (int pauses = 1; pauses <= kLongestPause; pauses *= 2) {
    for (int i = 0; i < pauses; ++i) pause();
    if (mutex_.try_lock()) return;
  }
  mutex_.lock();
}

}  // namespace kv::internal
