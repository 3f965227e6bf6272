// Values of 1 MiB, each way.
#include <cstddef>
#include <string>

#include "cluster.h"
#include "echo.h"
#include "loads.h"
#include "report.h"
#include "shape.h"

namespace kv_bench {
namespace {

constexpr std::size_t kFew = 4;
constexpr EchoShape kGet = {0, kLargeBytes};
constexpr EchoShape kPut = {kLargeBytes, 0};

class LargeValues {
 public:
  explicit LargeValues(Seconds time) : time_(time) {}

  void one_at_a_time(const std::string& what, const BlockingOp& ours,
                     const EchoShape& shape) {
    const auto measure = [&](const std::string& who, const BlockingOp& op) {
      say(what + " 1", who, run_threads(1, time_, op));
    };
    measure("kvroute", ours);
    measure("grpc sync to sync", sync_.sync_call(shape));
    measure("grpc sync to callback", callback_.sync_call(shape));
    measure("grpc callback to sync", sync_.waiting_call(shape));
    measure("grpc callback to callback", callback_.waiting_call(shape));
  }

  void a_few(const std::string& what, const AsyncOp& ours,
             const EchoShape& shape) {
    const auto measure = [&](const std::string& who, const AsyncOp& op) {
      say(what + " 4", who, run_in_flight(kFew, time_, op));
    };
    measure("kvroute", ours);
    measure("grpc callback to sync", sync_.async_call(shape, kFew));
    measure("grpc callback to callback", callback_.async_call(shape, kFew));
    say(what + " 4", "grpc sync to sync",
        run_threads(kFew, time_, sync_.sync_call(shape)));
  }

 private:
  static void say(const std::string& what, const std::string& who,
                  const Stats& stats) {
    static_assert(kLargeBytes == 1024 * 1024, "an operation carries 1 MiB");
    report(what, who, "MiB_per_s", stats.per_second());
  }

  const Seconds time_;
  EchoClient sync_{"sync"};
  EchoClient callback_{"callback"};
};

}  // namespace

void load_large(Seconds time) {
  Cluster cluster;
  LargeValues large(time);
  const std::string value(kLargeBytes, 'v');
  large.one_at_a_time("large get", get(cluster, kRemoteBucket, kLargeKey),
                      kGet);
  large.one_at_a_time("large put", put(cluster, kRemoteBucket, value), kPut);
  large.a_few("large get", async_get(cluster, kRemoteBucket, kLargeKey), kGet);
  large.a_few("large put", async_put(cluster, kRemoteBucket, value), kPut);
}

}  // namespace kv_bench
