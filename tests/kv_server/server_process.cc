#include "kv_server/server_process.h"

#include <arpa/inet.h>
#include <fcntl.h>
#include <netinet/in.h>
#include <poll.h>
#include <spawn.h>
#include <sys/mman.h>
#include <sys/socket.h>
#include <sys/wait.h>
#include <unistd.h>

#include <array>
#include <csignal>
#include <cstdlib>
#include <fstream>
#include <sstream>

#include "cluster/sockets.h"

namespace kv_tests {
namespace {

constexpr std::chrono::milliseconds kLongTime{kLong};

}  // namespace

std::unique_ptr<ServerProcess> ServerProcess::spawn(const Flags& flags) {
  const int log = memfd_create("kv_server.log", MFD_CLOEXEC);
  EXPECT_GE(log, 0);
  posix_spawn_file_actions_t actions;
  posix_spawn_file_actions_init(&actions);
  posix_spawn_file_actions_adddup2(&actions, log, STDERR_FILENO);
  Flags arguments = flags;
  arguments.insert(arguments.begin(), KVROUTE_KV_SERVER_PROGRAM);
  std::vector<char*> argv;
  for (std::string& argument : arguments) argv.push_back(argument.data());
  argv.push_back(nullptr);
  // Else AddressSanitizer keeps what was freed, and tests can't see what is held.
  setenv("ASAN_OPTIONS", "quarantine_size_mb=1", 0);
  pid_t pid = -1;
  const int error =
      posix_spawn(&pid, argv[0], &actions, nullptr, argv.data(), environ);
  posix_spawn_file_actions_destroy(&actions);
  EXPECT_EQ(error, 0);
  return std::unique_ptr<ServerProcess>(
      new ServerProcess(error == 0 ? pid : -1, log));
}

std::unique_ptr<ServerProcess> ServerProcess::start(Flags flags) {
  flags.emplace_back("--port=0");
  std::unique_ptr<ServerProcess> server = spawn(flags);
  const std::string before = " serves clients on 127.0.0.1:";
  const bool serves = eventually([&] {
    const std::string log = server->log();
    const std::size_t at = log.find(before);
    if (at == std::string::npos || log.find('\n', at) == std::string::npos) {
      return false;
    }
    server->port_ =
        static_cast<std::uint16_t>(std::stoi(log.substr(at + before.size())));
    return true;
  });
  EXPECT_TRUE(serves) << server->log();
  return serves ? std::move(server) : nullptr;
}

ServerProcess::~ServerProcess() {
  if (pid_ >= 0) {
    kill(pid_, SIGKILL);
    waitpid(pid_, nullptr, 0);
  }
  close(log_);
}

std::string ServerProcess::log() const {
  std::string log;
  std::array<char, 4096> buffer{};
  ssize_t count = 0;
  while ((count = pread(log_, buffer.data(), buffer.size(),
                        static_cast<off_t>(log.size()))) > 0) {
    log.append(buffer.data(), static_cast<std::size_t>(count));
  }
  return log;
}

std::size_t ServerProcess::resident_bytes() const {
  std::ifstream statm("/proc/" + std::to_string(pid_) + "/statm");
  std::size_t all = 0;
  std::size_t resident = 0;
  statm >> all >> resident;
  return resident * static_cast<std::size_t>(sysconf(_SC_PAGESIZE));
}

void ServerProcess::signal(int number) {
  EXPECT_EQ(kill(pid_, number), 0);
  if (number != SIGSTOP) return;
  int status = 0;  // its threads go on for a moment
  EXPECT_EQ(waitpid(pid_, &status, WUNTRACED), pid_);
  EXPECT_TRUE(WIFSTOPPED(status));
}

std::optional<int> ServerProcess::wait() {
  int status = 0;
  if (!eventually([&] { return waitpid(pid_, &status, WNOHANG) == pid_; })) {
    return std::nullopt;
  }
  pid_ = -1;
  return WIFEXITED(status) ? WEXITSTATUS(status) : 128 + WTERMSIG(status);
}

Client::Client(std::uint16_t port)
    : fd_(socket(AF_INET, SOCK_STREAM | SOCK_CLOEXEC, 0)) {
  sockaddr_in address{};
  address.sin_family = AF_INET;
  address.sin_port = htons(port);
  address.sin_addr.s_addr = htonl(INADDR_LOOPBACK);
  EXPECT_EQ(connect(fd_, reinterpret_cast<const sockaddr*>(&address),
                    sizeof(address)),
            0);
  fcntl(fd_, F_SETFL, O_NONBLOCK);
}

Client::~Client() {
  if (fd_ >= 0) close(fd_);
}

Client::Client(Client&& other) noexcept
    : fd_(std::exchange(other.fd_, -1)),
      received_(std::move(other.received_)) {}

bool Client::wait_for(short events, std::chrono::milliseconds time) const {
  pollfd fd = {fd_, events, 0};
  return poll(&fd, 1, static_cast<int>(time.count())) == 1;
}

std::size_t Client::send_while_taken(std::string_view bytes,
                                     std::chrono::milliseconds quiet) {
  std::size_t sent = 0;
  while (sent < bytes.size() && wait_for(POLLOUT, quiet)) {
    const ssize_t count =
        ::send(fd_, bytes.data() + sent, bytes.size() - sent, MSG_NOSIGNAL);
    if (count < 0) break;
    sent += static_cast<std::size_t>(count);
  }
  return sent;
}

void Client::send(std::string_view bytes) {
  EXPECT_EQ(send_while_taken(bytes, kLongTime), bytes.size());
}

void Client::half_close() { EXPECT_EQ(shutdown(fd_, SHUT_WR), 0); }

void Client::reset() {
  const linger at_once = {1, 0};
  setsockopt(fd_, SOL_SOCKET, SO_LINGER, &at_once, sizeof(at_once));
  close(std::exchange(fd_, -1));
}

bool Client::receive() {
  if (!wait_for(POLLIN, kLongTime)) {
    ADD_FAILURE() << "the server says nothing";
    return false;
  }
  std::array<char, 65536> buffer{};
  const ssize_t count = recv(fd_, buffer.data(), buffer.size(), 0);
  if (count <= 0) return false;
  received_.append(buffer.data(), static_cast<std::size_t>(count));
  return true;
}

std::string Client::line() { return lines(1); }

std::string Client::lines(std::size_t count) {
  std::size_t length = 0;
  for (std::size_t i = 0; i < count; ++i) {
    std::size_t end = 0;
    std::size_t from = length;
    while ((end = received_.find('\n', from)) == std::string::npos) {
      from = received_.size();
      if (!receive()) return std::exchange(received_, "");
    }
    length = end + 1;
  }
  std::string lines = received_.substr(0, length);
  received_.erase(0, length);
  return lines;
}

std::string Client::rest() {
  while (receive()) {
  }
  return std::exchange(received_, "");
}

std::string Client::ask(std::string_view bytes, std::size_t count) {
  send(bytes);
  return lines(count);
}

bool Client::hears_nothing(std::chrono::milliseconds time) {
  return received_.empty() && !wait_for(POLLIN, time);
}

void TwoServers::start_both(const Flags& flags) {
  foo_ = nullptr;
  bar_ = nullptr;
  {
    const Socket foo = Socket::bound();
    const Socket bar = Socket::bound();
    foo_name_ = foo.name("foo");
    bar_name_ = bar.name("bar");
  }
  table_ = "a..m " + foo_name_ + "\nn..z " + bar_name_;
  foo_ = start(foo_name_, flags);
  bar_ = start(bar_name_, flags);
  ASSERT_NE(foo_, nullptr);
  ASSERT_NE(bar_, nullptr);
}

std::unique_ptr<ServerProcess> TwoServers::start(const std::string& name,
                                                 Flags flags) const {
  flags.push_back("--name=" + name);
  flags.push_back("--table=" + table_);
  return ServerProcess::start(std::move(flags));
}

}  // namespace kv_tests
