#include "distributed/peer_process.h"

#include <fcntl.h>
#include <gtest/gtest.h>
#include <poll.h>
#include <spawn.h>
#include <sys/resource.h>
#include <sys/wait.h>
#include <unistd.h>

#include <algorithm>
#include <array>
#include <csignal>
#include <ctime>
#include <fstream>

#include "cluster/two_nodes.h"

namespace kv_tests {

std::unique_ptr<PeerProcess> PeerProcess::start(const std::string& name) {
  std::array<int, 2> in{};
  std::array<int, 2> out{};
  if (pipe2(in.data(), O_CLOEXEC) != 0 || pipe2(out.data(), O_CLOEXEC) != 0) {
    ADD_FAILURE() << "no pipes";
    return nullptr;
  }
  posix_spawn_file_actions_t actions;
  posix_spawn_file_actions_init(&actions);
  posix_spawn_file_actions_adddup2(&actions, in[0], STDIN_FILENO);
  posix_spawn_file_actions_adddup2(&actions, out[1], STDOUT_FILENO);
  std::string program = KVROUTE_PEER_PROGRAM;
  std::string full_name =
      name.find('@') == std::string::npos ? name + "@127.0.0.1:0" : name;
  std::array<char*, 3> arguments = {program.data(), full_name.data(), nullptr};
  pid_t pid = -1;
  const int error = posix_spawn(&pid, program.c_str(), &actions, nullptr,
                                arguments.data(), environ);
  posix_spawn_file_actions_destroy(&actions);
  close(in[0]);
  close(out[1]);
  std::unique_ptr<PeerProcess> peer(
      new PeerProcess(error == 0 ? pid : -1, in[1], out[0]));
  const auto said = kv::NodeName::parse(peer->read_line());
  EXPECT_TRUE(said.ok()) << program << ": " << said.status();
  if (!said.ok()) return nullptr;
  peer->name_ = *said;
  return peer;
}

PeerProcess::~PeerProcess() {
  close_stdin();
  close(out_);
  if (pid_ < 0) return;
  kill(pid_, SIGKILL);
  waitpid(pid_, nullptr, 0);
}

std::string PeerProcess::read_line() {
  const auto end = Clock::now() + kLong;
  std::size_t length = 0;
  while ((length = output_.find('\n')) == std::string::npos) {
    const auto left = std::max<std::int64_t>(
        (end - Clock::now()) / std::chrono::milliseconds(1), 0);
    pollfd fd = {out_, POLLIN, 0};
    std::array<char, 4096> buffer{};
    const bool said = poll(&fd, 1, static_cast<int>(left)) == 1;
    const ssize_t count = said ? read(out_, buffer.data(), buffer.size()) : 0;
    if (count <= 0) return "";
    output_.append(buffer.data(), static_cast<std::size_t>(count));
  }
  std::string line = output_.substr(0, length);
  output_.erase(0, length + 1);
  return line;
}

std::string PeerProcess::command(const std::string& line) {
  const std::string text = line + "\n";
  EXPECT_EQ(write(in_, text.data(), text.size()),
            static_cast<ssize_t>(text.size()));
  return read_line();
}

void PeerProcess::set_table(const kv::RoutingTable& table) {
  std::string text = table.str();
  std::replace(text.begin(), text.end(), '\n', ';');
  EXPECT_EQ(command("table " + text), "OK");
}

void PeerProcess::limit_descriptors(unsigned count) {
  rlimit limit = {};
  EXPECT_EQ(prlimit(pid_, RLIMIT_NOFILE, nullptr, &limit), 0);
  limit.rlim_cur = count;  // the other is for good
  EXPECT_EQ(prlimit(pid_, RLIMIT_NOFILE, &limit, nullptr), 0);
}

std::chrono::nanoseconds PeerProcess::time_used() const {
  clockid_t clock = 0;
  timespec time = {};
  EXPECT_EQ(clock_getcpuclockid(pid_, &clock), 0);
  EXPECT_EQ(clock_gettime(clock, &time), 0);
  return std::chrono::seconds(time.tv_sec) +
         std::chrono::nanoseconds(time.tv_nsec);
}

std::size_t PeerProcess::resident_bytes() const {
  std::ifstream file("/proc/" + std::to_string(pid_) + "/statm");
  std::size_t all = 0;
  std::size_t resident = 0;
  file >> all >> resident;
  return resident * static_cast<std::size_t>(sysconf(_SC_PAGESIZE));
}

void PeerProcess::signal(int number) {
  EXPECT_EQ(kill(pid_, number), 0);
  if (number != SIGSTOP) return;
  int status = 0;  // its threads go on for a moment
  EXPECT_EQ(waitpid(pid_, &status, WUNTRACED), pid_);
  EXPECT_TRUE(WIFSTOPPED(status));
}

void PeerProcess::close_stdin() {
  if (in_ >= 0) close(in_);
  in_ = -1;
}

std::optional<int> PeerProcess::wait() {
  int status = 0;
  if (!eventually([&] { return waitpid(pid_, &status, WNOHANG) == pid_; })) {
    return std::nullopt;
  }
  pid_ = -1;
  return WIFEXITED(status) ? WEXITSTATUS(status) : 128 + WTERMSIG(status);
}

}  // namespace kv_tests
