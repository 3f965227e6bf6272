#include "kvctl/bench.h"

#include <utility>

namespace kvctl {

Load::Load(kv::Router& router, const LoadOptions& options)
    : router_(router),
      options_(options),
      value_(options.value_bytes, 'v'),
      lanes_(options.in_flight) {}

Load::~Load() { stop(); }

void Load::start() {
  {
    const std::lock_guard<std::mutex> lock(mutex_);
    under_way_ = lanes_.size();
  }
  std::uint32_t seed = 1;
  for (Lane& lane : lanes_) {
    lane.random.seed(seed++);
    next(lane);
  }
}

void Load::stop() {
  stopping_ = true;
  std::unique_lock<std::mutex> lock(mutex_);
  idle_.wait(lock, [this] { return under_way_ == 0; });
}

Load::Counts Load::take() {
  const std::lock_guard<std::mutex> lock(mutex_);
  return std::exchange(counts_, Counts());
}

void Load::next(Lane& lane) {
  const std::string& bucket =
      options_.buckets[lane.random() % options_.buckets.size()];
  const std::string key = bench_key(lane.random() % options_.keys);
  const bool read = lane.random() % 100 < options_.reads_percent;
  lane.begun = std::chrono::steady_clock::now();
  if (read) {
    router_.async(
        bucket, kv::Get{key},
        [this, &lane](const kv::Get::Result& result) {
          ended(lane, result.status());
        },
        options_.call);
  } else {
    router_.async(
        bucket, kv::Put{key, value_},
        [this, &lane](const kv::Put::Result& result) { ended(lane, result); },
        options_.call);
  }
}

void Load::ended(Lane& lane, const absl::Status& status) {
  const auto time = std::chrono::steady_clock::now() - lane.begun;
  {
    const std::lock_guard<std::mutex> lock(mutex_);
    if (status.ok()) {
      counts_.times.record(time);
    } else if (counts_.failures++ == 0) {
      counts_.first_failure = status;
    }
    if (stopping_) {
      if (--under_way_ == 0) idle_.notify_all();
      return;
    }
  }
  next(lane);
}

std::vector<std::string> bench_buckets(const kv::NodeName& node,
                                       const kv::RoutingTable& table,
                                       std::size_t count,
                                       const std::string& stem) {
  kv::CheckOptions options;
  for (const kv::NodeName& it : table.nodes()) {
    if (it != node) options.unreachable.push_back(it);
  }
  std::vector<std::string> names;
  const auto report = kv::check({{node, table}}, options);
  if (!report.ok()) return names;
  std::vector<std::string> examples;
  for (const auto& interval : report->intervals) {
    if (!interval.gap()) examples.push_back(interval.example);
  }
  for (std::size_t i = 0; i < count && !examples.empty(); ++i) {
    const std::string& example = examples[i % examples.size()];
    const std::string tail = stem + std::to_string(i);
    std::string name =
        table.slots() == 0 ? example + tail : "{" + example + "}" + tail;
    if (name.size() <= kv::NodeOptions().max_bucket_name_bytes &&
        table.find(name) == table.find(example)) {
      names.push_back(std::move(name));
    }
  }
  return names;
}

std::string bench_key(std::size_t number) {
  return "key-" + std::to_string(number);
}

}  // namespace kvctl
