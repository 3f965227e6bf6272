// What can be seen of nodes that really talk: stats, traces and the log.
#include <gtest/gtest.h>
#include <kv/kv.h>

#include <algorithm>
#include <memory>
#include <mutex>
#include <optional>
#include <string>
#include <string_view>
#include <utility>
#include <vector>

#include "cluster/two_nodes.h"
#include "trust/raw_socket.h"

namespace {

using kv_tests::eventually;
using kv_tests::kLong;
using kv_tests::start_node;
using kv_tests::within;

// Traces and log of both nodes.
class Witness final : public kv::Observer {
 public:
  void end(const kv::Span& span, const absl::Status& /*status*/,
           std::chrono::nanoseconds /*duration*/) override {
    const std::lock_guard<std::mutex> lock(mutex_);
    spans_.push_back(span);
  }
  void log(const kv::LogEntry& entry) {
    const std::lock_guard<std::mutex> lock(mutex_);
    entries_.push_back(entry);
  }

  std::vector<kv::Span> spans() const {
    const std::lock_guard<std::mutex> lock(mutex_);
    return spans_;
  }
  // Entries of a node that contain `part`.
  std::vector<kv::LogEntry> said(std::string_view short_name,
                                 const std::string& part) const {
    const std::lock_guard<std::mutex> lock(mutex_);
    std::vector<kv::LogEntry> found;
    for (const kv::LogEntry& it : entries_) {
      if (it.node.short_name() == short_name &&
          it.message.find(part) != std::string::npos) {
        found.push_back(it);
      }
    }
    return found;
  }

 private:
  mutable std::mutex mutex_;
  std::vector<kv::Span> spans_;
  std::vector<kv::LogEntry> entries_;
};

class ObserveTest : public kv_tests::TwoNodes {
 protected:
  static kv::NodeOptions options(const std::shared_ptr<Witness>& witness) {
    kv::NodeOptions options;
    options.observer = witness;
    options.log = [witness](const kv::LogEntry& it) { witness->log(it); };
    options.cookie = "monster";
    options.max_connections = 1;
    return options;
  }
  explicit ObserveTest(
      const std::shared_ptr<Witness>& witness = std::make_shared<Witness>())
      : TwoNodes(options(witness)), witness_(witness) {}

  bool said(std::string_view node, const std::string& part) const {
    return eventually([&] { return !witness_->said(node, part).empty(); });
  }
  // What foo says of bar.
  std::optional<kv::PeerStats> bar_as_peer() const {
    for (const kv::PeerStats& it : foo_->stats().peers) {
      if (it.node == bar_->name()) return it;
    }
    return std::nullopt;
  }

