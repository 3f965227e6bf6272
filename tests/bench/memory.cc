// What a key costs in memory.
#include <kv/kv.h>
#include <malloc.h>
#include <unistd.h>

#include <cstddef>
#include <fstream>
#include <string>

#include "fail.h"
#include "loads.h"
#include "report.h"
#include "shape.h"

namespace kv_bench {
namespace {

constexpr std::size_t kKeys = 1000000;

double resident_bytes() {
  std::ifstream statm("/proc/self/statm");
  std::size_t all = 0;
  std::size_t resident = 0;
  if (!(statm >> all >> resident)) fail("the kernel does not tell the memory");
  return static_cast<double>(resident) *
         static_cast<double>(sysconf(_SC_PAGESIZE));
}

double allocated_bytes() {
  const struct mallinfo2 info = mallinfo2();
  return static_cast<double>(info.uordblks + info.hblkhd);
}

}  // namespace

void load_memory(Seconds /*time*/) {
  kv::NodeOptions options;
  options.name = "foo@127.0.0.1:0";
  const auto node = check(kv::Node::start(std::move(options)));
  check(node->set_table(
      check(kv::RoutingTable::parse("a..z " + node->name().str()))));
  check(node->router().route(kLocalBucket, kv::Create{}).status());

  const double resident = resident_bytes();
  const double allocated = allocated_bytes();
  const std::string value(kShortBytes, 'v');
  for (std::size_t i = 0; i < kKeys; ++i) {
    check(node->router().route(kLocalBucket, kv::Put{key(i), value}));
  }
  const auto report_bytes = [](const std::string& figure, double bytes) {
    report("1 M keys", "kvroute", figure, bytes / kKeys);
  };
  report_bytes("resident_bytes_per_key", resident_bytes() - resident);
  report_bytes("allocated_bytes_per_key", allocated_bytes() - allocated);
}

}  // namespace kv_bench
