// The codes that cross the wire, each with its outcome, over one hop and two.
#include <kv/kv.h>

#include <algorithm>
#include <memory>
#include <string>
#include <thread>
#include <vector>

#include "cluster/sockets.h"
#include "cluster/two_nodes.h"

namespace {

using kv_tests::Event;
using kv_tests::eventually;
using kv_tests::expect_failure;
using kv_tests::kLong;
using kv_tests::milliseconds;
using kv_tests::Socket;
using kv_tests::start_node;
using kv_tests::table_of;
using kv_tests::within;

// "world" lives on baz, of which only bar knows: each call goes
// foo -> bar -> baz.
class CodesTest : public kv_tests::TwoNodes {
 protected:
  CodesTest() : baz_(start_node("baz")) {}
  void SetUp() override {
    TwoNodes::SetUp();
    const auto table = table_of({{"n..z", baz_->name()}});
    ASSERT_TRUE(bar_->set_table(table).ok());
    ASSERT_TRUE(baz_->set_table(table).ok());
  }
  kv::Router& router() { return foo_->router(); }
  std::unique_ptr<kv::Node> baz_;
};

TEST_F(CodesTest, NotFoundRan) {
  expect_failure(router().route("world", kv::Get{"milk"}).status(),
                 absl::StatusCode::kNotFound, kv::Outcome::kRan,
                 baz_->name().str());
}

TEST_F(CodesTest, OutOfRangeDidNotRun) {
  ASSERT_TRUE(baz_->set_table(kv::RoutingTable()).ok());
  expect_failure(router().route("world", kv::Get{"milk"}).status(),
                 absl::StatusCode::kOutOfRange, kv::Outcome::kNotRun,
                 "could not find entry for \"world\" in table []");
}

TEST_F(CodesTest, TheTextOfAnErrorMayHoldAnyName) {
  ASSERT_TRUE(baz_->set_table(kv::RoutingTable()).ok());
  const std::string name("w\0\n\r\xff\xc3\"%", 8);
  expect_failure(router().route(name, kv::Get{"milk"}).status(),
                 absl::StatusCode::kOutOfRange, kv::Outcome::kNotRun,
                 "could not find entry for \"w\\x00");
  expect_failure(
      router().route("w" + std::string(1023, '\xff'), kv::Whoami{}).status(),
      absl::StatusCode::kOutOfRange, kv::Outcome::kNotRun, "could not find");
}

TEST_F(CodesTest, UnimplementedDidNotRun) {
  expect_failure(router().route("world", kv::Apply{"Nobody.knows"}).status(),
                 absl::StatusCode::kUnimplemented, kv::Outcome::kNotRun,
                 baz_->name().str());
}

TEST_F(CodesTest, ThrowingRan) {
  ASSERT_TRUE(baz_->define("Throw",
                           [](kv::OpContext&,
                              std::string_view) -> absl::StatusOr<std::string> {
                             throw std::string("no exception");
                           })
                  .ok());
  expect_failure(router().route("world", kv::Apply{"Throw"}).status(),
                 absl::StatusCode::kInternal, kv::Outcome::kRan, "Throw");
}

TEST_F(CodesTest, ANodeDownTheWayIsUnavailableNamedAndDidNotRun) {
  const std::string baz = baz_->name().str();
  baz_.reset();
  const absl::Status status = router().route("world", kv::Get{"milk"}).status();
  expect_failure(status, absl::StatusCode::kUnavailable, kv::Outcome::kNotRun,
                 baz);
}

TEST_F(CodesTest, ALineThatBreaksDownTheWayIsUnknown) {
  kv_tests::TcpProxy proxy(baz_->name().port());
  auto name = kv::NodeName::parse(proxy.name("baz"));
  ASSERT_TRUE(bar_->set_table(table_of({{"n..z", *name}})).ok());
  ASSERT_TRUE(baz_->set_table(table_of({{"n..z", baz_->name()}})).ok());
  Event begun;
  ASSERT_TRUE(baz_->define("Wait",
                           [&](kv::OpContext& context, std::string_view) {
                             begun.set();
                             eventually([&] { return context.cancelled(); });
                             return absl::StatusOr<std::string>("done");
                           })
                  .ok());
  auto task = router().async("world", kv::Apply{"Wait"}, within(kLong));
  ASSERT_TRUE(begun.wait());
  proxy.cut();
  expect_failure(task.await(kLong).status(), absl::StatusCode::kUnavailable,
                 kv::Outcome::kUnknown, proxy.name("baz"));
}

TEST_F(CodesTest, ADeadlineDownTheWayIsUnknown) {
  Event begun;
  Event release;
  ASSERT_TRUE(baz_->define("Wait",
                           [&](kv::OpContext&, std::string_view) {
                             begun.set();
                             release.wait();
                             return absl::StatusOr<std::string>("done");
                           })
                  .ok());
  expect_failure(
      router()
          .route("world", kv::Apply{"Wait"}, within(milliseconds(300)))
          .status(),
      absl::StatusCode::kDeadlineExceeded, kv::Outcome::kUnknown);
  EXPECT_TRUE(begun.wait());
  release.set();
  ASSERT_TRUE(baz_->stop().ok());
}

TEST_F(CodesTest, AListOfHopsThatIsVeryLongDoesNotBreakAFailure) {
  // A failure with a trace must fit into the metadata of a gRPC status.
  const std::string range(1024, 'a');
  ASSERT_TRUE(foo_->set_table(table_of({{range + "..z", bar_->name()}})).ok());
  ASSERT_TRUE(bar_->set_table(table_of({{range + "..z", baz_->name()}})).ok());
  ASSERT_TRUE(baz_->set_table(kv::RoutingTable()).ok());
  kv::Trace trace;
  kv::CallOptions options;
  options.trace = &trace;
  expect_failure(router().route("world", kv::Whoami{}, options).status(),
                 absl::StatusCode::kOutOfRange, kv::Outcome::kNotRun,
                 "could not find entry");
  ASSERT_FALSE(trace.hops.empty());
  EXPECT_EQ(trace.hops[0].node, foo_->name());
}

// bar has room for little.
class LimitsTest : public kv_tests::TwoNodes {
 protected:
  explicit LimitsTest(const kv::NodeOptions& bar = small())
      : TwoNodes({}, bar) {}
  static kv::NodeOptions small() {
    kv::NodeOptions options;
    options.max_calls_per_bucket = 2;
    options.op_threads = 1;
    options.max_queued_ops = 3;
    options.max_buckets = 2;
    return options;
  }
  void SetUp() override {
    TwoNodes::SetUp();
    ASSERT_TRUE(bar_->define("Wait",
                             [this](kv::OpContext&, std::string_view) {
                               begun_.set();
                               release_.wait();
                               return absl::StatusOr<std::string>("done");
                             })
                    .ok());
  }
  // Of these calls at once the last `refused` are.
  void expect_refused(const std::vector<const char*>& buckets, int refused) {
    std::vector<kv::Task<std::string>> tasks;
    for (const char* bucket : buckets) {
      tasks.push_back(
          foo_->router().async(bucket, kv::Apply{"Wait"}, within(kLong)));
      ASSERT_TRUE(begun_.wait());
    }
    const auto is_ready = [](const auto& task) { return task.ready(); };
    EXPECT_TRUE(eventually([&] {
      return std::count_if(tasks.begin(), tasks.end(), is_ready) == refused;
    }));
    meanwhile();
    release_.set();
    for (auto& task : tasks) {
      const absl::Status status = task.await(kLong).status();
      if (status.ok()) continue;
      --refused;
      expect_failure(status, absl::StatusCode::kResourceExhausted,
                     kv::Outcome::kNotRun);
    }
    EXPECT_EQ(refused, 0);
  }

