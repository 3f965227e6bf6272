// Sockets that listen on an address.
#ifndef KV_RPC_LISTEN_H_
#define KV_RPC_LISTEN_H_

#include <cstdint>
#include <string>
#include <utility>
#include <vector>

#include "absl/status/statusor.h"

namespace kv::internal {

// Owns a file descriptor, or none. Not thread-safe.
class Descriptor {
 public:
  explicit Descriptor(int fd = -1) : fd_(fd) {}
  ~Descriptor() { reset(); }
  Descriptor(Descriptor&& other) noexcept : fd_(other.release()) {}
  Descriptor& operator=(Descriptor&& other) noexcept {
    reset(other.release());
    return *this;
  }

  bool valid() const { return fd_ >= 0; }
  int get() const { return fd_; }
  int release() { return std::exchange(fd_, -1); }
  void reset(int fd = -1);

 private:
  int fd_;
};

struct Listening {
  std::vector<Descriptor> sockets;  // non-blocking; one for each address
  std::uint16_t port = 0;
};

// Listens on all that `address`, `host:port`, means: each address of a host
// name, both families for `[::]`, a free port for port 0. kAlreadyExists: the
// port is in use; kUnavailable: the address can't be listened on for another
// reason. Both name address and cause.
absl::StatusOr<Listening> listen_on(const std::string& address);

}  // namespace kv::internal

#endif  // KV_RPC_LISTEN_H_
