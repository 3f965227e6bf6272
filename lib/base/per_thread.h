// PerThread: something of which each thread that uses an object has its own.
#ifndef KV_BASE_PER_THREAD_H_
#define KV_BASE_PER_THREAD_H_

#include <array>
#include <atomic>
#include <cstddef>
#include <cstdint>
#include <memory>
#include <vector>

#include "absl/base/thread_annotations.h"
#include "base/mutex.h"

namespace kv::internal {

// A T for each thread that has asked for one. When that ends, the next one that
// asks takes it over as it is. Safe from any thread.
template <typename T>
class PerThread {
 public:
  PerThread() = default;
  PerThread(const PerThread&) = delete;
  PerThread& operator=(const PerThread&) = delete;

  // The calling thread's, good until it asks another PerThread<T>.
  T& mine() const {
    const InUse& here = in_use[id_ % kPlaces];
    return here.id == id_ ? here.seat->value : take_seat().value;
  }
  // visit(T&) for all there are, whoever uses them.
  template <typename Visit>
  void for_each(Visit&& visit) const {
    const MutexLock lock(mutex_);
    for (const std::shared_ptr<Seat>& seat : seats_) visit(seat->value);
  }

 private:
  // Of one thread at a time.
  struct Seat {
    std::atomic<bool> taken{true};
    T value;
  };
  // The seats that a thread has, a few, one for each node: more of them share
  // places. Without a destructor, which would have to be looked after at each
  // use; SeatOfThread has it.
  static constexpr std::size_t kPlaces = 8;
  struct InUse {
    std::uint64_t id;
    Seat* seat;
  };
  static inline thread_local std::array<InUse, kPlaces> in_use{};

  // Gives a seat back when the thread ends or needs the place for another.
  struct SeatOfThread {
    ~SeatOfThread() { leave(); }
    void leave() {
      if (seat == nullptr) return;
      in_use[place] = {};
      seat->taken.store(false, std::memory_order_release);
      seat = nullptr;
    }

    std::size_t place = 0;
    std::shared_ptr<Seat> seat;
  };

  static std::uint64_t next_id() {
    static std::atomic<std::uint64_t> last{0};
    return last.fetch_add(1, std::memory_order_relaxed) + 1;
  }

  Seat& take_seat() const {
    thread_local std::array<SeatOfThread, kPlaces> seats;
    const std::size_t place = id_ % kPlaces;
    SeatOfThread& mine = seats[place];
    mine.leave();
    mine.place = place;
    mine.seat = free_seat();
    in_use[place] = {id_, mine.seat.get()};
    return *mine.seat;
  }
  std::shared_ptr<Seat> free_seat() const {
    const MutexLock lock(mutex_);
    for (const std::shared_ptr<Seat>& seat : seats_) {
      // What its last user did is seen.
      if (!seat->taken.exchange(true, std::memory_order_acq_rel)) return seat;
    }
    return seats_.emplace_back(std::make_shared<Seat>());
  }

  const std::uint64_t id_ = next_id();  // no other of this process has it
  mutable Mutex mutex_;
  mutable std::vector<std::shared_ptr<Seat>> seats_ ABSL_GUARDED_BY(mutex_);
};

}  // namespace kv::internal

#endif  // KV_BASE_PER_THREAD_H_
