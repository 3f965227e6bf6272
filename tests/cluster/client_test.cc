// A node that only calls others.
#include <kv/kv.h>

#include <memory>
#include <string>

#include "cluster/two_nodes.h"

namespace {

using kv_tests::expect_failure;
using kv_tests::table_of;

kv::NodeOptions client_options() {
  kv::NodeOptions options;
  options.name = "tool@127.0.0.1:0";
  options.client = true;
  return options;
}

class ClientTest : public kv_tests::TwoNodes {
 protected:
  void SetUp() override {
    TwoNodes::SetUp();
    auto client = kv::Node::start(client_options());
    ASSERT_TRUE(client.ok()) << client.status();
    client_ = *std::move(client);
  }
  kv::Router& router() { return client_->router(); }

  std::unique_ptr<kv::Node> client_;
};

TEST_F(ClientTest, KeepsItsNameAndCallsByNode) {
  EXPECT_EQ(client_->name(), "tool@127.0.0.1:0");
  EXPECT_EQ(*router().call(bar_->name(), kv::Whoami{}), bar_->name().str());
  EXPECT_TRUE(client_->ping(foo_->name()).ok());
  EXPECT_EQ(client_->peers().size(), 2U);
}

TEST_F(ClientTest, LetsAPeerDecideByATableThatGivesItEverything) {
  ASSERT_TRUE(client_->set_table(table_of({{"..", foo_->name()}})).ok());
  kv::Trace trace;
  kv::CallOptions options;
  options.trace = &trace;
  EXPECT_EQ(*router().route("world", kv::Whoami{}, options),
            bar_->name().str());
  ASSERT_EQ(trace.hops.size(), 3U);
  EXPECT_EQ(trace.hops[0].node, client_->name());
  EXPECT_EQ(trace.hops[1].node, foo_->name());
  EXPECT_EQ(trace.hops[1].matched, "n..z");
  EXPECT_EQ(trace.hops[2].node, bar_->name());
  const std::string all(1, '\xff');
  expect_failure(router().route(all, kv::Whoami{}).status(),
                 absl::StatusCode::kOutOfRange, kv::Outcome::kNotRun,
                 "could not find entry for \"\\xff\"");
}

TEST_F(ClientTest, WorksByATableOfItsOwn) {
  ASSERT_TRUE(client_->set_table(foo_->table()).ok());
  const auto ref = router().route("world", kv::Create{});
  ASSERT_TRUE(ref.ok()) << ref.status();
  EXPECT_EQ(ref->node(), bar_->name());
  EXPECT_EQ(router().route(*ref, kv::Put{"milk", "1"}), absl::OkStatus());
  EXPECT_EQ(*router().route("world", kv::Get{"milk"}), "1");
}

TEST_F(ClientTest, CirclesBetweenItsPeersAreFoundAsEverywhere) {
  ASSERT_TRUE(foo_->set_table(table_of({{"a..z", bar_->name()}})).ok());
  ASSERT_TRUE(bar_->set_table(table_of({{"a..z", foo_->name()}})).ok());
  ASSERT_TRUE(client_->set_table(table_of({{"..", foo_->name()}})).ok());
  expect_failure(router().route("hello", kv::Whoami{}).status(),
                 absl::StatusCode::kAborted, kv::Outcome::kNotRun,
                 client_->name().str() + " -> " + foo_->name().str() + " -> " +
                     bar_->name().str() + " -> " + foo_->name().str());
}

TEST_F(ClientTest, SeveralMayHaveOneName) {
  const auto other = kv::Node::start(client_options());
  ASSERT_TRUE(other.ok()) << other.status();
  EXPECT_TRUE((*other)->router().call(foo_->name(), kv::Whoami{}).ok());
  EXPECT_TRUE(router().call(foo_->name(), kv::Whoami{}).ok());
}

TEST_F(ClientTest, NobodyCanCallItOrNameItInATable) {
  expect_failure(foo_->router().call(client_->name(), kv::Whoami{}).status(),
                 absl::StatusCode::kInvalidArgument, kv::Outcome::kNotRun,
                 "port 0");
  EXPECT_FALSE(kv::RoutingTable::parse("a..z " + client_->name().str()).ok());
}

TEST_F(ClientTest, StopsLikeAnyNode) {
  EXPECT_EQ(client_->stop(), absl::OkStatus());
  EXPECT_EQ(router().call(foo_->name(), kv::Whoami{}).status().code(),
            absl::StatusCode::kCancelled);
}

TEST(ClientOptionsTest, APortToListenOnIsRefused) {
  kv::NodeOptions options = client_options();
  options.name = "tool@127.0.0.1:4001";
  auto node = kv::Node::start(options);
  EXPECT_EQ(node.status().code(), absl::StatusCode::kInvalidArgument);
  EXPECT_NE(std::string(node.status().message()).find("port must be 0"),
            std::string::npos);
  options = client_options();
  options.listen = "127.0.0.1:4001";
  node = kv::Node::start(options);
  EXPECT_EQ(node.status().code(), absl::StatusCode::kInvalidArgument);
  EXPECT_NE(std::string(node.status().message()).find("does not listen"),
            std::string::npos);
}

TEST(ClientOptionsTest, NoAddressIsInsecureForWhoDoesNotListen) {
  kv::NodeOptions options = client_options();
  options.name = "tool@10.0.0.1:0";
  EXPECT_TRUE(kv::Node::start(options).ok());
}

}  // namespace
