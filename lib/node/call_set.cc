#include "node/call_set.h"

#include <utility>
#include <vector>

#include "absl/container/inlined_vector.h"
#include "absl/strings/str_cat.h"
#include "base/outcome_mark.h"
#include "base/run_on.h"

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
  Part& part = parts_[number_of_thread() % kParts];
  it.part_ = &part;
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
  thread_local std::vector<Entry*> answered;
  const auto settle = [] {
    // What dies with these calls may make and end others.
    std::vector<Entry*> calls;
    calls.swap(answered);
    remove_all(calls);
    calls.clear();
    if (answered.empty()) answered.swap(calls);  // to be used again
  };
  if (Gathering::before_next(settle)) {
    answered.push_back(&call);
  } else {
    remove_all({&call});
  }
}

// Those in a row that are in one part under one lock.
void CallSet::remove_all(absl::Span<Entry* const> calls) {
  absl::InlinedVector<std::shared_ptr<Entry>, 1> gone;  // die without a lock
  gone.reserve(calls.size());
  for (auto it = calls.begin(); it != calls.end();) {
    Part& part = *(*it)->part_;
    const MutexLock lock(part.mutex);
    for (; it != calls.end() && (*it)->part_ == &part; ++it) {
      Entry& call = **it;
      (call.before_ == nullptr ? part.first : call.before_->after_) =
          call.after_;
      if (call.after_ != nullptr) call.after_->before_ = call.before_;
      gone.push_back(std::move(call.self_));
    }
    if (part.first == nullptr && part.is_awaited) part.emptied.notify_all();
  }
}

bool CallSet::wait_until_empty(Clock::time_point deadline) {
  for (Part& part : parts_) {
    const MutexLock lock(part.mutex);
    part.is_awaited = true;
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
