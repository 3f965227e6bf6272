#include "node/call_set.h"

#include <utility>
#include <vector>

#include "absl/strings/str_cat.h"
#include "base/outcome_mark.h"

namespace kv::internal {
namespace {

// Each thread has a number, so that its calls go to one part.
std::size_t number_of_thread() {
  static std::atomic<std::size_t> last{0};
  thread_local std::size_t number =
      last.fetch_add(1, std::memory_order_relaxed);
  return number;
}

}  // namespace

absl::Status CallSet::add(std::shared_ptr<Entry> call, std::size_t bytes) {
  Entry& it = *call;
  it.bytes_ = bytes;
  const std::size_t calls = count_.fetch_add(1, std::memory_order_relaxed);
  const std::size_t before = bytes_.fetch_add(bytes, std::memory_order_relaxed);
  if (calls >= max_calls_) {
    leave(it);
    return not_run(absl::ResourceExhaustedError(absl::StrCat(
        max_calls_, " calls are under way, its NodeOptions::max_calls")));
  }
  if (before != 0 && before + bytes > max_bytes_) {
    leave(it);
    return not_run(absl::ResourceExhaustedError(absl::StrCat(
        "with this one of ", bytes, " bytes requests of more than ", max_bytes_,
        " would be under way, its NodeOptions::max_queued_bytes")));
  }
  it.part_ = number_of_thread() % kParts;
  Part& part = parts_[it.part_];
  {
    const MutexLock lock(part.mutex);
    // Under the lock: wait_until_empty() sees what was added before close().
    if (!closed()) {
      it.self_ = std::move(call);
      it.before_ = nullptr;
      it.after_ = part.first;
      if (part.first != nullptr) part.first->before_ = &it;
      part.first = &it;
      return absl::OkStatus();
    }
  }
  leave(it);
  return not_run(absl::CancelledError("the node is stopping"));
}

void CallSet::remove(Entry& call) {
  std::shared_ptr<Entry> self;  // dies after the lock
  Part& part = parts_[call.part_];
  const MutexLock lock(part.mutex);
  self = std::move(call.self_);
  (call.before_ == nullptr ? part.first : call.before_->after_) = call.after_;
  if (call.after_ != nullptr) call.after_->before_ = call.before_;
  if (part.first == nullptr && closed()) part.emptied.notify_all();
}

bool CallSet::wait_until_empty(Clock::time_point deadline) {
  for (Part& part : parts_) {
    const MutexLock lock(part.mutex);
    while (part.first != nullptr) {
      if (!part.emptied.wait_until(part.mutex, deadline) &&
          part.first != nullptr) {
        return false;
      }
    }
  }
  return true;
}

void CallSet::cancel_all() {
  for (Part& part : parts_) {
    std::vector<std::shared_ptr<Entry>> calls;
    {
      const MutexLock lock(part.mutex);
      for (Entry* it = part.first; it != nullptr; it = it->after_) {
        calls.push_back(it->self_);
      }
    }
    for (const std::shared_ptr<Entry>& call : calls) call->cancel();
  }
}

}  // namespace kv::internal
