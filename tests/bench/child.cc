#include "child.h"

#include <fcntl.h>
#include <spawn.h>
#include <sys/prctl.h>
#include <sys/wait.h>
#include <unistd.h>

#include <array>
#include <csignal>

#include "fail.h"

namespace kv_bench {

void end_with_parent() { prctl(PR_SET_PDEATHSIG, SIGKILL); }

Child::Child(const std::vector<std::string>& arguments) {
  std::array<int, 2> in{};
  std::array<int, 2> out{};
  if (pipe2(in.data(), O_CLOEXEC) != 0 || pipe2(out.data(), O_CLOEXEC) != 0) {
    fail("no pipes");
  }
  posix_spawn_file_actions_t actions;
  posix_spawn_file_actions_init(&actions);
  posix_spawn_file_actions_adddup2(&actions, in[0], STDIN_FILENO);
  posix_spawn_file_actions_adddup2(&actions, out[1], STDOUT_FILENO);
  std::string program = "/proc/self/exe";
  std::vector<std::string> words = arguments;
  std::vector<char*> argv = {program.data()};
  for (std::string& word : words) argv.push_back(word.data());
  argv.push_back(nullptr);
  if (posix_spawn(&pid_, program.c_str(), &actions, nullptr, argv.data(),
                  environ) != 0) {
    fail("no further process");
  }
  posix_spawn_file_actions_destroy(&actions);
  close(in[0]);
  close(out[1]);
  in_ = in[1];
  out_ = out[0];
  address_ = read_line();
}

Child::~Child() {
  close(in_);
  close(out_);
  kill(pid_, SIGKILL);
  waitpid(pid_, nullptr, 0);
}

std::string Child::read_line() {
  std::size_t length = 0;
  while ((length = output_.find('\n')) == std::string::npos) {
    std::array<char, 4096> buffer{};
    const ssize_t count = read(out_, buffer.data(), buffer.size());
    if (count <= 0) fail("a process that was started here has ended");
    output_.append(buffer.data(), static_cast<std::size_t>(count));
  }
  std::string line = output_.substr(0, length);
  output_.erase(0, length + 1);
  return line;
}

std::string Child::command(const std::string& line) {
  const std::string text = line + "\n";
  if (write(in_, text.data(), text.size()) !=
      static_cast<ssize_t>(text.size())) {
    fail("a process that was started here does not listen");
  }
  return read_line();
}

void Child::signal(int number) {
  kill(pid_, number);
  if (number == SIGSTOP) waitpid(pid_, nullptr, WUNTRACED);
}

}  // namespace kv_bench
