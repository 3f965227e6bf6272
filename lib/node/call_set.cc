#include "node/call_set.h"

#include <utility>
#include <vector>

#include "absl/strings/str_cat.h"
#include "base/outcome_mark.h"

namespace kv::internal {

absl::Status CallSet::add(std::shared_ptr<Cancellable> call, Place& place) {
  const MutexLock lock(mutex_);
  if (closed()) return not_run(absl::CancelledError("the node is stopping"));
  if (count_.load(std::memory_order_relaxed) >= limit_) {
    return not_run(absl::ResourceExhaustedError(
        absl::StrCat("the node has ", limit_, " calls under way, its limit")));
  }
  count_.fetch_add(1, std::memory_order_relaxed);
  place = calls_.insert(calls_.end(), std::move(call));
  return absl::OkStatus();
}

void CallSet::remove(Place place) {
  std::shared_ptr<Cancellable> call;  // dies after the lock
  const MutexLock lock(mutex_);
  call = std::move(*place);
  calls_.erase(place);
  if (calls_.empty() && closed()) emptied_.notify_all();
}

void CallSet::close() {
  const MutexLock lock(mutex_);
  closed_.store(true, std::memory_order_release);
}

bool CallSet::wait_until_empty(Clock::time_point deadline) {
  const MutexLock lock(mutex_);
  while (!calls_.empty()) {
    if (!emptied_.wait_until(mutex_, deadline)) return calls_.empty();
  }
  return true;
}

void CallSet::cancel_all() {
  std::vector<std::shared_ptr<Cancellable>> calls;
  {
    const MutexLock lock(mutex_);
    calls.assign(calls_.begin(), calls_.end());
  }
  for (const std::shared_ptr<Cancellable>& call : calls) call->cancel();
}

}  // namespace kv::internal
