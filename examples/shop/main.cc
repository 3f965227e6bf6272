// A shop with shelves on two nodes, each a process of its own, and many
// customers at once who take goods and sometimes put them back. At the end it
// counts: what is left and what was taken must be what there was.
//
//   shop               runs all of it
//   shop member NAME   the second process, which the first one starts
#include <fcntl.h>
#include <spawn.h>
#include <sys/wait.h>
#include <unistd.h>

#include <cstdio>
#include <cstdlib>
#include <iostream>
#include <limits>
#include <memory>
#include <random>
#include <string>
#include <thread>
#include <utility>
#include <vector>

#include "stock.h"

extern char** environ;

namespace {

constexpr int kCustomers = 32;
constexpr int kOrders = 100;            // of each customer
constexpr std::int64_t kPieces = 1000;  // of each item on each shelf
const std::vector<std::string> kShelves = {"books", "garden", "toys", "wine"};
const std::vector<std::string> kItems = {"blue", "green", "red"};

template <typename T>
T value_of(absl::StatusOr<T> result) {
  if (!result.ok()) {
    std::cerr << "shop: " << result.status() << "\n";
    std::exit(1);
  }
  return *std::move(result);
}

void check(const absl::Status& status) {
  if (status.ok()) return;
  std::cerr << "shop: " << status << "\n";
  std::exit(1);
}

std::unique_ptr<kv::Node> start(const std::string& name) {
  kv::NodeOptions options;
  options.name = name;
  std::unique_ptr<kv::Node> node =
      value_of(kv::Node::start(std::move(options)));
  check(shop::define_ops(*node));
  return node;
}

// The second process: tells its name, reads the table, and serves until its
// input ends.
int serve(const std::string& name) {
  const std::unique_ptr<kv::Node> node = start(name);
  std::cout << node->name() << std::endl;
  std::string table;
  for (std::string line; std::getline(std::cin, line) && line != "end";) {
    table += line + "\n";
  }
  check(node->set_table(value_of(kv::RoutingTable::parse(table))));
  std::cout << "ready" << std::endl;
  std::cin.ignore(std::numeric_limits<std::streamsize>::max());
  return node->stop().ok() ? 0 : 1;
}

// This program once more, as a member.
class Member {
 public:
  explicit Member(const char* name) {
    int to[2];
    int from[2];
    if (pipe2(to, O_CLOEXEC) != 0 || pipe2(from, O_CLOEXEC) != 0) {
      check(absl::UnavailableError("no pipe"));
    }
    posix_spawn_file_actions_t actions;
    posix_spawn_file_actions_init(&actions);
    posix_spawn_file_actions_adddup2(&actions, to[0], 0);
    posix_spawn_file_actions_adddup2(&actions, from[1], 1);
    std::string program = "/proc/self/exe";
    std::string member = "member";
    std::string text = name;
    char* argv[] = {program.data(), member.data(), text.data(), nullptr};
    if (posix_spawn(&pid_, program.c_str(), &actions, nullptr, argv, environ) !=
        0) {
      check(absl::UnavailableError("can't start a second process"));
    }
    posix_spawn_file_actions_destroy(&actions);
    close(to[0]);
    close(from[1]);
    to_ = fdopen(to[1], "w");
    from_ = fdopen(from[0], "r");
  }
  // Its input ends, so it stops.
  int stop() {
    fclose(to_);
    int status = 0;
    waitpid(pid_, &status, 0);
    fclose(from_);
    return status;
  }

  void write(const std::string& text) {
    fputs(text.c_str(), to_);
    fflush(to_);
  }
  std::string read_line() {
    char line[256] = "";
    if (fgets(line, sizeof line, from_) == nullptr) {
      check(absl::UnavailableError("the second process has ended"));
    }
    std::string text = line;
    text.pop_back();
    return text;
  }

 private:
  pid_t pid_ = 0;
  FILE* to_ = nullptr;
  FILE* from_ = nullptr;
};

// One customer's orders. Returns how many pieces it has in the end.
std::int64_t buy(kv::Router& router, unsigned seed) {
  std::mt19937 random(seed);
  std::int64_t taken = 0;
  for (int order = 0; order < kOrders; ++order) {
    const std::string& shelf = kShelves[random() % kShelves.size()];
    shop::ReserveRequest reserve;
    reserve.set_item(kItems[random() % kItems.size()]);
    reserve.set_count(1 + random() % 5);
    const auto reserved = router.route(shelf, shop::kReserve(reserve));
    if (absl::IsFailedPrecondition(reserved.status())) continue;  // sold out
    check(reserved.status());
    taken += reserve.count();
    if (random() % 4 != 0) continue;
    shop::ReleaseRequest release;
    release.set_item(reserve.item());
    release.set_count(reserve.count());
    check(router.route(shelf, shop::kRelease(release)).status());
    taken -= release.count();
  }
  return taken;
}

int run() {
  const std::unique_ptr<kv::Node> foo = start("foo@127.0.0.1:0");
  Member bar("bar@127.0.0.1:0");
  const std::string table =
      "a..m " + foo->name().str() + "\nn..z " + bar.read_line() + "\n";
  bar.write(table + "end\n");
  bar.read_line();
  check(foo->set_table(value_of(kv::RoutingTable::parse(table))));

  kv::Router& router = foo->router();
  kv::PutMany stock;
  for (const std::string& item : kItems) {
    stock.pairs.emplace_back(item, std::to_string(kPieces));
  }
  for (const std::string& shelf : kShelves) {
    check(router.route(shelf, kv::Create{}).status());
    check(router.route(shelf, stock));
    std::cout << "shelf " << shelf << " stands on "
              << value_of(router.owner_of(shelf)).short_name() << "\n";
  }

  std::vector<kv::Task<std::int64_t>> customers;
  for (unsigned seed = 1; seed <= kCustomers; ++seed) {
    customers.push_back(
        kv::async([&router, seed] { return buy(router, seed); }));
  }
  std::int64_t taken = 0;
  for (auto& result : kv::await_all(customers, std::chrono::minutes(1))) {
    taken += value_of(std::move(result));
  }

  std::int64_t left = 0;
  for (auto& report :
       router.route_all(kShelves, shop::kReport(shop::ReportRequest()))) {
    const shop::ReportReply reply = value_of(std::move(report));
    for (const auto& stocked : reply.stocks()) {
      left += stocked.count();
    }
  }
  const std::int64_t was =
      kPieces * static_cast<std::int64_t>(kShelves.size() * kItems.size());
  std::cout << kCustomers << " customers took " << taken << " pieces, " << left
            << " are left, " << was << " there were: "
            << (taken + left == was ? "it adds up" : "SOMETHING IS WRONG")
            << "\n";
  const bool stopped = bar.stop() == 0 && foo->stop().ok();
  return taken + left == was && stopped ? 0 : 1;
}

}  // namespace

int main(int argc, char** argv) {
  if (argc == 3 && std::string(argv[1]) == "member") return serve(argv[2]);
  if (argc == 1) return run();
  std::cerr << "usage: shop\n";
  return 2;
}
