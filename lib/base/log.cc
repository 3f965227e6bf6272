#include "base/log.h"

#include <utility>

#include "absl/strings/str_cat.h"

namespace kv::internal {
namespace {

constexpr std::size_t kMaxEntries = 1024;  // that wait
constexpr std::chrono::seconds kPause{1};  // between two of what is often

}  // namespace

std::shared_ptr<Log> Log::make(Function function) {
  if (!function) return nullptr;
  return std::make_shared<Log>(std::move(function));
}

void Log::start(const NodeName& node, std::shared_ptr<Runner> runner) {
  {
    const MutexLock lock(mutex_);
    node_ = node;
    runner_ = std::move(runner);
  }
  post();
}

void Log::write(LogSeverity severity, std::string message) {
  {
    const MutexLock lock(mutex_);
    if (entries_.size() >= kMaxEntries) entries_.pop_front();
    entries_.push_back(
        {severity, {}, std::chrono::system_clock::now(), std::move(message)});
  }
  post();
}

bool Log::due(Often kind) {
  const Clock::time_point now = Clock::now();
  const MutexLock lock(mutex_);
  Recent& recent = recent_[static_cast<std::size_t>(kind)];
  if (now >= recent.next) return true;
  ++recent.left_out;
  return false;
}

void Log::write_due(Often kind, LogSeverity severity, std::string message) {
  {
    const MutexLock lock(mutex_);
    Recent& recent = recent_[static_cast<std::size_t>(kind)];
    recent.next = Clock::now() + kPause;
    const std::uint64_t left_out = std::exchange(recent.left_out, 0);
    if (left_out > 0) {
      absl::StrAppend(&message, " (and ", left_out, " like it before)");
    }
  }
  write(severity, std::move(message));
}

void Log::post() {
  std::shared_ptr<Runner> runner;
  {
    const MutexLock lock(mutex_);
    if (runner_ == nullptr || entries_.empty() || telling_) return;
    telling_ = true;
    runner = runner_;
  }
  Job job = [self = shared_from_this()] { self->tell(); };
  if (runner->post(job)) return;
  // No room: the next entry, or flush(), tries again.
  const MutexLock lock(mutex_);
  telling_ = false;
}

void Log::flush() {
  {
    const MutexLock lock(mutex_);
    if (std::exchange(telling_, true)) return;
  }
  tell();
}

void Log::tell() {
  for (;;) {
    LogEntry entry;
    {
      const MutexLock lock(mutex_);
      if (entries_.empty()) {
        telling_ = false;
        return;
      }
      entry = std::move(entries_.front());
      entries_.pop_front();
      entry.node = node_;
    }
    try {
      function_(entry);
    } catch (...) {  // NOLINT(bugprone-empty-catch): nobody asks for an answer
    }
  }
}

}  // namespace kv::internal