  virtual void meanwhile() {}
  Event begun_;
  Event release_;
};

TEST_F(LimitsTest, CallsThatWaitForAThreadAreBounded) {
  // One runs and three wait.
  expect_refused({"world", "world", "world", "world", "world", "world"}, 2);
}

TEST_F(LimitsTest, CallsThatWaitForOneBucketAreBounded) {
  create("world");
  // One runs and two wait.
  expect_refused({"world", "world", "world", "world", "world"}, 2);
  EXPECT_TRUE(foo_->router().route("world", kv::Get{"milk"}).ok());
}

TEST_F(LimitsTest, BucketsAreBounded) {
  create("one");
  create("two");
  expect_failure(foo_->router().route("three", kv::Create{}).status(),
                 absl::StatusCode::kResourceExhausted, kv::Outcome::kNotRun);
  EXPECT_TRUE(foo_->router().route("one", kv::Drop{}).ok());
  create("three");
}

class CallsLimitTest : public LimitsTest {
 protected:
  CallsLimitTest() : LimitsTest(three_calls()) {}
  static kv::NodeOptions three_calls() {
    kv::NodeOptions options;
    options.max_calls = 3;
    return options;
  }
  void meanwhile() override {
    expect_failure(foo_->router().route("world", kv::Whoami{}).status(),
                   absl::StatusCode::kResourceExhausted, kv::Outcome::kNotRun,
                   "max_calls");
  }
};

TEST_F(CallsLimitTest, CallsUnderWayAreBounded) {
  expect_refused({"world", "world", "world", "world", "world"}, 2);
  EXPECT_TRUE(foo_->router().route("world", kv::Whoami{}).ok());
}

TEST(PeersTest, PeersAreBounded) {
  kv::NodeOptions options;
  options.max_peers = 2;
  const auto foo = start_node("foo", options);
  std::vector<std::unique_ptr<kv::Node>> others;
  for (int i = 0; i < 3; ++i) {
    others.push_back(start_node("other" + std::to_string(i)));
  }
  const auto call = [&](int i) {
    return foo->router().call(others[i]->name(), kv::Whoami{}).status();
  };
  EXPECT_TRUE(call(0).ok());
  EXPECT_TRUE(call(1).ok());
  expect_failure(call(2), absl::StatusCode::kResourceExhausted,
                 kv::Outcome::kNotRun);
  EXPECT_TRUE(foo->disconnect(others[0]->name()).ok());
  EXPECT_TRUE(call(2).ok());
}

}  // namespace
