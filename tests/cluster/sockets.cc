#include "cluster/sockets.h"

#include <arpa/inet.h>
#include <fcntl.h>
#include <netinet/in.h>
#include <poll.h>
#include <sys/eventfd.h>
#include <sys/socket.h>
#include <unistd.h>

#include <array>
#include <condition_variable>
#include <cstdio>
#include <cstdlib>
#include <list>
#include <mutex>
#include <utility>

namespace kv_tests {
namespace {

sockaddr_in loopback(std::uint16_t port) {
  sockaddr_in address = {};
  address.sin_family = AF_INET;
  address.sin_addr.s_addr = htonl(INADDR_LOOPBACK);
  address.sin_port = htons(port);
  return address;
}

const sockaddr* generic(const sockaddr_in& address) {
  return reinterpret_cast<const sockaddr*>(&address);
}

void check(bool good, const char* what) {
  if (good) return;
  std::perror(what);
  std::abort();
}

int new_socket() {
  const int fd = socket(AF_INET, SOCK_STREAM | SOCK_CLOEXEC, 0);
  check(fd >= 0, "socket");
  return fd;
}

int connect_to(std::uint16_t port) {
  const int fd = new_socket();
  const sockaddr_in address = loopback(port);
  if (connect(fd, generic(address), sizeof address) == 0) return fd;
  close(fd);
  return -1;
}

bool send_all(int fd, const std::string& bytes) {
  std::size_t sent = 0;
  while (sent < bytes.size()) {
    const ssize_t now =
        send(fd, bytes.data() + sent, bytes.size() - sent, MSG_NOSIGNAL);
    if (now <= 0) return false;
    sent += static_cast<std::size_t>(now);
  }
  return true;
}

}  // namespace

Socket Socket::bound() {
  Socket it(new_socket());
  const sockaddr_in address = loopback(0);
  check(bind(it.fd(), generic(address), sizeof address) == 0, "bind");
  return it;
}

Socket Socket::listening(int backlog) {
  Socket it = bound();
  check(listen(it.fd(), backlog) == 0, "listen");
  return it;
}

Socket::~Socket() {
  if (fd_ >= 0) close(fd_);
}

Socket::Socket(Socket&& other) noexcept : fd_(std::exchange(other.fd_, -1)) {}

std::uint16_t Socket::port() const {
  sockaddr_in address = {};
  socklen_t size = sizeof address;
  check(getsockname(fd_, reinterpret_cast<sockaddr*>(&address), &size) == 0,
        "getsockname");
  return ntohs(address.sin_port);
}

std::string Socket::name(const std::string& short_name) const {
  return short_name + "@127.0.0.1:" + std::to_string(port());
}

bool is_free(std::uint16_t port) {
  const Socket it(new_socket());
  const sockaddr_in address = loopback(port);
  return bind(it.fd(), generic(address), sizeof address) == 0;
}

struct TcpProxy::State {
  // One connection: what comes in at one end goes out at the other.
  struct Line {
    Socket client;
    Socket server;
    bool lost_bytes = false;
  };

  explicit State(std::uint16_t the_to) : to(the_to) {}

  const std::uint16_t to;
  Socket listener = Socket::listening();
  Socket wake{eventfd(0, EFD_CLOEXEC | EFD_NONBLOCK)};
  std::list<Line> lines;  // of the proxy's thread

  mutable std::mutex mutex;
  mutable std::condition_variable heard_more;
  bool is_cut = false;  // guarded by mutex, as all below
  bool is_hole = false;
  bool ended = false;
  std::string from_bytes;
  std::string to_bytes;
  std::string heard;

  void change(bool State::*what, bool value) {
    const std::lock_guard<std::mutex> lock(mutex);
    this->*what = value;
    wake_up();
  }
  void wake_up() const {
    const std::uint64_t one = 1;
    check(write(wake.fd(), &one, sizeof one) == sizeof one, "write");
  }

