// Semaphore: a thread waits until another one has said a word.
#ifndef KV_BASE_SEMAPHORE_H_
#define KV_BASE_SEMAPHORE_H_

#include <semaphore.h>

#include <cerrno>

namespace kv::internal {

// That of POSIX. Who waits may destroy it at once when wait() returns: post()
// touches nothing after that. And, unlike one that waits for a condition, it
// needs no lock of who posts.
class Semaphore {
 public:
  Semaphore() { sem_init(&semaphore_, /*pshared=*/0, 0); }
  ~Semaphore() { sem_destroy(&semaphore_); }
  Semaphore(const Semaphore&) = delete;
  Semaphore& operator=(const Semaphore&) = delete;

  void post() { sem_post(&semaphore_); }
  // For one post().
  void wait() {
    while (sem_wait(&semaphore_) != 0 && errno == EINTR) {
    }
  }

 private:
  sem_t semaphore_;
};

}  // namespace kv::internal

#endif  // KV_BASE_SEMAPHORE_H_
