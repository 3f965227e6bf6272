#include "exec/throttle.h"

#include <algorithm>
#include <variant>

namespace kv::internal {

bool Throttle::concerns(const Request& request) {
  return (std::holds_alternative<Apply>(request.op) ||
          std::holds_alternative<TypedApply>(request.op)) &&
         request.held.empty();
}

Throttle::Verdict Throttle::enter(bool of_host, std::uint32_t& round) {
  if (calls_.fetch_add(1, std::memory_order_relaxed) >= max_calls_) {
    calls_.fetch_sub(1, std::memory_order_relaxed);
    return Verdict::kTooMany;
  }
  if (!of_host) return Verdict::kGo;
  round = round_.load(std::memory_order_relaxed);
  const std::size_t before = ops_.fetch_add(1, std::memory_order_relaxed);
  if (before < limit() || forgets(Clock::now())) return Verdict::kGo;
  leave(true);
  return Verdict::kHoldBack;
}

void Throttle::leave(bool of_host) {
  calls_.fetch_sub(1, std::memory_order_relaxed);
  if (of_host) ops_.fetch_sub(1, std::memory_order_relaxed);
}

void Throttle::refused(std::uint32_t round, std::size_t room,
                       Clock::time_point now) {
  const MutexLock lock(mutex_);
  refused_at_ = now;
  if (round != round_.load(std::memory_order_relaxed)) return;
  round_.store(round + 1, std::memory_order_relaxed);
  const std::size_t there = ops_.load(std::memory_order_relaxed);
  const std::size_t fewer = std::min(std::min(limit(), there) / 2, room);
  limit_.store(std::max<std::size_t>(fewer, 1), std::memory_order_relaxed);
  taken_ = 0;
}

void Throttle::grow(Clock::time_point now) {
  if (forgets(now)) return;
  const MutexLock lock(mutex_);
  const std::size_t before = limit();
  if (before == kNone || ++taken_ < before) return;
  taken_ = 0;
  limit_.store(before + 1, std::memory_order_relaxed);
}

bool Throttle::forgets(Clock::time_point now) {
  const MutexLock lock(mutex_);
  if (now - refused_at_ <= kMemory) return false;
  limit_.store(kNone, std::memory_order_relaxed);
  return true;
}

}  // namespace kv::internal
