#include "kvctl/tool.h"

#include <fcntl.h>
#include <spawn.h>
#include <sys/wait.h>
#include <unistd.h>

#include <array>
#include <csignal>
#include <cstdlib>
#include <fstream>
#include <iterator>

#include "cluster/two_nodes.h"

namespace kv_tests {
namespace {

std::string read(const std::string& file) {
  std::ifstream in(file, std::ios::binary);
  return {std::istreambuf_iterator<char>(in), {}};
}

}  // namespace

TempFolder::TempFolder() {
  std::string name =
      (std::filesystem::temp_directory_path() / "kvctl-test-XXXXXX").string();
  EXPECT_NE(mkdtemp(name.data()), nullptr);
  folder_ = name;
}

TempFolder::~TempFolder() { std::filesystem::remove_all(folder_); }

std::string TempFolder::path(const std::string& name) const {
  return (folder_ / name).string();
}

std::string TempFolder::file(const std::string& name,
                             const std::string& text) const {
  std::ofstream(path(name), std::ios::binary) << text;
  return path(name);
}

Ended run_program(const std::vector<std::string>& words,
                  const std::string& in) {
  const TempFolder folder;
  const std::string input = folder.file("in", in);
  posix_spawn_file_actions_t actions;
  posix_spawn_file_actions_init(&actions);
  posix_spawn_file_actions_addopen(&actions, 0, input.c_str(), O_RDONLY, 0);
  constexpr int kWrite = O_WRONLY | O_CREAT | O_TRUNC;
  posix_spawn_file_actions_addopen(&actions, 1, folder.path("out").c_str(),
                                   kWrite, 0600);
  posix_spawn_file_actions_addopen(&actions, 2, folder.path("err").c_str(),
                                   kWrite, 0600);
  std::vector<std::string> copies = words;
  std::vector<char*> arguments;
  for (std::string& word : copies) arguments.push_back(word.data());
  arguments.push_back(nullptr);
  pid_t pid = -1;
  const int error = posix_spawnp(&pid, words[0].c_str(), &actions, nullptr,
                                 arguments.data(), environ);
  posix_spawn_file_actions_destroy(&actions);
  EXPECT_EQ(error, 0) << words[0];
  Ended ended;
  if (error != 0) return ended;
  int status = 0;
  if (eventually([&] { return waitpid(pid, &status, WNOHANG) == pid; })) {
    ended.exit =
        WIFEXITED(status) ? WEXITSTATUS(status) : 128 + WTERMSIG(status);
  } else {
    kill(pid, SIGKILL);
    waitpid(pid, &status, 0);
  }
  ended.out = read(folder.path("out"));
  ended.err = read(folder.path("err"));
  return ended;
}

void KvctlTest::SetUp() {
  foo_ = PeerProcess::start("foo");
  bar_ = PeerProcess::start("bar");
  ASSERT_NE(foo_, nullptr);
  ASSERT_NE(bar_, nullptr);
  said({"table", "set", "-", foo(), bar()}, guide_table());
}

Ended KvctlTest::kvctl(std::vector<std::string> words,
                       const std::string& in) const {
  words.insert(words.begin(), {KVROUTE_KVCTL_PROGRAM, "--node", foo()});
  return run_program(words, in);
}

std::string KvctlTest::said(const std::vector<std::string>& words,
                            const std::string& in) const {
  const Ended ended = kvctl(words, in);
  EXPECT_EQ(ended.exit, 0) << ended.err << ended.out;
  return ended.out;
}

std::string KvctlTest::fails(int exit, const std::vector<std::string>& words,
                             const std::string& in) const {
  const Ended ended = kvctl(words, in);
  EXPECT_EQ(ended.exit, exit) << ended.err << ended.out;
  EXPECT_EQ(ended.out, "");
  return ended.err;
}

}  // namespace kv_tests