  const std::shared_ptr<Witness> witness_;
};

const kv::TraceContext kTrace = *kv::TraceContext::parse(
    "00-4bf92f3577b34da6a3ce929d0e0e4736-00f067aa0ba902b7-01");

TEST_F(ObserveTest, ASpanOnAPeerHasItsParentHere) {
  create("zoo");
  kv::CallOptions call;
  call.traceparent = kTrace;
  ASSERT_TRUE(foo_->router().route("zoo", kv::Get{"k"}, call).ok());
  std::vector<kv::Span> chain;
  for (kv::SpanId parent = kTrace.span_id; chain.size() < 4;) {
    const auto spans = witness_->spans();
    const auto it =
        std::find_if(spans.begin(), spans.end(), [&](const kv::Span& span) {
          return span.parent == parent &&
                 span.context.trace_id == kTrace.trace_id;
        });
    ASSERT_NE(it, spans.end());
    chain.push_back(*it);
    parent = it->context.span_id;
  }
  using Kind = kv::Span::Kind;
  EXPECT_EQ(chain[0].kind, Kind::kCall);
  EXPECT_EQ(chain[1].kind, Kind::kSend);
  EXPECT_EQ(chain[1].peer, bar_->name());
  EXPECT_EQ(chain[2].kind, Kind::kServe);
  EXPECT_EQ(chain[2].node, bar_->name());
  EXPECT_EQ(chain[2].peer, foo_->name());
  EXPECT_EQ(chain[3].kind, Kind::kRun);
}

TEST_F(ObserveTest, CallsThatShareATripCarryTheirTraces) {
  create("zoo");
  constexpr std::size_t kCalls = 200;
  std::vector<kv::Task<std::optional<std::string>>> tasks;
  kv::CallOptions call = within(kLong);
  call.traceparent = kTrace;
  for (std::size_t i = 0; i < kCalls; ++i) {
    tasks.push_back(foo_->router().async("zoo", kv::Get{"k"}, call));
  }
  for (const auto& it : kv::await_all(tasks, kLong)) ASSERT_TRUE(it.ok());
  std::size_t ran = 0;
  for (const kv::Span& it : witness_->spans()) {
    if (it.kind != kv::Span::Kind::kRun || it.op != "Get") continue;
    EXPECT_EQ(it.node, bar_->name());
    EXPECT_EQ(it.context.trace_id, kTrace.trace_id);
    ++ran;
  }
  EXPECT_EQ(ran, kCalls);
}

TEST_F(ObserveTest, APeerIsSeenToComeAndGo) {
  EXPECT_FALSE(bar_as_peer().has_value());
  create("zoo");
  ASSERT_TRUE(eventually([&] {
    const auto bar = bar_as_peer();
    return bar.has_value() && bar->state == kv::PeerState::kUp;
  }));
  const std::string value(10000, 'v');
  ASSERT_TRUE(foo_->router().route("zoo", kv::Put{"k", value}).ok());
  ASSERT_TRUE(foo_->router().route("zoo", kv::Get{"k"}).ok());
  const auto bar = bar_as_peer();
  EXPECT_EQ(bar->answered, 3U);
  EXPECT_EQ(bar->failed, 0U);
  EXPECT_EQ(bar->last_error, "");
  EXPECT_GT(bar->sent_bytes, value.size());
  EXPECT_LT(bar->sent_bytes, value.size() + 1000);
  EXPECT_GT(bar->received_bytes, value.size());
  EXPECT_LT(bar->received_bytes, value.size() + 1000);

  const kv::NodeName name = bar_->name();
  bar_->stop().IgnoreError();
  kv_tests::expect_unreachable(foo_->router(), "zoo", name);
  const auto gone = bar_as_peer();
  EXPECT_EQ(gone->state, kv::PeerState::kDown);
  EXPECT_GT(gone->failed, 0U);
  EXPECT_NE(gone->last_error.find(name.str()), std::string::npos)
      << gone->last_error;
  EXPECT_TRUE(said("foo", "peer " + name.str() + ": up"));
  EXPECT_TRUE(said("foo", "peer " + name.str() + ": down: "));
}

TEST_F(ObserveTest, StatsTravelAsTheyAre) {
  create("zoo");
  ASSERT_TRUE(foo_->router().route("zoo", kv::Get{"k"}).ok());
  const auto told = foo_->router().call(bar_->name().str(), kv::GetStats{});
  ASSERT_TRUE(told.ok()) << told.status();
  kv::Stats own = bar_->stats();
  // GetStats itself has ended since.
  own.ops.erase(
      std::remove_if(own.ops.begin(), own.ops.end(),
                     [](const kv::OpStats& it) { return it.op == "GetStats"; }),
      own.ops.end());
  ASSERT_EQ(own.ops.size(), 2U);
  EXPECT_EQ(told->ops, own.ops);
  EXPECT_EQ(told->table_entries, own.table_entries);
}

TEST_F(ObserveTest, StatsMayBeAskedForWhenTheNodeIsGone) {
  const auto source = bar_->stats_source();
  EXPECT_EQ(source().value().node, bar_->name());
  bar_.reset();
  EXPECT_FALSE(source().has_value());
}

TEST_F(ObserveTest, TheLogTellsOfStartTablesAndStop) {
  EXPECT_TRUE(said("foo", "starts: listens on 127.0.0.1:"));
  EXPECT_TRUE(said("foo", "goes by a table with version 0 and 2 entries"));
  set_table(foo_->table().with_version(7));
  EXPECT_FALSE(foo_->set_table(foo_->table().with_version(6)).ok());
  EXPECT_TRUE(said("foo", "refused a table: "));
  foo_->stop().IgnoreError();
  foo_->stop().IgnoreError();
  EXPECT_EQ(witness_->said("foo", "has stopped").size(), 1U);
}

TEST_F(ObserveTest, TheLogTellsSeldomOfWhoIsRefusedAndNeverTheCookie) {
  kv::NodeOptions stranger;
  stranger.cookie = "oatmeal";
  const auto baz = start_node("baz", stranger);
  for (int i = 0; i < 50; ++i) {
    EXPECT_EQ(
        baz->router().call(bar_->name().str(), kv::Whoami{}).status().code(),
        absl::StatusCode::kUnauthenticated);
  }
  EXPECT_TRUE(said("bar", "refused a call from ipv4:127.0.0.1:"));
  EXPECT_LT(witness_->said("bar", "refused a call").size(), 25U);
  EXPECT_TRUE(witness_->said("bar", "oatmeal").empty());
  EXPECT_TRUE(witness_->said("bar", "monster").empty());
  // That was the only connection which is allowed.
  kv_tests::RawSocket second(bar_->name().port());
  EXPECT_TRUE(said("bar", "refused a connection: max_connections"));
}

TEST_F(ObserveTest, ALogThatThrowsHarmsNobody) {
  kv::NodeOptions options;
  options.log = [](const kv::LogEntry&) { throw 1; };
  const auto baz = start_node("baz", options);
  EXPECT_TRUE(baz->router().call(baz->name().str(), kv::Whoami{}).ok());
}

}  // namespace
