// A connection to a node on which a test may send anything.
#ifndef KV_TESTS_TRUST_RAW_SOCKET_H_
#define KV_TESTS_TRUST_RAW_SOCKET_H_

#include <arpa/inet.h>
#include <netinet/in.h>
#include <poll.h>
#include <sys/socket.h>

#include <array>
#include <cstdint>
#include <string>

#include "cluster/sockets.h"

namespace kv_tests {

// What a client of HTTP/2 begins with, and a frame.
inline const std::string kPreface = "PRI * HTTP/2.0\r\n\r\nSM\r\n\r\n";
inline std::string frame(char type, char flags, char stream,
                         const std::string& payload) {
  const std::size_t size = payload.size();
  std::string text;
  for (const int shift : {16, 8, 0}) {
    text.push_back(static_cast<char>(size >> shift & 0xff));
  }
  text.push_back(type);
  text.push_back(flags);
  text.append(3, '\0');
  text.push_back(stream);
  return text + payload;
}
// Preface and settings: to a node without TLS the connection is then complete.
inline std::string hello() { return kPreface + frame(4, 0, 0, ""); }

// What a node answers to a ping of HTTP/2 begins with.
inline const std::string kPingAnswer("\0\0\x08\x06\x01\0\0\0\0", 9);

// Not thread-safe.
class RawSocket {
 public:
  // To a port of loopback, which must listen.
  explicit RawSocket(std::uint16_t port)
      : socket_(::socket(AF_INET, SOCK_STREAM | SOCK_CLOEXEC, 0)) {
    sockaddr_in address = {};
    address.sin_family = AF_INET;
    address.sin_addr.s_addr = htonl(INADDR_LOOPBACK);
    address.sin_port = htons(port);
    connected_ =
        ::connect(socket_.fd(), reinterpret_cast<const sockaddr*>(&address),
                  sizeof address) == 0;
  }

  bool connected() const { return connected_; }
  // False once the node has closed the connection.
  bool send(const std::string& bytes) {
    return ::send(socket_.fd(), bytes.data(), bytes.size(), MSG_NOSIGNAL) ==
           static_cast<ssize_t>(bytes.size());
  }
  // Whether the node closes it within so many milliseconds.
  bool closed_within(int ms) {
    for (;;) {
      pollfd fd = {socket_.fd(), POLLIN, 0};
      if (poll(&fd, 1, ms) != 1) return false;
      std::array<char, 4096> buffer{};
      if (recv(socket_.fd(), buffer.data(), buffer.size(), 0) <= 0) return true;
    }
  }

 private:
  Socket socket_;
  bool connected_ = false;
};

}  // namespace kv_tests

#endif  // KV_TESTS_TRUST_RAW_SOCKET_H_
