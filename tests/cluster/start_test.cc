// What a node refuses to start with.
#include <kv/kv.h>

#include <chrono>
#include <functional>
#include <string>
#include <utility>
#include <vector>

#include "cluster/sockets.h"
#include "cluster/two_nodes.h"

namespace {

using kv_tests::Socket;
using kv_tests::start_node;

absl::Status start_status(kv::NodeOptions options) {
  return kv::Node::start(std::move(options)).status();
}

absl::Status start_status(const std::string& name) {
  kv::NodeOptions options;
  options.name = name;
  return start_status(options);
}

bool says(const absl::Status& status, const std::string& part) {
  return std::string(status.message()).find(part) != std::string::npos;
}

TEST(StartTest, APortInUseIsNamed) {
  const Socket taken = Socket::listening();
  const absl::Status status = start_status(taken.name("foo"));
  EXPECT_EQ(status.code(), absl::StatusCode::kAlreadyExists) << status;
  EXPECT_TRUE(says(status, "127.0.0.1:" + std::to_string(taken.port())))
      << status;
}

TEST(StartTest, TwoNodesCannotHaveOnePort) {
  const auto foo = start_node("foo");
  for (const char* name : {"foo", "bar"}) {
    const absl::Status status = start_status(
        std::string(name) + "@" + std::string(foo->name().address()));
    EXPECT_EQ(status.code(), absl::StatusCode::kAlreadyExists) << status;
    EXPECT_TRUE(says(status, std::string(foo->name().address()))) << status;
  }
  EXPECT_TRUE(foo->router().call(foo->name(), kv::Whoami{}).ok());
}

TEST(StartTest, APortIsFreeOnceItsNodeHasStopped) {
  auto foo = start_node("foo");
  const std::string name = foo->name().str();
  ASSERT_TRUE(foo->stop().ok());
  const auto again = start_node(name);
  ASSERT_NE(again, nullptr);
  EXPECT_EQ(again->name(), name);
}

TEST(StartTest, PortZeroTakesAFreeOneAndTheNameTellsIt) {
  const auto foo = start_node("foo");
  EXPECT_EQ(foo->name().short_name(), "foo");
  EXPECT_EQ(foo->name().host(), "127.0.0.1");
  EXPECT_NE(foo->name().port(), 0);
}

TEST(StartTest, BadNamesAreRefusedAndNamed) {
  for (const char* name :
       {"", "foo", "@127.0.0.1:0", "foo@", "foo@127.0.0.1", "foo@127.0.0.1:x",
        "foo@127.0.0.1:65536", "f oo@127.0.0.1:0", "foo@127.0.0.1:0\n"}) {
    const absl::Status status = start_status(name);
    EXPECT_EQ(status.code(), absl::StatusCode::kInvalidArgument)
        << name << ": " << status;
    EXPECT_FALSE(status.message().empty());
  }
}

TEST(StartTest, PlaintextOffLoopbackMustBeMeant) {
  for (const char* name : {"foo@0.0.0.0:0", "foo@192.0.2.1:0",
                           "foo@example.org:0", "foo@[::]:0"}) {
    const absl::Status status = start_status(name);
    EXPECT_EQ(status.code(), absl::StatusCode::kFailedPrecondition)
        << name << ": " << status;
    EXPECT_TRUE(says(status, "insecure")) << status;
  }
  kv::NodeOptions options;
  options.name = "foo@127.0.0.1:4001";
  options.listen = "0.0.0.0:4001";
  EXPECT_EQ(start_status(options).code(),
            absl::StatusCode::kFailedPrecondition);
}

TEST(StartTest, ListeningElsewhereThanTheNameSaysWorks) {
  const Socket free = Socket::bound();
  const std::string port = std::to_string(free.port());
  kv::NodeOptions options;
  options.name = free.name("foo");
  options.listen = "127.0.0.2:" + port;
  const auto foo = start_node(options.name, options);
  ASSERT_NE(foo, nullptr);
  const auto bar = start_node("bar");
  EXPECT_EQ(*bar->router().call("foo@127.0.0.2:" + port, kv::Whoami{}),
            foo->name().str());
}

TEST(StartTest, WrittenOutAnInsecureNodeListensEverywhere) {
  kv::NodeOptions options;
  options.insecure = true;
  const auto foo = start_node("foo@0.0.0.0:0", options);
  ASSERT_NE(foo, nullptr);
  const auto bar = start_node("bar");
  EXPECT_TRUE(bar->router()
                  .call("foo@127.0.0.1:" + std::to_string(foo->name().port()),
                        kv::Whoami{})
                  .ok());
}

TEST(StartTest, AnAddressThatIsNotOursIsUnavailable) {
  kv::NodeOptions options;
  options.name = "foo@192.0.2.1:4001";
  options.insecure = true;
  const absl::Status status = start_status(options);
  EXPECT_EQ(status.code(), absl::StatusCode::kUnavailable) << status;
  EXPECT_TRUE(says(status, "192.0.2.1:4001")) << status;
}

TEST(StartTest, OptionsThatMakeNoSenseAreNamed) {
  using Change = std::function<void(kv::NodeOptions&)>;
  const std::vector<std::pair<std::string, Change>> changes = {
      {"max_bucket_name_bytes",
       [](auto& options) { options.max_bucket_name_bytes = 0; }},
      {"max_value_bytes",
       [](auto& options) { options.max_value_bytes = std::size_t{1} << 40; }},
      {"max_args_bytes",
       [](auto& options) { options.max_args_bytes = std::size_t{1} << 40; }},
      {"max_calls", [](auto& options) { options.max_calls = 0; }},
      {"max_calls_per_peer",
       [](auto& options) { options.max_calls_per_peer = 0; }},
      {"max_queued_bytes", [](auto& options) { options.max_queued_bytes = 0; }},
      {"max_queue_delay",
       [](auto& options) {
         options.max_queue_delay = std::chrono::milliseconds(0);
       }},
      {"busy_poll",
       [](auto& options) {
         options.busy_poll = std::chrono::milliseconds(11);
       }},
      {"busy_poll",
       [](auto& options) {
         options.busy_poll = std::chrono::microseconds(-1);
       }},
      {"retry_budget", [](auto& options) { options.retry_budget = 1.1; }},
      {"retry_budget", [](auto& options) { options.retry_budget = -0.1; }},
      {"max_calls_per_bucket",
       [](auto& options) { options.max_calls_per_bucket = 0; }},
      {"op_threads", [](auto& options) { options.op_threads = 0; }},
      {"op_threads", [](auto& options) { options.op_threads = 1000000; }},
      {"max_waiting_ops", [](auto& options) { options.max_waiting_ops = 0; }},
      {"max_queued_ops", [](auto& options) { options.max_queued_ops = 0; }},
      {"callback_threads", [](auto& options) { options.callback_threads = 0; }},
      {"connect_timeout",
       [](auto& options) {
         options.connect_timeout = std::chrono::milliseconds(0);
       }},
      {"connect_timeout",
       [](auto& options) {
         options.connect_timeout = std::chrono::milliseconds(-1);
       }},
      {"connect_timeout",
       [](auto& options) {
         options.connect_timeout = std::chrono::milliseconds::max();
       }},
      {"listen", [](auto& options) { options.listen = "nonsense"; }},
  };
  for (const auto& [field, change] : changes) {
    kv::NodeOptions options;
    options.name = "foo@127.0.0.1:0";
    change(options);
    const absl::Status status = start_status(options);
    EXPECT_EQ(status.code(), absl::StatusCode::kInvalidArgument)
        << field << ": " << status;
    EXPECT_TRUE(says(status, field)) << field << ": " << status;
  }
}

}  // namespace
