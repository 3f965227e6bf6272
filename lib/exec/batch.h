// Batch: calls that leave together.
#ifndef KV_EXEC_BATCH_H_
#define KV_EXEC_BATCH_H_

#include <cstddef>
#include <map>
#include <memory>
#include <vector>

#include "exec/line.h"

namespace kv::internal {

// Collects calls and sends those to one peer as one, or as few as the limits
// allow. For one thread.
class Batch {
 public:
  // One trip carries at most about `max_bytes` of requests, and kMaxCalls.
  static constexpr std::size_t kMaxCalls = 1024;
  explicit Batch(std::size_t max_bytes) : max_bytes_(max_bytes) {}

  void add(std::shared_ptr<Line> line, std::shared_ptr<Passenger> call);
  void send();

 private:
  struct Trip {
    std::vector<std::shared_ptr<Passenger>> calls;
    std::size_t bytes = 0;
  };

  const std::size_t max_bytes_;
  std::map<std::shared_ptr<Line>, std::vector<Trip>> trips_;
};

}  // namespace kv::internal

#endif  // KV_EXEC_BATCH_H_
