// What stays in process, each beside its floor: what any program would have to
// do, and nothing else.
#include <benchmark/benchmark.h>
#include <kv/kv.h>

#include <array>
#include <memory>
#include <mutex>
#include <optional>
#include <string>
#include <vector>

#include "absl/container/flat_hash_map.h"
#include "absl/strings/str_cat.h"
#include "fail.h"
#include "shape.h"

namespace {

using kv_bench::check;

constexpr std::size_t kKeys = 1024;  // in each bucket; a power of two
constexpr std::size_t kBuckets = 2;
const std::array<std::string, kBuckets> kBucketNames = {"groceries",
                                                        "hardware"};

std::string value() { return std::string(kv_bench::kShortBytes, 'v'); }

// The floor: two look-ups, one mutex, one copy.
class Floor {
 public:
  Floor() {
    for (const std::string& name : kBucketNames) {
      auto& bucket = buckets_[name] = std::make_unique<Bucket>();
      for (std::size_t i = 0; i < kKeys; ++i) {
        bucket->values[kv_bench::key(i)] = value();
      }
    }
  }

  std::string get(const std::string& name, const std::string& key) {
    Bucket& bucket = *buckets_.find(name)->second;
    const std::lock_guard<std::mutex> lock(bucket.mutex);
    return bucket.values.find(key)->second;
  }
  void put(const std::string& name, const std::string& key,
           const std::string& value) {
    Bucket& bucket = *buckets_.find(name)->second;
    const std::lock_guard<std::mutex> lock(bucket.mutex);
    bucket.values.find(key)->second = value;
  }

 private:
  struct Bucket {
    std::mutex mutex;
    absl::flat_hash_map<std::string, std::string> values;
  };
  absl::flat_hash_map<std::string, std::unique_ptr<Bucket>> buckets_;
};

// One node that owns everything, with the same in it.
template <bool kStats>
class OursWith {
 public:
  OursWith() {
    kv::NodeOptions options;
    options.name = "foo@127.0.0.1:0";
    options.stats = kStats;
    node_ = check(kv::Node::start(std::move(options)));
    check(node_->set_table(
        check(kv::RoutingTable::parse("a..z " + node_->name().str()))));
    for (const std::string& name : kBucketNames) {
      check(router().route(name, kv::Create{}).status());
      for (std::size_t i = 0; i < kKeys; ++i) {
        check(router().route(name, kv::Put{kv_bench::key(i), value()}));
      }
    }
  }

  kv::Router& router() { return node_->router(); }

 private:
  std::unique_ptr<kv::Node> node_;
};
using Ours = OursWith<true>;

// The same and a node beside it, which asks it over the network.
template <bool kStats>
class Asked {
 public:
  Asked() {
    kv::NodeOptions options;
    options.name = "bar@127.0.0.1:0";
    options.stats = kStats;
    node_ = check(kv::Node::start(std::move(options)));
    check(node_->set_table(check(kv::RoutingTable::parse(
        "a..z " + check(ours_.router().route("a", kv::Whoami{}))))));
  }

  kv::Router& router() { return node_->router(); }

