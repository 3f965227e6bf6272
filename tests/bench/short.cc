// Short values, few and many at a time.
#include <cstddef>
#include <string>

#include "cluster.h"
#include "echo.h"
#include "loads.h"
#include "report.h"
#include "shape.h"

namespace kv_bench {
namespace {

constexpr EchoShape kShort = {0, kShortBytes};
constexpr std::size_t kManyThreads = 64;

void measure_threads(const std::string& what, std::size_t threads,
                     Seconds time) {
  Cluster cluster;
  EchoClient sync("sync");
  EchoClient callback("callback");
  const auto measure = [&](const std::string& who, const BlockingOp& op) {
    report(what, who, run_threads(threads, time, op));
  };
  measure("kvroute", get(cluster, kRemoteBucket, key(0)));
  measure("grpc sync to sync", sync.sync_call(kShort));
  measure("grpc sync to callback", callback.sync_call(kShort));
  measure("grpc callback to sync", sync.waiting_call(kShort));
  measure("grpc callback to callback", callback.waiting_call(kShort));
}

}  // namespace

void load_one_at_a_time(Seconds time) {
  measure_threads("one at a time", 1, time);
}

void load_threads(Seconds time) {
  measure_threads("64 threads", kManyThreads, time);
}

void load_in_flight(Seconds time) {
  Cluster cluster;
  EchoClient sync("sync");
  EchoClient callback("callback");
  for (const std::size_t count : {1, 4, 16, 64, 256}) {
    const std::string what = "in flight " + std::to_string(count);
    const auto measure = [&](const std::string& who, const AsyncOp& op) {
      report(what, who, run_in_flight(count, time, op));
    };
    measure("kvroute callback", async_get(cluster, kRemoteBucket, key(0)));
    report(what, "kvroute tasks", "ops_per_s",
           run_threads(1, time, window(cluster, kRemoteBucket, key(0), count))
               .per_second());
    measure("grpc callback to sync", sync.async_call(kShort, count));
    measure("grpc callback to callback", callback.async_call(kShort, count));
    report(what, "grpc sync to sync",
           run_threads(count, time, sync.sync_call(kShort)));
  }
}

void load_forwarded(Seconds time) {
  Cluster cluster;
  const auto measure = [&](const std::string& who, const char* bucket) {
    report("forwarded", who,
           run_threads(1, time, get(cluster, bucket, key(0))));
  };
  measure("one hop", kRemoteBucket);
  measure("kvroute", kFarBucket);
}

}  // namespace kv_bench
