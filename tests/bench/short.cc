// Short values, few and many at a time.
#include <array>
#include <cstddef>
#include <string>

#include "cluster.h"
#include "echo.h"
#include "loads.h"
#include "report.h"
#include "shape.h"

namespace kv_bench {
namespace {

using std::string_literals::operator""s;

constexpr EchoShape kShort = {0, kShortBytes};
constexpr std::size_t kManyThreads = 64;

// One after the other, each without the others: the threads of one gRPC client
// would take up the events of the next.

void measure_threads(const std::string& what, std::size_t threads,
                     Seconds time) {
  const auto measure = [&](const std::string& who, const BlockingOp& op) {
    report(what, who, run_threads(threads, time, op));
  };
  {
    Cluster cluster;
    measure("kvroute", get(cluster, kRemoteBucket, key(0)));
  }
  for (const char* const server : {"sync", "callback"}) {
    EchoClient echo(server);
    measure("grpc sync to "s + server, echo.sync_call(kShort));
    measure("grpc callback to "s + server, echo.waiting_call(kShort));
  }
}

}  // namespace

void load_one_at_a_time(Seconds time) {
  measure_threads("one at a time", 1, time);
}

void load_threads(Seconds time) {
  measure_threads("64 threads", kManyThreads, time);
}

void load_in_flight(Seconds time) {
  constexpr std::array<std::size_t, 5> kCounts = {1, 4, 16, 64, 256};
  const auto what = [](std::size_t count) {
    return "in flight " + std::to_string(count);
  };
  {
    Cluster cluster;
    const AsyncOp op = async_get(cluster, kRemoteBucket, key(0));
    for (const std::size_t count : kCounts) {
      report(what(count), "kvroute callback", run_in_flight(count, time, op));
      report(what(count), "kvroute tasks", "ops_per_s",
             run_threads(1, time, window(cluster, kRemoteBucket, key(0), count))
                 .per_second());
    }
  }
  for (const char* const server : {"sync", "callback"}) {
    EchoClient echo(server);
    for (const std::size_t count : kCounts) {
      report(what(count), "grpc callback to "s + server,
             run_in_flight(count, time, echo.async_call(kShort, count)));
    }
  }
  EchoClient echo("sync");
  for (const std::size_t count : kCounts) {
    report(what(count), "grpc sync to sync",
           run_threads(count, time, echo.sync_call(kShort)));
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
