// What peers may send: never more than an error comes of it, and what is read
// by hand is what the generated code reads.
#include "rpc/wire.h"

#include <algorithm>
#include <array>
#include <cstddef>
#include <cstdint>
#include <cstring>
#include <string>
#include <utility>
#include <vector>

#include "base/outcome_mark.h"
#include "fuzz/check.h"
#include "fuzz/wire_mutator.h"
#include "rpc/wire_trip.h"

namespace {

using kv::Outcome;
using kv::outcome;
using kv::internal::ArrivedTrip;
using kv::internal::Clock;
using kv::internal::FailureMessage;
using kv::internal::from_failure;
using kv::internal::from_message;
using kv::internal::from_result_message;
using kv::internal::read_results;
using kv::internal::Request;
using kv::internal::Response;
namespace v1 = kvroute::v1;

// The first byte says which message the others are.
const std::array<std::string, 5> kTypes = {"RouteRequest", "RouteManyRequest",
                                           "RouteReply", "RouteManyReply",
                                           "Failure"};
const std::string& type_of(std::uint8_t first) {
  return kTypes[first % kTypes.size()];
}

const kv::NodeName kPeer = *kv::NodeName::parse("bar@127.0.0.1:4002");

grpc::ByteBuffer buffer_of(const std::string& bytes) {
  const grpc::Slice slice(bytes);
  return {&slice, 1};
}

// absl::Status has them in no order.
void sort_payloads(v1::Status& status) {
  auto& payloads = *status.mutable_payloads();
  std::sort(payloads.begin(), payloads.end(), [](const auto& a, const auto& b) {
    return a.type_url() < b.type_url();
  });
}

std::string text_of(const Request& request) {
  return to_message(request).SerializeAsString();
}
std::string text_of(Response response) {
  const bool look_again = response.look_again;
  if (response.handed_back) return look_again ? "handed back!" : "handed back";
  v1::RouteManyReply::Result result = to_result_message(std::move(response));
  if (result.has_reply() && result.reply().has_status()) {
    sort_payloads(*result.mutable_reply()->mutable_status());
  }
  return result.SerializeAsString() + (look_again ? "!" : "");
}

void check_refused(const absl::Status& status) {
  check(absl::IsInvalidArgument(status) || absl::IsUnimplemented(status));
  check(outcome(status) == Outcome::kNotRun);
}

// What is written is read as what it was.
void check_request(v1::RouteRequest message) {
  auto request = from_message(std::move(message));
  if (!request.ok()) return check_refused(request.status());
  const std::string text = text_of(*request);
  check(message.ParseFromString(text));
  const auto again = from_message(std::move(message));
  check(again.ok() && text_of(*again) == text);

  const auto written =
      write_trip({&*request}, kv::internal::Peer::Trip::kFast, Clock::now());
  ArrivedTrip trip;
  check(trip.parse(written).ok() && trip.size() == 1);
  Request read;
  check(trip.read(0, Clock::now(), read).ok() && text_of(read) == text);
}

void check_trip(const std::string& bytes) {
  ArrivedTrip trip;
  v1::RouteManyRequest message;
  const bool good = message.ParseFromString(bytes);
  const absl::Status status = trip.parse(buffer_of(bytes));
  if (!status.ok()) return check_refused(status);
  if (good) {
    check(static_cast<int>(trip.size()) == message.requests_size());
    check((trip.kind() == kv::internal::Peer::Trip::kTogether) ==
          message.together());
  }
  const Clock::time_point now = Clock::now();
  Request request;  // one for all of them, as it is used
  for (std::size_t i = 0; i < trip.size(); ++i) {
    const absl::Status read = trip.read(i, now, request);
    if (!read.ok()) check_refused(read);
    if (!good) continue;
    v1::RouteRequest& slow = *message.mutable_requests(static_cast<int>(i));
    const bool has_timeout = slow.has_timeout();
    const auto expected = from_message(std::move(slow));
    check(read.ok() == expected.ok());
    if (!read.ok()) continue;
    check(text_of(request) == text_of(*expected));
    check((request.deadline != Clock::time_point::max()) == has_timeout);
  }
}

void check_response(const Response& response) {
  check(!response.handed_back);
  const absl::Status& status = response.answer.status;
  if (status.ok()) check(is_reply(response));
  if (!is_reply(response)) {
    const FailureMessage failure = to_failure(response);
    const Response again = from_failure(failure, kPeer);
    check(outcome(again.answer.status) == outcome(status));
    check(again.answer.status.code() == status.code());
    check(again.look_again == response.look_again);
    return;
  }
  const std::string written =
      to_message(Response(response)).SerializeAsString();
  v1::RouteReply message;
  check(message.ParseFromString(written));
  check(text_of(from_message(std::move(message))) == text_of(response));
}

void check_results(const std::string& bytes) {
  v1::RouteManyReply message;
  const bool good = message.ParseFromString(bytes);
  const std::size_t count = good ? message.results_size() + 1 : 3;
  std::size_t next = 0;
  read_results(
      buffer_of(bytes), count, kPeer,
      [&](std::size_t place, Response&& response) {
        check(place == next++);
        if (!good) return;
        const bool there = place + 1 < count;
        Response slow = from_result_message(
            there ? std::move(*message.mutable_results(static_cast<int>(place)))
                  : v1::RouteManyReply::Result(),
            kPeer);
        check(response.handed_back == slow.handed_back);
        check(text_of(std::move(response)) == text_of(std::move(slow)));
      });
  check(next == count);
}

void check_failure(const std::string& bytes) {
  for (const bool executed_no : {false, true}) {
    const FailureMessage failure = {
        grpc::Status(grpc::StatusCode::ABORTED, "a circle"), executed_no,
        bytes};
    const Response response = from_failure(failure, kPeer);
    check(outcome(response.answer.status) ==
          (executed_no ? Outcome::kNotRun : Outcome::kUnknown));
    check_response(response);
  }
}

}  // namespace

extern "C" int LLVMFuzzerTestOneInput(const std::uint8_t* data,
                                      std::size_t size) {
  if (size == 0) return 0;
  const std::string bytes = as_string(data + 1, size - 1);
  const std::string& type = type_of(data[0]);
  if (type == "RouteRequest") {
    v1::RouteRequest message;
    if (message.ParseFromString(bytes)) check_request(std::move(message));
  } else if (type == "RouteManyRequest") {
    check_trip(bytes);
  } else if (type == "RouteReply") {
    v1::RouteReply message;
    if (message.ParseFromString(bytes)) {
      check_response(from_message(std::move(message)));
    }
  } else if (type == "RouteManyReply") {
    check_results(bytes);
  } else {
    check_failure(bytes);
  }
  return 0;
}

extern "C" std::size_t LLVMFuzzerMutate(std::uint8_t* data, std::size_t size,
                                        std::size_t max_size);

// Of four changes one is to the bytes, whatever they mean.
extern "C" std::size_t LLVMFuzzerCustomMutator(std::uint8_t* data,
                                               std::size_t size,
                                               std::size_t max_size,
                                               unsigned seed) {
  if (size == 0 || max_size < 2 || seed % 4 == 0) {
    return LLVMFuzzerMutate(data, size, max_size);
  }
  const std::string changed = kv_fuzz::mutate_message(
      type_of(data[0]), as_string(data + 1, size - 1), seed / 4);
  const std::size_t fits = std::min(changed.size(), max_size - 1);
  std::memcpy(data + 1, changed.data(), fits);
  return fits + 1;
}
