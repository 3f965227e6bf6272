// A load generator: keeps so many calls under way.
#ifndef KVCTL_BENCH_H_
#define KVCTL_BENCH_H_

#include <kv/kv.h>

#include <atomic>
#include <chrono>
#include <condition_variable>
#include <cstddef>
#include <cstdint>
#include <mutex>
#include <random>
#include <string>
#include <vector>

#include "kvctl/histogram.h"

namespace kvctl {

struct LoadOptions {
  std::vector<std::string> buckets = {};
  std::size_t keys = 1000;
  std::size_t value_bytes = 100;
  std::size_t in_flight = 64;
  unsigned reads_percent = 50;
  kv::CallOptions call = {};
};

// Nobody else uses `router` for calls by bucket meanwhile. REQUIRES: stopped
// before the node is.
class Load {
 public:
  Load(kv::Router& router, const LoadOptions& options);
  ~Load();
  Load(const Load&) = delete;
  Load& operator=(const Load&) = delete;

  void start();
  // Starts no more calls, and waits for those under way.
  void stop();

  // Since the last time; of calls that succeeded.
  struct Counts {
    Histogram times;
    std::uint64_t failures = 0;
    absl::Status first_failure;
  };
  Counts take();

 private:
  // One of those that are under way at once.
  struct Lane {
    std::minstd_rand random;
    std::chrono::steady_clock::time_point begun;
  };

  void next(Lane& lane);
  void ended(Lane& lane, const absl::Status& status);

  kv::Router& router_;
  const LoadOptions options_;
  const std::string value_;
  std::vector<Lane> lanes_;
  std::atomic<bool> stopping_{false};

  std::mutex mutex_;
  std::condition_variable idle_;
  std::size_t under_way_ = 0;  // guarded by mutex_
  Counts counts_;              // guarded by mutex_
};

// Names in reach of the table's entries, as many on each as on any other; fewer
// or none where entries are too narrow.
std::vector<std::string> bench_buckets(const kv::NodeName& node,
                                       const kv::RoutingTable& table,
                                       std::size_t count,
                                       const std::string& stem);
std::string bench_key(std::size_t number);

}  // namespace kvctl

#endif  // KVCTL_BENCH_H_
