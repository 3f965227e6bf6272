// grpc.health.v1.Health, asked as others ask it.
#include <grpcpp/grpcpp.h>
#include <kv/kv.h>

#include <memory>
#include <string>
#include <thread>
#include <vector>

#include "cluster/two_nodes.h"
#include "trust/raw_client.h"

namespace {

using kv_tests::Event;
using kv_tests::kLong;
using kv_tests::RawClient;
using kv_tests::seconds;
using kv_tests::start_node;

const std::string kServing("\x08\x01");
const std::string kNotServing("\x08\x02");
const std::string kServiceUnknown("\x08\x03");
const std::string kCheck = "/grpc.health.v1.Health/Check";

std::string request(const std::string& service) {
  if (service.empty()) return "";
  return "\x0a" + std::string(1, static_cast<char>(service.size())) + service;
}

// A watcher, which reads one status after the other.
class Watcher {
 public:
  Watcher(const kv::NodeName& node, const std::string& service)
      : stream_(node, "/grpc.health.v1.Health/Watch") {
    EXPECT_TRUE(stream_.write(request(service)));
    stream_.no_more();
  }
  // Empty once it has ended.
  std::string next() { return stream_.read().value_or(""); }

 private:
  kv_tests::RawStream stream_;
};

TEST(HealthTest, ANodeServesWithoutACookie) {
  kv::NodeOptions options;
  options.cookie = "monster";
  const auto foo = start_node("foo", options);
  RawClient client(foo->name(), grpc::InsecureChannelCredentials());
  for (const char* service : {"", "kvroute.v1.Peer"}) {
    const auto answer = client.call(kCheck, request(service));
    EXPECT_EQ(answer.code, grpc::StatusCode::OK) << answer.message;
    EXPECT_EQ(answer.bytes, kServing);
  }
  EXPECT_EQ(client.call(kCheck, request("other")).code,
            grpc::StatusCode::NOT_FOUND);
}

TEST(HealthTest, IsServedOnlyWhereItIsWanted) {
  kv::NodeOptions options;
  options.serve_health = false;
  const auto foo = start_node("foo", options);
  RawClient client(foo->name(), grpc::InsecureChannelCredentials());
  EXPECT_EQ(client.call(kCheck, "").code, grpc::StatusCode::UNIMPLEMENTED);
}

// A node that is draining still finishes what is under way.
TEST(HealthTest, ANodeThatDrainsDoesNotServe) {
  const auto foo = start_node("foo");
  Event begun;
  Event end;
  ASSERT_TRUE(foo->define("Wait",
                          [&](kv::OpContext&, std::string_view) {
                            begun.set();
                            end.wait();
                            return absl::StatusOr<std::string>("done");
                          })
                  .ok());
  Watcher all(foo->name(), "");
  Watcher peer(foo->name(), "kvroute.v1.Peer");
  Watcher other(foo->name(), "other");
  EXPECT_EQ(all.next(), kServing);
  EXPECT_EQ(peer.next(), kServing);
  EXPECT_EQ(other.next(), kServiceUnknown);
  auto task = foo->router().async_call(foo->name(), kv::Apply{"Wait"});
  ASSERT_TRUE(begun.wait());
  std::thread stop([&] { EXPECT_TRUE(foo->stop(kLong).ok()); });
  EXPECT_EQ(all.next(), kNotServing);
  EXPECT_EQ(peer.next(), kNotServing);
  RawClient client(foo->name(), grpc::InsecureChannelCredentials());
  EXPECT_EQ(client.call(kCheck, "").bytes, kNotServing);
  end.set();
  const auto took = kv_tests::time_of([&] { stop.join(); });
  EXPECT_LT(took, seconds(1)) << "it waited for who watches";
  EXPECT_EQ(*task.await(), "done");
  EXPECT_EQ(all.next(), "");
  EXPECT_EQ(other.next(), "");
}

// Where the host has switched gRPC's own on for all servers.
TEST(HealthTest, ItsOwnAndThatOfGrpcDoNotMeet) {
  grpc::EnableDefaultHealthCheckService(true);
  const auto foo = start_node("foo");
  grpc::EnableDefaultHealthCheckService(false);
  RawClient client(foo->name(), grpc::InsecureChannelCredentials());
  EXPECT_EQ(client.call(kCheck, "").bytes, kServing);
}

}  // namespace
