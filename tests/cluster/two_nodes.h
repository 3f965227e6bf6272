// What tests of nodes that really talk share: nodes on free ports of loopback,
// and a fixture with two of them.
#ifndef KV_TESTS_CLUSTER_TWO_NODES_H_
#define KV_TESTS_CLUSTER_TWO_NODES_H_

#include <gtest/gtest.h>
#include <kv/kv.h>

#include <chrono>
#include <condition_variable>
#include <memory>
#include <mutex>
#include <string>
#include <string_view>
#include <thread>
#include <utility>
#include <vector>

namespace kv_tests {

using std::chrono::milliseconds;
using std::chrono::seconds;
using Clock = std::chrono::steady_clock;

// For what must happen and takes no time worth naming: two noisy cores.
constexpr seconds kLong{20};

// An event that happens once.
class Event {
 public:
  void set() {
    const std::lock_guard<std::mutex> lock(mutex_);
    set_ = true;
    changed_.notify_all();
  }
  bool wait(std::chrono::nanoseconds bound = kLong) {
    std::unique_lock<std::mutex> lock(mutex_);
    return changed_.wait_for(lock, bound, [this] { return set_; });
  }

 private:
  std::mutex mutex_;
  std::condition_variable changed_;
  bool set_ = false;  // guarded by mutex_
};

// Asks again and again.
template <typename Condition>
bool eventually(const Condition& condition,
                std::chrono::nanoseconds bound = kLong) {
  const Clock::time_point end = Clock::now() + bound;
  while (!condition()) {
    if (Clock::now() >= end) return false;
    std::this_thread::yield();
  }
  return true;
}

template <typename Work>
std::chrono::nanoseconds time_of(const Work& work) {
  const Clock::time_point begin = Clock::now();
  work();
  return Clock::now() - begin;
}

inline kv::CallOptions within(std::chrono::nanoseconds timeout) {
  kv::CallOptions options;
  options.timeout = timeout;
  return options;
}

// `name` without "@host:port": on a free port of loopback.
inline std::unique_ptr<kv::Node> start_node(const std::string& name,
                                            kv::NodeOptions options = {}) {
  options.name =
      name.find('@') == std::string::npos ? name + "@127.0.0.1:0" : name;
  auto node = kv::Node::start(std::move(options));
  EXPECT_TRUE(node.ok()) << node.status();
  return node.ok() ? *std::move(node) : nullptr;
}

// {{"a..m", foo->name()}, ...}
inline kv::RoutingTable table_of(
    const std::vector<std::pair<std::string, kv::NodeName>>& entries) {
  std::string text;
  for (const auto& [range, node] : entries) {
    text += range + " " + node.str() + "\n";
  }
  auto table = kv::RoutingTable::parse(text);
  EXPECT_TRUE(table.ok()) << table.status();
  return table.ok() ? *table : kv::RoutingTable();
}

// Of a failure: its code, whether it ran, and a part of its text.
inline void expect_failure(const absl::Status& status, absl::StatusCode code,
                           kv::Outcome outcome, std::string_view part = "") {
  EXPECT_EQ(status.code(), code) << status;
  EXPECT_EQ(kv::outcome(status), outcome) << status;
  EXPECT_NE(std::string(status.message()).find(part), std::string::npos)
      << status << " lacks " << part;
}

// Of calls for a bucket whose node is gone: unavailable, and not_run as soon as
// this node has noticed. Calls that run into the break may have left.
inline void expect_unreachable(kv::Router& router, std::string_view bucket,
                               const kv::NodeName& node) {
  absl::Status status;
  EXPECT_TRUE(eventually([&] {
    status = router.route(bucket, kv::Whoami{}).status();
    expect_failure(status, absl::StatusCode::kUnavailable, kv::outcome(status),
                   node.str());
    return kv::outcome(status) == kv::Outcome::kNotRun;
  })) << status;
}

// foo and bar, with the guide's table on both.
class TwoNodes : public ::testing::Test {
 protected:
  explicit TwoNodes(const kv::NodeOptions& options = {})
      : TwoNodes(options, options) {}
  TwoNodes(const kv::NodeOptions& foo, const kv::NodeOptions& bar)
      : foo_(start_node("foo", foo)), bar_(start_node("bar", bar)) {}

  void SetUp() override {
    ASSERT_NE(foo_, nullptr);
    ASSERT_NE(bar_, nullptr);
    set_table(table_of({{"a..m", foo_->name()}, {"n..z", bar_->name()}}));
  }

  void set_table(const kv::RoutingTable& table) {
    for (kv::Node* node : {foo_.get(), bar_.get()}) {
      const absl::Status status = node->set_table(table);
      ASSERT_TRUE(status.ok()) << status;
    }
  }
  void define(std::string_view name, const kv::OpFunction& function) {
    for (kv::Node* node : {foo_.get(), bar_.get()}) {
      const absl::Status status = node->define(name, function);
      ASSERT_TRUE(status.ok()) << status;
    }
  }
  void create(std::string_view bucket) {
    const auto ref = foo_->router().route(bucket, kv::Create{});
    ASSERT_TRUE(ref.ok()) << ref.status();
  }

  std::unique_ptr<kv::Node> foo_;
  std::unique_ptr<kv::Node> bar_;
};

}  // namespace kv_tests

#endif  // KV_TESTS_CLUSTER_TWO_NODES_H_
