// Measures what crosses a process boundary: see usage below, and run.sh for
// what runs it.
#include <sched.h>

#include <cstdlib>
#include <iostream>
#include <map>
#include <string>
#include <vector>

#include "child.h"
#include "cluster.h"
#include "echo.h"
#include "fail.h"
#include "loads.h"

namespace {

using kv_bench::Seconds;
using Load = void (*)(Seconds time);

const std::map<std::string, Load>& loads() {
  static const std::map<std::string, Load> kLoads = {
      {"one-at-a-time", kv_bench::load_one_at_a_time},
      {"threads", kv_bench::load_threads},
      {"in-flight", kv_bench::load_in_flight},
      {"forwarded", kv_bench::load_forwarded},
      {"large", kv_bench::load_large},
      {"mixed", kv_bench::load_mixed},
      {"crowd", kv_bench::load_crowd},
      {"memory", kv_bench::load_memory},
  };
  return kLoads;
}

int usage() {
  std::cerr << "usage: bench_load LOAD [--cores N] [--seconds S]\n"
               "  --cores N    this process and those that it starts share the "
               "first N cores\n"
               "  --seconds S  for each figure (default: 1)\n"
               "LOAD is one of:\n";
  for (const auto& load : loads()) std::cerr << "  " << load.first << "\n";
  return 2;
}

// Before any thread starts, so that it holds for all of them.
void pin(int cores) {
  cpu_set_t set;
  CPU_ZERO(&set);
  for (int core = 0; core < cores; ++core) CPU_SET(core, &set);
  if (sched_setaffinity(0, sizeof(set), &set) != 0) {
    kv_bench::fail("no such cores");
  }
}

}  // namespace

int main(int argc, char** argv) {
  const std::vector<std::string> arguments(argv + 1, argv + argc);
  if (arguments.empty()) return usage();
  if (arguments[0] == "grpc-version") return kv_bench::say_grpc_version();
  if (arguments.size() == 2 && arguments[0].rfind("serve-", 0) == 0) {
    kv_bench::end_with_parent();
    return arguments[0] == "serve-echo" ? kv_bench::serve_echo(arguments[1])
                                        : kv_bench::serve_node(arguments[1]);
  }

  const auto load = loads().find(arguments[0]);
  if (load == loads().end() || arguments.size() % 2 == 0) return usage();
  Seconds time(1);
  for (std::size_t i = 1; i < arguments.size(); i += 2) {
    const double number = std::atof(arguments[i + 1].c_str());
    if (number <= 0) return usage();
    if (arguments[i] == "--cores") {
      pin(static_cast<int>(number));
    } else if (arguments[i] == "--seconds") {
      time = Seconds(number);
    } else {
      return usage();
    }
  }
  load->second(time);
  return 0;
}