  // False once a side has gone.
  bool carry(Line& line, bool from_server) {
    std::array<char, 65536> buffer{};
    const int in = from_server ? line.server.fd() : line.client.fd();
    const int out = from_server ? line.client.fd() : line.server.fd();
    const ssize_t count = recv(in, buffer.data(), buffer.size(), 0);
    if (count <= 0) return false;
    std::string bytes(buffer.data(), static_cast<std::size_t>(count));
    const std::lock_guard<std::mutex> lock(mutex);
    if (is_hole) line.lost_bytes = true;
    if (line.lost_bytes) return true;
    if (from_server) {
      heard += bytes;
      heard_more.notify_all();
      for (std::size_t at = 0;
           !from_bytes.empty() &&
           (at = bytes.find(from_bytes, at)) != std::string::npos;) {
        bytes.replace(at, to_bytes.size(), to_bytes);
      }
    }
    return send_all(out, bytes);
  }

  void accept_one(bool refuse) {
    Socket client(accept4(listener.fd(), nullptr, nullptr, SOCK_CLOEXEC));
    if (client.fd() < 0 || refuse) return;
    Socket server(connect_to(to));
    if (server.fd() < 0) return;
    lines.push_back({std::move(client), std::move(server), false});
  }
};

TcpProxy::TcpProxy(std::uint16_t to)
    : state_(std::make_shared<State>(to)),
      thread_([state = state_] { serve(state); }) {}

TcpProxy::~TcpProxy() {
  state_->change(&State::ended, true);
  thread_.join();
}

void TcpProxy::serve(const std::shared_ptr<State>& state) {
  for (;;) {
    std::vector<pollfd> fds = {{state->wake.fd(), POLLIN, 0},
                               {state->listener.fd(), POLLIN, 0}};
    for (const State::Line& line : state->lines) {
      fds.push_back({line.client.fd(), POLLIN, 0});
      fds.push_back({line.server.fd(), POLLIN, 0});
    }
    poll(fds.data(), fds.size(), -1);

    bool is_cut = false;
    bool is_hole = false;
    {
      const std::lock_guard<std::mutex> lock(state->mutex);
      if (state->ended) return;
      is_cut = state->is_cut;
      is_hole = state->is_hole;
    }
    std::uint64_t wakes = 0;
    (void)!read(state->wake.fd(), &wakes, sizeof wakes);
    std::size_t place = 2;
    for (auto it = state->lines.begin(); it != state->lines.end(); place += 2) {
      const bool broken =
          is_cut || (it->lost_bytes && !is_hole) ||
          (fds[place].revents != 0 && !state->carry(*it, false)) ||
          (fds[place + 1].revents != 0 && !state->carry(*it, true));
      it = broken ? state->lines.erase(it) : std::next(it);
    }
    if (fds[1].revents != 0) state->accept_one(is_cut);
  }
}

std::string TcpProxy::name(const std::string& short_name) const {
  return state_->listener.name(short_name);
}

void TcpProxy::cut() { state_->change(&State::is_cut, true); }

void TcpProxy::swallow() { state_->change(&State::is_hole, true); }

void TcpProxy::mend() {
  state_->change(&State::is_cut, false);
  state_->change(&State::is_hole, false);
}

void TcpProxy::replace(std::string from, std::string to) {
  const std::lock_guard<std::mutex> lock(state_->mutex);
  check(from.size() == to.size(), "replace");
  state_->from_bytes = std::move(from);
  state_->to_bytes = std::move(to);
}

std::string TcpProxy::heard() const {
  const std::lock_guard<std::mutex> lock(state_->mutex);
  return state_->heard;
}

bool TcpProxy::hears(const std::string& bytes, int times,
                     std::chrono::nanoseconds bound) const {
  std::unique_lock<std::mutex> lock(state_->mutex);
  std::size_t at = state_->heard.size();
  return state_->heard_more.wait_for(lock, bound, [&] {
    for (std::size_t next = 0;
         times > 0 &&
         (next = state_->heard.find(bytes, at)) != std::string::npos;) {
      at = next + bytes.size();
      --times;
    }
    return times <= 0;
  });
}

std::vector<Socket> fill_backlog(const Socket& listener) {
  std::vector<Socket> sockets;
  const sockaddr_in address = loopback(listener.port());
  for (;;) {
    Socket it(new_socket());
    fcntl(it.fd(), F_SETFL, O_NONBLOCK);
    (void)!connect(it.fd(), generic(address), sizeof address);
    // On loopback a handshake that succeeds does so within connect(), or soon.
    pollfd connected = {it.fd(), POLLOUT, 0};
    const bool full = poll(&connected, 1, 100) == 0;
    sockets.push_back(std::move(it));
    if (full) return sockets;
  }
}

}  // namespace kv_tests
