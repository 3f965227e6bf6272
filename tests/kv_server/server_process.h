// kv_servers in processes of their own, and clients that know nothing of
// kvroute.
#ifndef KV_TESTS_KV_SERVER_SERVER_PROCESS_H_
#define KV_TESTS_KV_SERVER_SERVER_PROCESS_H_

#include <gtest/gtest.h>
#include <sys/types.h>

#include <cstddef>
#include <cstdint>
#include <memory>
#include <optional>
#include <string>
#include <string_view>
#include <vector>

#include "cluster/two_nodes.h"

namespace kv_tests {

using Flags = std::vector<std::string>;

// Owns a process of KVROUTE_KV_SERVER_PROGRAM, and kills it if it has not ended
// when this is destroyed. Not thread-safe.
class ServerProcess {
 public:
  // On a free port for clients. nullptr and a failed test if it does not serve
  // in time.
  static std::unique_ptr<ServerProcess> start(Flags flags);
  // Whether it serves or not.
  static std::unique_ptr<ServerProcess> spawn(const Flags& flags);
  ~ServerProcess();
  ServerProcess(const ServerProcess&) = delete;
  ServerProcess& operator=(const ServerProcess&) = delete;

  std::uint16_t port() const { return port_; }
  std::string log() const;  // so far
  std::size_t resident_bytes() const;

  // After SIGSTOP it is frozen when this returns.
  void signal(int number);
  // Its exit status, 128 + the number of the signal that ended it; nothing if
  // it does not end in time.
  std::optional<int> wait();

 private:
  ServerProcess(pid_t pid, int log) : pid_(pid), log_(log) {}

  pid_t pid_;  // -1 once it has been waited for
  int log_;
  std::uint16_t port_ = 0;
};

// A client's connection to loopback. Fails the test where something takes too
// long. One thread may send while another reads.
class Client {
 public:
  explicit Client(std::uint16_t port);
  ~Client();
  Client(Client&& other) noexcept;
  Client& operator=(Client&&) = delete;

  void send(std::string_view bytes);
  // What can be sent while the server takes it: it has to take nothing for
  // `quiet` before this gives up.
  std::size_t send_while_taken(std::string_view bytes,
                               std::chrono::milliseconds quiet);
  void half_close();
  void reset();  // ends at once, and the server hears it as an error

  // With its end; what there was, if the server has ended the connection.
  std::string line();
  std::string lines(std::size_t count);
  // Until the server ends the connection.
  std::string rest();
  // Sends and waits for as many lines.
  std::string ask(std::string_view bytes, std::size_t lines = 1);
  // Nothing comes for so long.
  bool hears_nothing(std::chrono::milliseconds time);

 private:
  bool receive();  // false: ended
  bool wait_for(short events, std::chrono::milliseconds time) const;

  int fd_;
  std::string received_;
};

// A fixture: foo and bar, each a kv_server of its own, with the guide's table.
class TwoServers : public ::testing::Test {
 protected:
  void SetUp() override { start_both({}); }
  // With these flags beside those for name and table.
  void start_both(const Flags& flags);
  std::unique_ptr<ServerProcess> start(const std::string& name,
                                       Flags flags = {}) const;

  std::string foo_name_;
  std::string bar_name_;
  std::string table_;
  std::unique_ptr<ServerProcess> foo_;
  std::unique_ptr<ServerProcess> bar_;
};

}  // namespace kv_tests

#endif  // KV_TESTS_KV_SERVER_SERVER_PROCESS_H_
