// A node in a process of its own.
#ifndef KV_TESTS_DISTRIBUTED_PEER_PROCESS_H_
#define KV_TESTS_DISTRIBUTED_PEER_PROCESS_H_

#include <kv/kv.h>
#include <sys/types.h>

#include <chrono>
#include <memory>
#include <optional>
#include <string>

namespace kv_tests {

// Owns a process of KVROUTE_PEER_PROGRAM, and kills it if it has not ended when
// this is destroyed. Not thread-safe.
class PeerProcess {
 public:
  // "bar": on a free port; "bar@127.0.0.1:4002". nullptr and a failed test if
  // it does not listen in time.
  static std::unique_ptr<PeerProcess> start(const std::string& name);
  ~PeerProcess();
  PeerProcess(const PeerProcess&) = delete;
  PeerProcess& operator=(const PeerProcess&) = delete;

  const kv::NodeName& name() const { return name_; }

  // What peer_main.cc answers to a command.
  std::string command(const std::string& line);
  void set_table(const kv::RoutingTable& table);

  // From now on it may have no descriptor beyond these.
  void limit_descriptors(unsigned count);
  // How much processor time it has taken so far.
  std::chrono::nanoseconds time_used() const;
  std::size_t resident_bytes() const;

  // After SIGSTOP it is frozen when this returns.
  void signal(int number);
  void close_stdin();
  // Its exit status, 128 + the number of the signal that ended it; nothing if
  // it does not end in time.
  std::optional<int> wait();

 private:
  PeerProcess(pid_t pid, int in, int out) : pid_(pid), in_(in), out_(out) {}
  std::string read_line();

  pid_t pid_;  // -1 once it has been waited for
  int in_;     // -1 once closed
  int out_;
  std::string output_;
  kv::NodeName name_;
};

}  // namespace kv_tests

#endif  // KV_TESTS_DISTRIBUTED_PEER_PROCESS_H_
