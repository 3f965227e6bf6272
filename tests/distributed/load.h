// Loads on a node, and what comes of them.
#ifndef KV_TESTS_DISTRIBUTED_LOAD_H_
#define KV_TESTS_DISTRIBUTED_LOAD_H_

#include <kv/kv.h>

#include <chrono>
#include <cstddef>
#include <string>
#include <utility>
#include <vector>

namespace kv_tests {

// Of the calls that one load made.
struct LoadResult {
  std::chrono::duration<double> time{0};
  std::size_t calls = 0;
  std::size_t refused = 0;    // kResourceExhausted, not_run
  std::size_t too_late = 0;   // kDeadlineExceeded
  std::size_t otherwise = 0;  // any other failure
  std::vector<std::chrono::nanoseconds> succeeded = {};  // in order

  double per_second() const;  // that succeeded
  std::chrono::nanoseconds percentile(double percent) const;
};

// Calls of one operation of the host at `node`, each with a second to go.
class Load {
 public:
  Load(kv::Router& router, kv::NodeName node, kv::Apply op)
      : router_(router), node_(std::move(node)), op_(std::move(op)) {}

  // Keeps so many under way: the end of each begins the next.
  LoadResult closed(std::size_t in_flight, std::chrono::milliseconds time);
  // Begins so many a second, whatever becomes of them.
  LoadResult open(double per_second, std::chrono::milliseconds time);

 private:
  kv::Router& router_;
  const kv::NodeName node_;
  const kv::Apply op_;
};

}  // namespace kv_tests

#endif  // KV_TESTS_DISTRIBUTED_LOAD_H_
