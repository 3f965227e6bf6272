// Log: tells the host's NodeOptions::log.
#ifndef KV_BASE_LOG_H_
#define KV_BASE_LOG_H_

#include <array>
#include <cstddef>
#include <cstdint>
#include <deque>
#include <functional>
#include <memory>
#include <string>

#include "absl/base/thread_annotations.h"
#include "base/clock.h"
#include "base/mutex.h"
#include "kv/internal/task_state.h"
#include "kv/log.h"
#include "kv/node_name.h"

namespace kv::internal {

// Entries wait until the node's callback threads tell them, so that any thread
// may write, under any lock. Safe from any thread.
class Log : public std::enable_shared_from_this<Log> {
 public:
  using Function = std::function<void(const LogEntry& entry)>;

  // nullptr where there is no function: then nothing is written.
  static std::shared_ptr<Log> make(Function function);
  explicit Log(Function function) : function_(std::move(function)) {}

  // Who writes, and where it is told; until then entries wait. Once.
  void start(const NodeName& node, std::shared_ptr<Runner> runner);

  void write(LogSeverity severity, std::string message);

  // What may happen often, and by the doing of strangers: one entry a second
  // for each kind, which says how many others there were.
  enum class Often { kRefusedConnection, kRefusedCaller, kRefusedCall };
  // False: not now, so there is no need to make a message.
  bool due(Often kind);
  void write_due(Often kind, LogSeverity severity, std::string message);

  // Tells what waits, on this thread.
  void flush();

 private:
  static constexpr std::size_t kKinds = 3;
  struct Recent {
    Clock::time_point next = Clock::time_point::min();
    std::uint64_t left_out = 0;
  };

  void post();
  void tell();

  const Function function_;

  Mutex mutex_;
  NodeName node_ ABSL_GUARDED_BY(mutex_);
  std::shared_ptr<Runner> runner_ ABSL_GUARDED_BY(mutex_);
  std::deque<LogEntry> entries_ ABSL_GUARDED_BY(mutex_);  // not told yet
  bool telling_ ABSL_GUARDED_BY(mutex_) = false;
  std::array<Recent, kKinds> recent_ ABSL_GUARDED_BY(mutex_);
};

}  // namespace kv::internal

#endif  // KV_BASE_LOG_H_
