// kv::LogEntry: what a node has to say, for NodeOptions::log.
#ifndef KV_LOG_H_
#define KV_LOG_H_

#include <chrono>
#include <ostream>
#include <string>

#include "kv/export.h"
#include "kv/node_name.h"

namespace kv {

enum class LogSeverity {
  kInfo,     // As it should be: the node starts and stops, peers come, tables
             // and certificates are replaced.
  kWarning,  // Something for an operator to know: peers go, somebody is
             // refused, a limit is reached.
  kError,    // The node can't do what it is for.
};

// "info", "warning", "error".
KV_EXPORT const char* log_severity_name(LogSeverity severity);

inline std::ostream& operator<<(std::ostream& out, LogSeverity severity) {
  return out << log_severity_name(severity);
}

struct LogEntry {
  LogSeverity severity = LogSeverity::kInfo;
  NodeName node = {};  // which says it
  std::chrono::system_clock::time_point time = {};
  std::string message = {};  // one line, without secrets
};

}  // namespace kv

#endif  // KV_LOG_H_
