#include "rpc/accept_loop.h"

#include <fcntl.h>
#include <netinet/in.h>
#include <netinet/tcp.h>
#include <poll.h>
#include <sys/eventfd.h>
#include <sys/socket.h>
#include <sys/stat.h>
#include <unistd.h>

#include <algorithm>
#include <cerrno>
#include <cstdint>
#include <string>
#include <system_error>

namespace kv::internal {
namespace {

using Clock = std::chrono::steady_clock;

// How long to wait where not even the spare descriptor helps.
constexpr int kPauseMs = 100;
// How many to take from one socket before others have their turn.
constexpr int kMostAtOnce = 64;
// At the limit, how often to look which connections have gone: this costs a
// system call for each.
constexpr std::chrono::milliseconds kCountPause{20};

Descriptor spare_descriptor() {
  return Descriptor(open("/dev/null", O_RDONLY | O_CLOEXEC));
}

Descriptor accept_one(int listener) {
  return Descriptor(
      accept4(listener, nullptr, nullptr, SOCK_CLOEXEC | SOCK_NONBLOCK));
}

bool out_of_descriptors(int error) {
  return error == EMFILE || error == ENFILE || error == ENOBUFS ||
         error == ENOMEM;
}

}  // namespace

AcceptLoop::AcceptLoop(const Options& options, Listening listening, Take take)
    : options_(options),
      take_(std::move(take)),
      wake_(eventfd(0, EFD_CLOEXEC | EFD_NONBLOCK)),
      listening_(std::move(listening)),
      spare_(spare_descriptor()) {}

absl::StatusOr<std::unique_ptr<AcceptLoop>> AcceptLoop::start(
    const Options& options, Listening listening, Take take) {
  std::unique_ptr<AcceptLoop> loop(
      new AcceptLoop(options, std::move(listening), std::move(take)));
  if (!loop->wake_.valid() || !loop->spare_.valid()) {
    return absl::UnavailableError("can't listen: no descriptors are left");
  }
  const MutexLock lock(loop->stop_mutex_);
  try {
    loop->thread_ = std::thread([it = loop.get()] { it->serve(); });
  } catch (const std::system_error&) {
    return absl::UnavailableError("can't listen: no thread is left");
  }
  return loop;
}

AcceptLoop::~AcceptLoop() { stop(); }

void AcceptLoop::stop() {
  const MutexLock lock(stop_mutex_);
  if (!thread_.joinable()) return;
  const std::uint64_t one = 1;
  (void)!write(wake_.get(), &one, sizeof one);
  thread_.join();
  listening_.sockets.clear();
}

void AcceptLoop::serve() {
  std::vector<pollfd> fds = {{wake_.get(), POLLIN, 0}};
  for (const Descriptor& socket : listening_.sockets) {
    fds.push_back({socket.get(), POLLIN, 0});
  }
  for (;;) {
    const nfds_t count = pause_ ? 1 : fds.size();
    if (poll(fds.data(), count, pause_ ? kPauseMs : -1) < 0) continue;
    if (fds[0].revents != 0) return;
    if (!spare_.valid()) spare_ = spare_descriptor();
    const bool looked_at_all = !pause_;
    pause_ = false;
    for (std::size_t i = 1; looked_at_all && i < fds.size(); ++i) {
      if (fds[i].revents != 0) accept_from(fds[i].fd);
    }
  }
}

void AcceptLoop::accept_from(int listener) {
  for (int i = 0; i < kMostAtOnce && !pause_; ++i) {
    Descriptor connection = accept_one(listener);
    if (connection.valid()) {
      keep(listener, std::move(connection));
    } else if (out_of_descriptors(errno)) {
      turn_one_away(listener);
    } else if (errno == EAGAIN || errno == EWOULDBLOCK) {
      return;
    }  // else that one has gone already
  }
}

void AcceptLoop::keep(int listener, Descriptor connection) {
  struct stat socket = {};
  if (full()) return log_refusal("max_connections of them are open");
  if (fstat(connection.get(), &socket) != 0) return;
  const int on = 1;
  const auto patience = static_cast<unsigned>(options_.unacknowledged.count());
  setsockopt(connection.get(), IPPROTO_TCP, TCP_NODELAY, &on, sizeof on);
  setsockopt(connection.get(), IPPROTO_TCP, TCP_USER_TIMEOUT, &patience,
             sizeof patience);
  connections_.emplace_back(connection.get(), socket.st_ino);
  take_(listener, connection.release());
}

bool AcceptLoop::full() {
  if (connections_.size() < options_.max_connections) return false;
  const Clock::time_point now = Clock::now();
  if (now < counted_ + kCountPause) return true;
  counted_ = now;
  connections_.erase(
      std::remove_if(connections_.begin(), connections_.end(),
                     [](const std::pair<int, ino_t>& connection) {
                       struct stat socket = {};
                       return fstat(connection.first, &socket) != 0 ||
                              socket.st_ino != connection.second;
                     }),
      connections_.end());
  return connections_.size() >= options_.max_connections;
}

void AcceptLoop::turn_one_away(int listener) {
  spare_.reset();
  const bool turned_away = accept_one(listener).valid();
  spare_ = spare_descriptor();
  // Somebody else in this process was quicker: without a pause the listener,
  // which is still ready, would keep this thread busy.
  pause_ = !turned_away || !spare_.valid();
  log_refusal("the process has no file descriptor left for it");
}

void AcceptLoop::log_refusal(const char* why) {
  constexpr auto kKind = Log::Often::kRefusedConnection;
  if (options_.log == nullptr || !options_.log->due(kKind)) return;
  options_.log->write_due(kKind, LogSeverity::kWarning,
                          std::string("refused a connection: ") + why);
}

}  // namespace kv::internal
