#include "cluster.h"

#include <algorithm>
#include <chrono>
#include <iostream>
#include <thread>
#include <utility>
#include <vector>

#include "fail.h"
#include "shape.h"

namespace kv_bench {
namespace {

// More than will ever sleep at once.
constexpr std::size_t kOpThreads = 256;
constexpr std::chrono::milliseconds kTryFor{100};
constexpr char kSleepOp[] = "Bench.sleep";

std::unique_ptr<kv::Node> start_node(const std::string& short_name) {
  kv::NodeOptions options;
  options.name = short_name + "@127.0.0.1:0";
  options.op_threads = kOpThreads;
  std::unique_ptr<kv::Node> node = check(kv::Node::start(std::move(options)));
  check(node->define(
      kSleepOp,
      [](kv::OpContext&, std::string_view ms) -> absl::StatusOr<std::string> {
        std::this_thread::sleep_for(
            std::chrono::milliseconds(std::stoi(std::string(ms))));
        return "slept";
      }));
  return node;
}

void fill(kv::Router& router, const std::string& bucket) {
  check(router.route(bucket, kv::Create{}).status());
  check(router.route(bucket, kv::Put{key(0), std::string(kShortBytes, 'v')}));
  check(
      router.route(bucket, kv::Put{kLargeKey, std::string(kLargeBytes, 'v')}));
}

std::string table_text(const std::string& foo, const std::string& bar,
                       const std::string& baz) {
  return "a..m " + foo + ";n..t " + bar + ";u..z " + baz;
}

kv::RoutingTable parse_table(std::string text) {
  std::replace(text.begin(), text.end(), ';', '\n');
  return check(kv::RoutingTable::parse(text));
}

void check_value(const absl::StatusOr<std::optional<std::string>>& value) {
  check(value.status());
  if (!value->has_value() || (*value)->size() < kShortBytes) {
    fail("a short answer");
  }
}

}  // namespace

int serve_node(const std::string& short_name) {
  const std::unique_ptr<kv::Node> node = start_node(short_name);
  std::cout << node->name() << std::endl;
  for (std::string line; std::getline(std::cin, line);) {
    check(node->set_table(parse_table(line.substr(line.find(' ') + 1))));
    std::cout << "ok" << std::endl;
  }
  return 0;
}

Cluster::Cluster()
    : foo_(start_node("foo")),
      bar_({"serve-node", "bar"}),
      baz_({"serve-node", "baz"}) {
  const std::string foo = foo_->name().str();
  const std::string& bar = bar_.address();
  const std::string& baz = baz_.address();
  check(foo_->set_table(parse_table(table_text(foo, bar, bar))));
  bar_.command("table " + table_text(foo, bar, baz));
  baz_.command("table " + table_text(foo, bar, baz));
  for (const char* bucket : {kLocalBucket, kRemoteBucket, kFarBucket}) {
    fill(router(), bucket);
  }
}

BlockingOp get(Cluster& cluster, const std::string& bucket,
               const std::string& key) {
  return [&router = cluster.router(), bucket, op = kv::Get{key}] {
    check_value(router.route(bucket, op));
  };
}

BlockingOp put(Cluster& cluster, const std::string& bucket,
               const std::string& value) {
  return [&router = cluster.router(), bucket, op = kv::Put{"put", value}] {
    check(router.route(bucket, op));
  };
}

AsyncOp async_get(Cluster& cluster, const std::string& bucket,
                  const std::string& key) {
  return [&router = cluster.router(), bucket, op = kv::Get{key}](
             std::size_t /*slot*/, Done done) {
    router.async(bucket, op,
                 [done = std::move(done)](
                     const absl::StatusOr<std::optional<std::string>>& value) {
                   check_value(value);
                   done();
                 });
  };
}

AsyncOp async_put(Cluster& cluster, const std::string& bucket,
                  const std::string& value) {
  return [&router = cluster.router(), bucket, op = kv::Put{"put", value}](
             std::size_t /*slot*/, Done done) {
    router.async(bucket, op,
                 [done = std::move(done)](const absl::Status& status) {
                   check(status);
                   done();
                 });
  };
}

AsyncOp async_try_get(Cluster& cluster, const std::string& bucket,
                      const std::string& key) {
  kv::CallOptions options;
  options.timeout = kTryFor;
  return [&router = cluster.router(), bucket, op = kv::Get{key}, options](
             std::size_t /*slot*/, Done done) {
    router.async(
        bucket, op,
        [done = std::move(done)](
            const absl::StatusOr<std::optional<std::string>>&) { done(); },
        options);
  };
}

AsyncOp async_sleep(Cluster& cluster, int milliseconds) {
  return [&router = cluster.router(),
          op = kv::Apply{kSleepOp, std::to_string(milliseconds)}](
             std::size_t slot, Done done) {
    router.async(
        "sleeping:" + std::to_string(slot), op,
        [done = std::move(done)](const absl::StatusOr<std::string>& slept) {
          check(slept.status());
          done();
        });
  };
}

BlockingOp window(Cluster& cluster, const std::string& bucket,
                  const std::string& key, std::size_t count) {
  struct Window {
    std::vector<kv::Task<std::optional<std::string>>> tasks;
    std::size_t oldest = 0;
  };
  return [&router = cluster.router(), bucket, op = kv::Get{key}, count,
          all = std::make_shared<Window>()] {
    while (all->tasks.size() < count) {
      all->tasks.push_back(router.async(bucket, op));
    }
    auto& task = all->tasks[all->oldest];
    check_value(task.await());
    task = router.async(bucket, op);
    all->oldest = (all->oldest + 1) % count;
  };
}

}  // namespace kv_bench
