// Many nodes in one process: what each costs in threads, and all of them in
// processor time while nobody calls.
#include <kv/kv.h>
#include <sys/resource.h>

#include <cstddef>
#include <fstream>
#include <memory>
#include <string>
#include <thread>
#include <vector>

#include "fail.h"
#include "loads.h"
#include "report.h"

namespace kv_bench {
namespace {

constexpr std::size_t kNodes = 32;
constexpr char kWhat[] = "32 nodes";

double threads() {
  std::ifstream status("/proc/self/status");
  for (std::string word; status >> word;) {
    std::size_t count = 0;
    if (word == "Threads:" && status >> count) {
      return static_cast<double>(count);
    }
  }
  fail("the kernel does not tell how many threads there are");
}

// User and system, all threads.
Seconds processor_time() {
  rusage usage{};
  getrusage(RUSAGE_SELF, &usage);
  const auto seconds = [](const timeval& time) {
    return Seconds(static_cast<double>(time.tv_sec) +
                   static_cast<double>(time.tv_usec) / 1e6);
  };
  return seconds(usage.ru_utime) + seconds(usage.ru_stime);
}

// A connection takes two descriptors in this process.
void allow_many_descriptors() {
  rlimit limit{};
  getrlimit(RLIMIT_NOFILE, &limit);
  limit.rlim_cur = limit.rlim_max;
  setrlimit(RLIMIT_NOFILE, &limit);
}

using Nodes = std::vector<std::unique_ptr<kv::Node>>;

// Each calls the next `peers`, in a ring.
void call_peers(const Nodes& nodes, std::size_t peers) {
  for (std::size_t i = 0; i < kNodes; ++i) {
    for (std::size_t distance = 1; distance <= peers; ++distance) {
      const kv::Node& peer = *nodes[(i + distance) % kNodes];
      check(nodes[i]->router().call(peer.name().str(), kv::Whoami{}).status());
    }
  }
}

}  // namespace

void load_crowd(Seconds time) {
  allow_many_descriptors();
  const double before = threads();
  Nodes nodes;
  for (std::size_t i = 0; i < kNodes; ++i) {
    kv::NodeOptions options;
    options.name = "n" + std::to_string(i) + "@127.0.0.1:0";
    nodes.push_back(check(kv::Node::start(std::move(options))));
  }
  const auto report_threads = [&](const std::string& who) {
    std::this_thread::sleep_for(time);  // gRPC's pool shrinks by itself
    report(kWhat, who, "threads_per_node", (threads() - before) / kNodes);
  };
  call_peers(nodes, 2);
  report_threads("2 peers");
  call_peers(nodes, kNodes - 1);
  report_threads("31 peers");

  const Seconds used = processor_time();
  std::this_thread::sleep_for(3 * time);
  report(kWhat, "idle", "percent_of_a_core",
         100 * (processor_time() - used).count() / (3 * time).count());
}

}  // namespace kv_bench
