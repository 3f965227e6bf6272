// grpc.reflection.v1alpha, as grpcurl and grpc_cli ask it.
#include <gmock/gmock.h>
#include <google/protobuf/descriptor.h>
#include <google/protobuf/descriptor.pb.h>
#include <google/protobuf/dynamic_message.h>

#include <memory>
#include <string>
#include <vector>

#include "cluster/two_nodes.h"
#include "trust/raw_client.h"

namespace {

using google::protobuf::DescriptorPool;
using google::protobuf::FileDescriptorProto;
using google::protobuf::Message;
using kv_tests::seconds;
using kv_tests::start_node;

constexpr char kMethod[] =
    "/grpc.reflection.v1alpha.ServerReflection/ServerReflectionInfo";

std::string field(int number, const std::string& bytes) {
  return std::string(1, static_cast<char>(number << 3 | 2)) +
         std::string(1, static_cast<char>(bytes.size())) + bytes;
}
std::string file_by_filename(const std::string& name) { return field(3, name); }
std::string file_containing_symbol(const std::string& name) {
  return field(4, name);
}
std::string list_services() { return field(7, "*"); }

// The fields of a message that hold bytes, in their order. Numbers are left
// out.
std::vector<std::pair<int, std::string>> fields(const std::string& bytes) {
  std::vector<std::pair<int, std::string>> all;
  std::size_t at = 0;
  const auto number = [&] {
    std::size_t value = 0;
    for (int shift = 0; at < bytes.size(); shift += 7) {
      const auto byte = static_cast<unsigned char>(bytes[at++]);
      value |= static_cast<std::size_t>(byte & 127) << shift;
      if (byte < 128) break;
    }
    return value;
  };
  while (at < bytes.size()) {
    const std::size_t tag = number();
    const std::size_t size = number();
    if ((tag & 7) != 2) continue;
    all.emplace_back(static_cast<int>(tag >> 3), bytes.substr(at, size));
    at += size;
  }
  return all;
}

// A conversation.
class Asking {
 public:
  explicit Asking(const kv::NodeName& node, const std::string& cookie = "")
      : stream_(node, kMethod, metadata(cookie)) {}

  // The answer's fields; none where there is no answer.
  std::vector<std::pair<int, std::string>> ask(const std::string& question) {
    if (!stream_.write(question)) return {};
    return fields(stream_.read().value_or(""));
  }
  // The same, of its answer proper: that with the number.
  std::vector<std::string> ask(const std::string& question, int number) {
    for (const auto& [which, bytes] : ask(question)) {
      if (which != number) continue;
      std::vector<std::string> parts;
      for (const auto& part : fields(bytes)) parts.push_back(part.second);
      return parts;
    }
    return {};
  }
  void no_more() { stream_.no_more(); }
  grpc::Status finish() { return stream_.finish(); }

 private:
  static kv_tests::RawClient::Metadata metadata(const std::string& cookie) {
    if (cookie.empty()) return {};
    return {{"kvroute-cookie-bin", cookie}};
  }

