// Fast operations in bad company.
#include <csignal>

#include "cluster.h"
#include "loads.h"
#include "report.h"
#include "shape.h"

namespace kv_bench {
namespace {

constexpr char kAsleep[] = "one in ten asleep";
constexpr char kFrozen[] = "one in ten to a frozen node";

void measure(const std::string& what, const std::string& who, Seconds time,
             const AsyncOp& fast, const AsyncOp& slow) {
  // The 99th percentile of few would be a matter of chance.
  report(what, who, run_bursts(2 * time, fast, slow));
}

}  // namespace

void load_mixed(Seconds time) {
  Cluster cluster;
  const AsyncOp fast = async_get(cluster, kRemoteBucket, key(0));

  measure(kAsleep, "alone", time, fast, nullptr);
  measure(kAsleep, "awake", time, fast, async_sleep(cluster, 0));
  measure(kAsleep, "kvroute", time, fast, async_sleep(cluster, 100));

  const AsyncOp far = async_try_get(cluster, kFarBucket, key(0));
  measure(kFrozen, "alone", time, fast, nullptr);
  measure(kFrozen, "awake", time, fast, far);
  cluster.baz().signal(SIGSTOP);
  measure(kFrozen, "kvroute", time, fast, far);
}

}  // namespace kv_bench
