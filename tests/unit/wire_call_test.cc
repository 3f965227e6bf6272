#include "rpc/wire_call.h"

#include <gtest/gtest.h>

#include <map>
#include <memory>
#include <string>
#include <utility>
#include <vector>

#include "fault/seed.h"
#include "fault/told.h"
#include "unit/random_messages.h"

namespace kv::internal {
namespace {

// The bytes as they may come off the network.
grpc::ByteBuffer in_pieces(const std::string& bytes) {
  constexpr std::size_t kPiece = 5;
  std::vector<grpc::Slice> pieces;
  for (std::size_t at = 0; at < bytes.size(); at += kPiece) {
    pieces.emplace_back(bytes.substr(at, kPiece));
  }
  return {pieces.data(), pieces.size()};
}

std::shared_ptr<const Request> shared(Request request) {
  return std::make_shared<const Request>(std::move(request));
}

class WireCallTest : public testing::Test {
 protected:
  WireCallTest() : trace_(__FILE__, __LINE__, shown(seed_)) {}

  const std::uint32_t seed_ = test_seed();
  const testing::ScopedTrace trace_;
  RandomRequests random_{seed_};
};

TEST_F(WireCallTest, ARequestIsReadByTheGeneratedCodeAndReadsWhatThatWrites) {
  Request read;  // one for all of them
  for (int round = 0; round < 1000; ++round) {
    const Request request = random_.request();
    const std::string expected = plain(request);
    const std::string written = bytes_of(write_request(shared(request)));
    v1::RouteRequest message;
    ASSERT_TRUE(message.ParseFromString(written));
    EXPECT_EQ(message.SerializeAsString(), expected);
    for (const grpc::ByteBuffer& buffer :
         {buffer_of(written), in_pieces(written), buffer_of(expected),
          in_pieces(expected)}) {
      ASSERT_EQ(read_request(buffer, read), absl::OkStatus());
      EXPECT_EQ(plain(read), expected);
    }
  }
}

TEST_F(WireCallTest, AReplyIsReadByTheGeneratedCodeAndReadsWhatThatWrites) {
  for (int round = 0; round < 1000; ++round) {
    const Response response = random_.response();
    if (!is_reply(response)) continue;
    const std::string expected = to_message(response).SerializeAsString();
    const std::string written = bytes_of(write_reply(Response(response)));
    v1::RouteReply message;
    ASSERT_TRUE(message.ParseFromString(written));
    EXPECT_EQ(message.SerializeAsString(), expected);
    for (const grpc::ByteBuffer& buffer :
         {buffer_of(written), in_pieces(written), buffer_of(expected),
          in_pieces(expected)}) {
      EXPECT_EQ(plain(read_reply(buffer)), plain(response));
    }
  }
}

TEST_F(WireCallTest, ALargeValueComesThroughWhole) {
  Request request = random_.request();
  const std::string value(1024 * 1024, 'v');
  request.held.clear();
  request.op = Put{"key", value};
  Request read;
  ASSERT_EQ(read_request(write_request(shared(request)), read),
            absl::OkStatus());
  EXPECT_EQ(std::get<Put>(read.op).value, value);
  Response response;
  response.answer.value = std::optional<std::string>(value);
  const Response answer =
      read_reply(in_pieces(bytes_of(write_reply(std::move(response)))));
  EXPECT_EQ(std::get<std::optional<std::string>>(answer.answer.value), value);
}

TEST_F(WireCallTest, ALargeValueIsSharedUntilItsMessageHasGone) {
  Request request = random_.request();
  request.held.clear();
  request.op = Put{"key", std::string(1024 * 1024, 'v')};
  const std::shared_ptr<const Request> owner = shared(request);
  {
    const grpc::ByteBuffer message = write_request(owner);
    EXPECT_EQ(owner.use_count(), 2);
    v1::RouteRequest read;
    ASSERT_TRUE(read.ParseFromString(bytes_of(message)));
    EXPECT_EQ(read.SerializeAsString(),
              to_message(request).SerializeAsString());
  }
  EXPECT_EQ(owner.use_count(), 1);
}

// Whatever comes: an error or a request, never a crash.
TEST_F(WireCallTest, BrokenBytesAreRefusedOrRead) {
  std::map<std::string, int> told_of;
  for (int round = 0; round < 20000; ++round) {
    std::string bytes = bytes_of(write_request(shared(random_.request())));
    for (std::size_t i = 1 + random_.below(3); i > 0; --i) {
      bytes[random_.below(bytes.size())] =
          static_cast<char>(random_.below(256));
    }
    bytes.resize(random_.below(bytes.size() + 1));
    Request request;
    ++told_of[told(read_request(buffer_of(bytes), request))];
    ++told_of[told(read_reply(in_pieces(bytes)).answer.status)];
  }
  EXPECT_GT(told_of["OK"], 0);
  EXPECT_GT(told_of["INVALID_ARGUMENT not_run"], 0);
  EXPECT_GT(told_of["INTERNAL unknown"], 0);
}

}  // namespace
}  // namespace kv::internal