  kv_tests::RawStream stream_;
};

std::vector<std::string> services(Asking& asking) {
  std::vector<std::string> names;
  for (const std::string& service : asking.ask(list_services(), 6)) {
    names.push_back(fields(service).at(0).second);
  }
  return names;
}

TEST(ReflectionTest, NamesTheServicesThatThereAre) {
  const auto foo = start_node("foo");
  Asking all(foo->name());
  EXPECT_THAT(services(all), testing::UnorderedElementsAre(
                                 "kvroute.v1.Peer", "grpc.health.v1.Health",
                                 "grpc.reflection.v1alpha.ServerReflection"));
  kv::NodeOptions options;
  options.serve_health = false;
  const auto bar = start_node("bar", options);
  Asking fewer(bar->name());
  EXPECT_THAT(services(fewer), testing::UnorderedElementsAre(
                                   "kvroute.v1.Peer",
                                   "grpc.reflection.v1alpha.ServerReflection"));
}

// All that a tool does: from the names to a message that it can read.
TEST(ReflectionTest, DescribesMessagesWellEnoughToReadThem) {
  const auto foo = start_node("foo");
  Asking asking(foo->name());
  DescriptorPool pool;
  for (const std::string& service : services(asking)) {
    const auto files = asking.ask(file_containing_symbol(service), 4);
    ASSERT_EQ(files.size(), 1U) << service;
    FileDescriptorProto file;
    ASSERT_TRUE(file.ParseFromString(files[0]));
    EXPECT_EQ(asking.ask(file_by_filename(file.name()), 4), files);
    ASSERT_NE(pool.BuildFile(file), nullptr);
    ASSERT_NE(pool.FindServiceByName(service), nullptr);
  }
  for (const char* symbol :
       {"kvroute.v1.Peer.Route", "kvroute.v1.RouteRequest.Get",
        "kvroute.v1.RouteReply"}) {
    EXPECT_EQ(asking.ask(file_containing_symbol(symbol), 4).size(), 1U)
        << symbol;
  }
  google::protobuf::DynamicMessageFactory factory;
  const std::unique_ptr<Message> reply(
      factory
          .GetPrototype(
              pool.FindMessageTypeByName("grpc.health.v1.HealthCheckResponse"))
          ->New());
  kv_tests::RawClient client(foo->name(), grpc::InsecureChannelCredentials());
  EXPECT_TRUE(reply->ParseFromString(
      client.call("/grpc.health.v1.Health/Check", "").bytes));
  EXPECT_EQ(reply->ShortDebugString(), "status: SERVING");
  asking.no_more();
  EXPECT_TRUE(asking.finish().ok());
}

TEST(ReflectionTest, WhatThereIsNotIsAnAnswerAndTheConversationGoesOn) {
  const auto foo = start_node("foo");
  Asking asking(foo->name());
  for (const std::string& question :
       {file_by_filename("no.proto"), file_containing_symbol("kvroute.v1.No"),
        field(5, field(1, "kvroute.v1.RouteRequest") + "\x10\x01"),
        field(6, "kvroute.v1.RouteRequest")}) {
    const auto answer = asking.ask(question);
    ASSERT_EQ(answer.size(), 2U);
    EXPECT_EQ(answer[0], (std::pair<int, std::string>(2, question)));
    EXPECT_EQ(answer[1].first, 7);
    EXPECT_EQ(answer[1].second.substr(0, 2), "\x08\x05") << "NOT_FOUND";
  }
  EXPECT_EQ(asking.ask("").back().second.substr(0, 2), "\x08\x03");
  EXPECT_EQ(services(asking).size(), 3U);
}

TEST(ReflectionTest, WhoMayNotCallMayNotAsk) {
  kv::NodeOptions options;
  options.cookie = "monster";
  const auto foo = start_node("foo", options);
  Asking stranger(foo->name());
  EXPECT_TRUE(stranger.ask(list_services()).empty());
  EXPECT_EQ(stranger.finish().error_code(), grpc::StatusCode::UNAUTHENTICATED);
  Asking known(foo->name(), "monster");
  EXPECT_EQ(services(known).size(), 3U);
}

TEST(ReflectionTest, IsServedOnlyWhereItIsWanted) {
  kv::NodeOptions options;
  options.serve_reflection = false;
  const auto foo = start_node("foo", options);
  Asking asking(foo->name());
  EXPECT_TRUE(asking.ask(list_services()).empty());
  EXPECT_EQ(asking.finish().error_code(), grpc::StatusCode::UNIMPLEMENTED);
}

TEST(ReflectionTest, AnOpenConversationDoesNotKeepANodeFromStopping) {
  const auto foo = start_node("foo");
  Asking asking(foo->name());
  EXPECT_EQ(services(asking).size(), 3U);
  EXPECT_LT(kv_tests::time_of([&] { EXPECT_TRUE(foo->stop().ok()); }),
            seconds(1));
  EXPECT_FALSE(asking.finish().ok());
}

TEST(ReflectionTest, ThoseWhoAskAtOnceAreBounded) {
  const auto foo = start_node("foo");
  std::vector<std::unique_ptr<Asking>> many;
  for (int i = 0; i < 64; ++i) {
    many.push_back(std::make_unique<Asking>(foo->name()));
    EXPECT_EQ(services(*many.back()).size(), 3U);
  }
  Asking one_more(foo->name());
  EXPECT_TRUE(one_more.ask(list_services()).empty());
  EXPECT_EQ(one_more.finish().error_code(),
            grpc::StatusCode::RESOURCE_EXHAUSTED);
  many.pop_back();
  EXPECT_TRUE(kv_tests::eventually([&] {
    Asking again(foo->name());
    return !again.ask(list_services()).empty();
  }));
}

}  // namespace
