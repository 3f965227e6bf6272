#include "rpc/listen.h"

#include <arpa/inet.h>
#include <netdb.h>
#include <netinet/in.h>
#include <sys/socket.h>
#include <unistd.h>

#include <cerrno>
#include <memory>
#include <system_error>

#include "absl/strings/str_cat.h"

namespace kv::internal {
namespace {

using Addresses = std::unique_ptr<addrinfo, decltype(&freeaddrinfo)>;

absl::Status failure(const std::string& address, absl::string_view cause) {
  return absl::UnavailableError(
      absl::StrCat("can't listen on ", address, ": ", cause));
}

absl::Status failure(const std::string& address, int error) {
  if (error == EADDRINUSE) {
    return absl::AlreadyExistsError(
        absl::StrCat("can't listen on ", address, ": the port is in use"));
  }
  return failure(address, std::generic_category().message(error));
}

absl::StatusOr<Addresses> resolve(const std::string& address) {
  const std::size_t colon = address.rfind(':');
  std::string host = address.substr(0, colon);
  if (host.size() >= 2 && host.front() == '[') {
    host = host.substr(1, host.size() - 2);
  }
  addrinfo hints = {};
  hints.ai_socktype = SOCK_STREAM;
  hints.ai_flags = AI_PASSIVE;
  addrinfo* found = nullptr;
  const int error = getaddrinfo(host.c_str(), address.substr(colon + 1).c_str(),
                                &hints, &found);
  if (error != 0) return failure(address, gai_strerror(error));
  return Addresses(found, &freeaddrinfo);
}

std::uint16_t& port_of(sockaddr& address) {
  return address.sa_family == AF_INET6
             ? reinterpret_cast<sockaddr_in6&>(address).sin6_port
             : reinterpret_cast<sockaddr_in&>(address).sin_port;
}

// errno, or 0.
int open_socket(addrinfo& address, Descriptor& to) {
  const int on = 1;
  const int off = 0;
  to.reset(
      socket(address.ai_family, SOCK_STREAM | SOCK_CLOEXEC | SOCK_NONBLOCK, 0));
  if (!to.valid()) return errno;
  const int fd = to.get();
  if (setsockopt(fd, SOL_SOCKET, SO_REUSEADDR, &on, sizeof on) != 0) {
    return errno;
  }
  if (address.ai_family == AF_INET6 &&
      setsockopt(fd, IPPROTO_IPV6, IPV6_V6ONLY, &off, sizeof off) != 0) {
    return errno;
  }
  if (bind(fd, address.ai_addr, address.ai_addrlen) != 0) return errno;
  if (listen(fd, SOMAXCONN) != 0) return errno;
  return getsockname(fd, address.ai_addr, &address.ai_addrlen) == 0 ? 0 : errno;
}

}  // namespace

void Descriptor::reset(int fd) {
  if (fd_ >= 0) close(fd_);
  fd_ = fd;
}

absl::StatusOr<Listening> listen_on(const std::string& address) {
  const absl::StatusOr<Addresses> addresses = resolve(address);
  if (!addresses.ok()) return addresses.status();
  Listening listening;
  int last_error = 0;
  for (addrinfo* it = addresses->get(); it != nullptr; it = it->ai_next) {
    if (listening.port != 0) port_of(*it->ai_addr) = htons(listening.port);
    Descriptor fd;
    const int error = open_socket(*it, fd);
    if (error == EADDRINUSE) return failure(address, error);
    if (error == 0) {
      listening.port = ntohs(port_of(*it->ai_addr));
      listening.sockets.push_back(std::move(fd));
    } else {
      last_error = error;  // a family that this machine does not speak
    }
  }
  if (listening.sockets.empty()) return failure(address, last_error);
  return listening;
}

}  // namespace kv::internal