 private:
  OursWith<kStats> ours_;
  std::unique_ptr<kv::Node> node_;
};

// Made by the first benchmark that asks, used by all of them.
template <typename T>
T& shared() {
  static T it;
  return it;
}

template <typename Op, typename Make>
std::vector<Op> one_for_each_key(Make make) {
  std::vector<Op> all;
  for (std::size_t i = 0; i < kKeys; ++i) all.push_back(make(kv_bench::key(i)));
  return all;
}

// Which bucket a thread of the benchmark uses.
enum class Buckets { kOne, kOneEach };
const std::string& bucket_of(const benchmark::State& state, Buckets buckets) {
  const bool first = buckets == Buckets::kOne || state.thread_index() == 0;
  return kBucketNames[first ? 0 : 1];
}

// `run(i)` for i in a circle of kKeys.
template <typename Run>
void measure(benchmark::State& state, Run run) {
  std::size_t i = 0;
  for (auto step : state) {
    (void)step;
    run(i++ % kKeys);
  }
  state.SetItemsProcessed(static_cast<std::int64_t>(i));
}

void get_with(kv::Router& router, benchmark::State& state, Buckets buckets) {
  const std::string& bucket = bucket_of(state, buckets);
  const auto gets = one_for_each_key<kv::Get>(
      [](std::string key) { return kv::Get{std::move(key)}; });
  measure(state, [&](std::size_t i) {
    auto result = router.route(bucket, gets[i]);
    benchmark::DoNotOptimize(result);
  });
}

void get_ours(benchmark::State& state, Buckets buckets) {
  get_with(shared<Ours>().router(), state, buckets);
}

void get_floor(benchmark::State& state, Buckets buckets) {
  Floor& floor = shared<Floor>();
  const std::string& bucket = bucket_of(state, buckets);
  const auto keys =
      one_for_each_key<std::string>([](std::string key) { return key; });
  measure(state, [&](std::size_t i) {
    std::string result = floor.get(bucket, keys[i]);
    benchmark::DoNotOptimize(result);
  });
}

void put_ours(benchmark::State& state, Buckets buckets) {
  kv::Router& router = shared<Ours>().router();
  const std::string& bucket = bucket_of(state, buckets);
  const auto puts = one_for_each_key<kv::Put>([](std::string key) {
    return kv::Put{std::move(key), value()};
  });
  measure(state, [&](std::size_t i) {
    auto result = router.route(bucket, puts[i]);
    benchmark::DoNotOptimize(result);
  });
}

void put_floor(benchmark::State& state, Buckets buckets) {
  Floor& floor = shared<Floor>();
  const std::string& bucket = bucket_of(state, buckets);
  const auto keys =
      one_for_each_key<std::string>([](std::string key) { return key; });
  const std::string written = value();
  measure(state, [&](std::size_t i) {
    floor.put(bucket, keys[i], written);
    benchmark::ClobberMemory();
  });
}

BENCHMARK_CAPTURE(get_ours, one_thread, Buckets::kOne);
BENCHMARK_CAPTURE(get_floor, one_thread, Buckets::kOne);
BENCHMARK_CAPTURE(put_ours, one_thread, Buckets::kOne);
BENCHMARK_CAPTURE(put_floor, one_thread, Buckets::kOne);
BENCHMARK_CAPTURE(get_ours, same_bucket, Buckets::kOne)
    ->Threads(2)
    ->UseRealTime();
BENCHMARK_CAPTURE(get_floor, same_bucket, Buckets::kOne)
    ->Threads(2)
    ->UseRealTime();
BENCHMARK_CAPTURE(get_ours, bucket_each, Buckets::kOneEach)
    ->Threads(2)
    ->UseRealTime();
BENCHMARK_CAPTURE(get_floor, bucket_each, Buckets::kOneEach)
    ->Threads(2)
    ->UseRealTime();

// What NodeOptions::stats costs: of calls here, of those to a peer one at a
// time, and many at a time, which share trips.

void get_many(kv::Router& router, benchmark::State& state) {
  constexpr std::size_t kInFlight = 64;
  const auto gets = one_for_each_key<kv::Get>(
      [](std::string key) { return kv::Get{std::move(key)}; });
  std::size_t i = 0;
  for (auto step : state) {
    (void)step;
    std::vector<kv::Task<std::optional<std::string>>> tasks;
    tasks.reserve(kInFlight);
    for (std::size_t k = 0; k < kInFlight; ++k) {
      tasks.push_back(router.async(kBucketNames[0], gets[i++ % kKeys]));
    }
    auto results = kv::await_all(tasks);
    benchmark::DoNotOptimize(results);
  }
  state.SetItemsProcessed(static_cast<std::int64_t>(i));
}

enum class Calls { kHere, kToAPeer, kManyToAPeer };
template <bool kStats>
void get_where(benchmark::State& state, Calls calls) {
  if (calls == Calls::kHere) {
    return get_with(shared<OursWith<kStats>>().router(), state, Buckets::kOne);
  }
  kv::Router& peer = shared<Asked<kStats>>().router();
  if (calls == Calls::kToAPeer) return get_with(peer, state, Buckets::kOne);
  get_many(peer, state);
}
void stats_on(benchmark::State& state, Calls calls) {
  get_where<true>(state, calls);
}
void stats_off(benchmark::State& state, Calls calls) {
  get_where<false>(state, calls);
}

BENCHMARK_CAPTURE(stats_on, here, Calls::kHere);
BENCHMARK_CAPTURE(stats_off, here, Calls::kHere);
BENCHMARK_CAPTURE(stats_on, peer, Calls::kToAPeer)->UseRealTime();
BENCHMARK_CAPTURE(stats_off, peer, Calls::kToAPeer)->UseRealTime();
BENCHMARK_CAPTURE(stats_on, peer_many, Calls::kManyToAPeer)->UseRealTime();
BENCHMARK_CAPTURE(stats_off, peer_many, Calls::kManyToAPeer)->UseRealTime();

// Tables.

constexpr std::size_t kEntries = 100000;
constexpr int kDigits = 5;

std::string number_text(std::size_t number) {
  std::string text = std::to_string(number);
  return std::string(kDigits - text.size(), '0') + text;
}

std::string first_byte_table() {
  return "a..m foo@127.0.0.1:4001\nn..z bar@127.0.0.1:4002\n";
}

std::string slots_table() {
  return "slots 16384\n0..8191 foo@127.0.0.1:4001\n"
         "8192..16383 bar@127.0.0.1:4002\n";
}

std::string ranges_table() {
  std::string text;
  for (std::size_t i = 0; i < kEntries; ++i) {
    const std::string prefix = "user:" + number_text(i);
    absl::StrAppend(&text, prefix, "..", prefix, " n", i % 16,
                    "@127.0.0.1:", 4001 + i % 16, "\n");
  }
  return text;
}

// Names in no order that a cache or a branch predictor could learn.
enum class Names { kSixBytes, kFifteenBytes };
std::vector<std::string> scattered_names(Names kind) {
  std::vector<std::string> names;
  std::size_t random = 1;
  for (std::size_t i = 0; i < kKeys; ++i) {
    random = random * 6364136223846793005U + 1442695040888963407U;
    const std::size_t number = (random >> 33) % kEntries;
    names.push_back(kind == Names::kSixBytes
                        ? static_cast<char>('a' + number % 26) +
                              number_text(number)
                        : "user:" + number_text(number) + ":cart");
  }
  return names;
}

void find(benchmark::State& state, std::string (*table_text)(), Names kind) {
  const kv::RoutingTable table = check(kv::RoutingTable::parse(table_text()));
  const std::vector<std::string> names = scattered_names(kind);
  measure(state, [&](std::size_t i) {
    const kv::NodeName* node = table.find(names[i]);
    benchmark::DoNotOptimize(node);
  });
}

BENCHMARK_CAPTURE(find, first_byte, first_byte_table, Names::kSixBytes);
BENCHMARK_CAPTURE(find, slot_of_6, slots_table, Names::kSixBytes);
BENCHMARK_CAPTURE(find, slot_of_15, slots_table, Names::kFifteenBytes);
BENCHMARK_CAPTURE(find, ranges, ranges_table, Names::kFifteenBytes);

}  // namespace
