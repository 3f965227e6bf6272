// What a network does to a connection, on loopback: nobody listens, nobody
// answers, the line is cut, a byte is another.
#ifndef KV_TESTS_CLUSTER_SOCKETS_H_
#define KV_TESTS_CLUSTER_SOCKETS_H_

#include <chrono>
#include <cstdint>
#include <memory>
#include <string>
#include <thread>
#include <vector>

namespace kv_tests {

// A socket that owns its port until it is destroyed. Not thread-safe.
class Socket {
 public:
  // On a free port of loopback. Whoever dials it is refused.
  static Socket bound();
  // Whoever dials it is connected, until `backlog` is full, and hears nothing.
  static Socket listening(int backlog = 8);

  explicit Socket(int fd) : fd_(fd) {}
  ~Socket();
  Socket(Socket&& other) noexcept;
  Socket& operator=(Socket&&) = delete;

  int fd() const { return fd_; }
  std::uint16_t port() const;
  // "short@127.0.0.1:port"
  std::string name(const std::string& short_name) const;

 private:
  int fd_;
};

// Whether nobody has this port of loopback.
bool is_free(std::uint16_t port);

// A line to a port of loopback that can be cut. cut() is safe from any thread.
class TcpProxy {
 public:
  explicit TcpProxy(std::uint16_t to);
  ~TcpProxy();
  TcpProxy(const TcpProxy&) = delete;
  TcpProxy& operator=(const TcpProxy&) = delete;

  std::string name(const std::string& short_name) const;
  // Ends all connections, and refuses new ones, until mend().
  void cut();
  // A black hole: takes connections and bytes, and passes nothing on, until
  // mend(). Connections that have lost bytes end then.
  void swallow();
  void mend();
  // From now on `to` stands wherever `from`, as long, comes from the server.
  void replace(std::string from, std::string to);
  // All that came from the server.
  std::string heard() const;
  // Waits until the server has said `bytes` so many times more.
  bool hears(const std::string& bytes, int times,
             std::chrono::nanoseconds bound) const;

 private:
  struct State;
  static void serve(const std::shared_ptr<State>& state);

  const std::shared_ptr<State> state_;
  std::thread thread_;
};

// Connects to a listening socket's port until its backlog takes no more: a SYN
// that comes now gets no answer.
std::vector<Socket> fill_backlog(const Socket& listener);

}  // namespace kv_tests

#endif  // KV_TESTS_CLUSTER_SOCKETS_H_
