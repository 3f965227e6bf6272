#include "rpc/wire_trip.h"

#include <gtest/gtest.h>

#include <map>
#include <memory>
#include <string>
#include <utility>
#include <vector>

#include "base/outcome_mark.h"
#include "fault/seed.h"
#include "fault/told.h"
#include "rpc/wire.h"
#include "unit/random_messages.h"

namespace kv::internal {
namespace {

class WireTripTest : public testing::Test {
 protected:
  WireTripTest() : trace_(__FILE__, __LINE__, shown(seed_)) {}

  const std::uint32_t seed_ = test_seed();
  const testing::ScopedTrace trace_;
  RandomRequests random_{seed_};
};

TEST_F(WireTripTest, IsReadByTheGeneratedCodeAndReadsWhatThatWrites) {
  for (int round = 0; round < 300; ++round) {
    std::vector<Request> requests;
    for (std::size_t i = random_.below(8); i > 0; --i) {
      requests.push_back(random_.request());
    }
    std::vector<const Request*> pointers;
    v1::RouteManyRequest expected;
    for (const Request& it : requests) {
      pointers.push_back(&it);
      *expected.add_requests() = to_message(it);
    }
    const grpc::ByteBuffer written =
        write_trip(pointers, Peer::Trip::kTogether, Clock::now());
    v1::RouteManyRequest message;
    ASSERT_TRUE(message.ParseFromString(bytes_of(written)));
    EXPECT_TRUE(message.together());
    ASSERT_EQ(message.requests_size(), expected.requests_size());
    for (int i = 0; i < message.requests_size(); ++i) {
      EXPECT_EQ(message.requests(i).SerializeAsString(),
                expected.requests(i).SerializeAsString());
    }

    Request read;  // one for all of them
    for (const std::string& bytes :
         {bytes_of(written), expected.SerializeAsString()}) {
      ArrivedTrip trip;
      ASSERT_EQ(trip.parse(buffer_of(bytes)), absl::OkStatus());
      ASSERT_EQ(trip.size(), requests.size());
      for (std::size_t i = 0; i < requests.size(); ++i) {
        ASSERT_EQ(trip.read(i, Clock::now(), read), absl::OkStatus());
        EXPECT_EQ(plain(read), plain(requests[i]));
      }
    }
  }
}

TEST_F(WireTripTest, EachKeepsItsOwnDeadline) {
  Request soon = random_.request();
  Request never = random_.request();
  const Clock::time_point now = Clock::now();
  soon.deadline = now + std::chrono::seconds(3);
  const grpc::ByteBuffer written =
      write_trip({&soon, &never}, Peer::Trip::kFast, now);
  ArrivedTrip trip;
  ASSERT_EQ(trip.parse(written), absl::OkStatus());
  EXPECT_EQ(trip.kind(), Peer::Trip::kFast);
  Request read;
  ASSERT_EQ(trip.read(0, now, read), absl::OkStatus());
  EXPECT_EQ(read.deadline, soon.deadline);
  ASSERT_EQ(trip.read(1, now, read), absl::OkStatus());
  EXPECT_EQ(read.deadline, Clock::time_point::max());
}

TEST_F(WireTripTest, ResultsAreReadByTheGeneratedCodeAndReadWhatThatWrites) {
  for (int round = 0; round < 300; ++round) {
    std::vector<Response> responses;
    v1::RouteManyReply expected;
    ResultsWriter writer;
    for (std::size_t i = random_.below(8); i > 0; --i) {
      responses.push_back(random_.response());
      *expected.add_results() = to_result_message(responses.back());
      writer.add(Response(responses.back()));
    }
    writer.add_handed_back();
    expected.add_results()->set_handed_back(true);
    responses.emplace_back().handed_back = true;

    const grpc::ByteBuffer written = writer.finish();
    v1::RouteManyReply message;
    ASSERT_TRUE(message.ParseFromString(bytes_of(written)));
    EXPECT_EQ(message.SerializeAsString(), expected.SerializeAsString());
    for (const grpc::ByteBuffer& buffer :
         {written, buffer_of(expected.SerializeAsString())}) {
      std::size_t count = 0;
      read_results(
          buffer, responses.size(), kBar,
          [&](std::size_t place, Response&& response) {
            EXPECT_EQ(place, count++);
            EXPECT_EQ(response.handed_back, responses[place].handed_back);
            EXPECT_EQ(plain(std::move(response)), plain(responses[place]));
          });
      EXPECT_EQ(count, responses.size());
    }
  }
}

TEST_F(WireTripTest, MissingOrBrokenResultsAreUnknown) {
  ResultsWriter writer;
  writer.add(Response());
  std::vector<std::string> outcomes;
  read_results(writer.finish(), 3, kBar,
               [&](std::size_t /*place*/, Response&& response) {
                 outcomes.push_back(told(response.answer.status));
               });
  EXPECT_EQ(outcomes, (std::vector<std::string>{"OK", "INTERNAL unknown",
                                                "INTERNAL unknown"}));
}

// No answer is taken for that of another call.
TEST_F(WireTripTest, ResultsBehindAnUnknownFieldKeepTheirPlaces) {
  const auto read = [](const std::string& between) {
    ResultsWriter first;
    first.add(Response());
    ResultsWriter second;
    second.add_handed_back();
    const std::string back = bytes_of(second.finish());
    std::string all;
    read_results(buffer_of(bytes_of(first.finish()) + between + back + back), 3,
                 kBar, [&](std::size_t /*place*/, Response&& response) {
                   all += response.handed_back
                              ? "handed back, "
                              : told(response.answer.status) + ", ";
                 });
    return all;
  };
  EXPECT_EQ(read(""), "OK, handed back, handed back, ");
  EXPECT_EQ(read(std::string("\x18\x01", 2)), "OK, handed back, handed back, ");
  EXPECT_EQ(read(std::string("\x1d\0\0\0\0", 5)),
            "OK, handed back, handed back, ");
  // A tag with more bits than tags have, as protobuf takes it.
  EXPECT_EQ(read("\x98\x80\x80\x80\x70\x01"), "OK, handed back, handed back, ");
  // A field that has no end.
  EXPECT_EQ(read("\x1b"), "OK, INTERNAL unknown, INTERNAL unknown, ");
}

TEST_F(WireTripTest, ARefusalWithACodeThatNobodyKnowsIsARefusal) {
  v1::RouteManyReply::Result result;
  result.mutable_refusal()->set_code(64);
  result.mutable_refusal()->set_executed_no(true);
  EXPECT_EQ(told(from_result_message(result, kBar).answer.status),
            "UNKNOWN not_run");
}

// Whatever comes: an error or requests, never a crash.
TEST_F(WireTripTest, BrokenBytesAreRefusedOrRead) {
  std::map<std::string, int> told_of;
  for (int round = 0; round < 20000; ++round) {
    const Request request = random_.request();
    std::string bytes =
        bytes_of(write_trip({&request, &request}, Peer::Trip::kFast, {}));
    for (std::size_t i = 1 + random_.below(3); i > 0; --i) {
      bytes[random_.below(bytes.size())] =
          static_cast<char>(random_.below(256));
    }
    bytes.resize(random_.below(bytes.size() + 1));
    ArrivedTrip trip;
    absl::Status status = trip.parse(buffer_of(bytes));
    Request read;
    for (std::size_t i = 0; status.ok() && i < trip.size(); ++i) {
      status = trip.read(i, Clock::now(), read);
    }
    ++told_of[told(status)];
    read_results(buffer_of(bytes), 2, kBar,
                 [](std::size_t /*place*/, Response&& /*response*/) {});
  }
  EXPECT_GT(told_of["OK"], 0);
  EXPECT_GT(told_of["INVALID_ARGUMENT not_run"], 0);
}

}  // namespace
}  // namespace kv::internal
