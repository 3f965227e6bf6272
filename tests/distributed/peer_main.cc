// A second process for the tests: a host with a node.
//
//   peer NAME
//
// prints the node's name once it listens, and then obeys what comes on standard
// input, a command a line, each answered by a line:
//
//   table ENTRY;ENTRY;...   set_table
//   whoami BUCKET           route(BUCKET, Whoami)
//   begin BUCKET OP         async(BUCKET, Apply{OP}), and keeps the task
//
// It ends, with 0 if its node stopped as it should, when standard input is
// closed or SIGTERM comes.
#include <fcntl.h>
#include <kv/kv.h>
#include <poll.h>
#include <pthread.h>
#include <sys/signalfd.h>
#include <unistd.h>

#include <algorithm>
#include <array>
#include <chrono>
#include <csignal>
#include <cstdlib>
#include <ctime>
#include <iostream>
#include <sstream>
#include <string>
#include <thread>
#include <vector>

namespace {

// Before any thread starts, so that none of them takes it.
int descriptor_of_sigterm() {
  sigset_t set;
  sigemptyset(&set);
  sigaddset(&set, SIGTERM);
  pthread_sigmask(SIG_BLOCK, &set, nullptr);
  return signalfd(-1, &set, SFD_CLOEXEC);
}

absl::StatusOr<std::string> hello(kv::OpContext& context, std::string_view) {
  context.out() << "hello world\n";
  return "done";
}

absl::StatusOr<std::string> increment(kv::OpContext& context,
                                      std::string_view) {
  if (context.bucket() == nullptr) return absl::NotFoundError("no bucket");
  const int before = std::stoi(context.bucket()->get("n").value_or("0"));
  const std::string after = std::to_string(before + 1);
  const absl::Status status = context.bucket()->put("n", after);
  if (!status.ok()) return status;
  return after;
}

// Says so to the test, and ends when its call does.
absl::StatusOr<std::string> wait(kv::OpContext& context, std::string_view) {
  auto told = context.router().route("begun", kv::Apply{"Begun"});
  if (!told.ok()) return told;
  while (!context.cancelled()) std::this_thread::yield();
  return "cancelled";
}

// Adds the bucket's name to the file `path`, at once and as a whole.
absl::StatusOr<std::string> record(kv::OpContext& context,
                                   std::string_view path) {
  const std::string line = std::string(context.bucket_name()) + "\n";
  const int fd =
      open(std::string(path).c_str(), O_WRONLY | O_APPEND | O_CLOEXEC);
  const ssize_t written = fd < 0 ? -1 : write(fd, line.data(), line.size());
  if (fd >= 0) close(fd);
  if (written != static_cast<ssize_t>(line.size())) std::abort();
  return "recorded";
}
absl::StatusOr<std::string> record_and_fail(kv::OpContext& context,
                                            std::string_view path) {
  record(context, path).IgnoreError();
  return absl::DataLossError("as told");
}

// "sleep N" or "burn N", microseconds.
absl::StatusOr<std::string> work(kv::OpContext&, std::string_view args) {
  std::istringstream words{std::string(args)};
  std::string how;
  int count = 0;
  words >> how >> count;
  const std::chrono::microseconds time(count);
  if (how == "sleep") {
    std::this_thread::sleep_for(time);
    return "done";
  }
  const auto used = [] {
    timespec now = {};
    clock_gettime(CLOCK_THREAD_CPUTIME_ID, &now);
    return std::chrono::seconds(now.tv_sec) +
           std::chrono::nanoseconds(now.tv_nsec);
  };
  for (const auto end = used() + time; used() < end;) {
  }
  return "done";
}

class Peer {
 public:
  explicit Peer(kv::Node& node) : node_(node) {}

  std::string obey(const std::string& line) {
    std::istringstream words(line);
    std::string command;
    std::string bucket;
    std::string op;
    words >> command;
    if (command == "table") return set_table(line.substr(command.size()));
    words >> bucket >> op;
    if (command == "whoami") {
      const auto name = node_.router().route(bucket, kv::Whoami{});
      return name.ok() ? *name : name.status().ToString();
    }
    if (command == "begin") {
      kv::CallOptions options;
      options.timeout = std::chrono::seconds(60);
      tasks_.push_back(node_.router().async(bucket, kv::Apply{op}, options));
      return "begun";
    }
    return "unknown command";
  }

 private:
  std::string set_table(std::string text) {
    std::replace(text.begin(), text.end(), ';', '\n');
    const auto table = kv::RoutingTable::parse(text);
    if (!table.ok()) return table.status().ToString();
    return node_.set_table(*table).ToString();
  }

  kv::Node& node_;
  std::vector<kv::Task<std::string>> tasks_;
};

void serve(Peer& peer, int sigterm) {
  std::string input;
  for (;;) {
    std::array<pollfd, 2> fds = {
        {{STDIN_FILENO, POLLIN, 0}, {sigterm, POLLIN, 0}}};
    if (poll(fds.data(), fds.size(), -1) < 0) continue;
    if (fds[1].revents != 0) return;
    std::array<char, 4096> buffer{};
    const ssize_t count = read(STDIN_FILENO, buffer.data(), buffer.size());
    if (count <= 0) return;
    input.append(buffer.data(), static_cast<std::size_t>(count));
    for (std::size_t end = 0; (end = input.find('\n')) != std::string::npos;) {
      std::cout << peer.obey(input.substr(0, end)) << std::endl;
      input.erase(0, end + 1);
    }
  }
}

}  // namespace

int main(int argc, char** argv) {
  const int sigterm = descriptor_of_sigterm();
  if (argc != 2 || sigterm < 0) return 2;
  kv::NodeOptions options;
  options.name = argv[1];
  const auto node = kv::Node::start(options);
  if (!node.ok()) {
    std::cerr << node.status() << std::endl;
    return 1;
  }
  if (!(*node)->define("Hello.world", hello).ok() ||
      !(*node)->define("Increment", increment).ok() ||
      !(*node)->define("Wait", wait).ok() ||
      !(*node)->define("Record", record).ok() ||
      !(*node)->define("RecordAndFail", record_and_fail).ok() ||
      !(*node)->define("Work", work).ok()) {
    return 1;
  }
  std::cout << (*node)->name() << std::endl;
  Peer peer(**node);
  serve(peer, sigterm);
  return (*node)->stop(std::chrono::milliseconds(500)).ok() ? 0 : 1;
}
