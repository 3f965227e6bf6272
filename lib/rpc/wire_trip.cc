#include "rpc/wire_trip.h"

#include <algorithm>
#include <chrono>
#include <cstdint>
#include <utility>

#include "absl/strings/str_cat.h"
#include "base/outcome_mark.h"
#include "rpc/wire.h"
#include "rpc/wire_call.h"
#include "rpc/wire_fields.h"

namespace kv::internal {
namespace {

using Result = v1::RouteManyReply::Result;

// A peer that wants more at once is none of ours.
constexpr std::size_t kMostInTrip = 64 * 1024;

void put_timeout(std::string& to, Clock::time_point deadline,
                 Clock::time_point now) {
  if (deadline == Clock::time_point::max()) return;
  const std::chrono::nanoseconds left = deadline - now;
  put_fixed(to, v1::RouteRequest::kTimeoutFieldNumber,
            static_cast<std::uint64_t>(
                std::max<std::chrono::nanoseconds::rep>(left.count(), 0)));
}

// A result that is only a reply which can be read fast. False: another one.
bool read_fast(std::string_view message, Value& value) {
  Reader reader(message);
  std::uint32_t field_tag = 0;
  std::string_view reply;
  return reader.read_tag(field_tag) &&
         field_tag == tag(Result::kReplyFieldNumber, kBytes) &&
         reader.read_bytes(reply) && reader.at_end() &&
         read_reply_fast(reply, value);
}

// The next result of a trip, past fields of no interest. False: there is none.
bool next_result(Reader& reader, std::string_view& result) {
  std::uint32_t field_tag = 0;
  while (reader.read_tag(field_tag)) {
    if (field_tag == tag(v1::RouteManyReply::kResultsFieldNumber, kBytes)) {
      return reader.read_bytes(result);
    }
    if (!reader.skip(field_tag)) return false;
  }
  return false;
}

absl::Status no_trip(const char* what) {
  return not_run(
      absl::InvalidArgumentError(absl::StrCat("bad trip from a peer: ", what)));
}

}  // namespace

grpc::ByteBuffer write_trip(const std::vector<const Request*>& requests,
                            Peer::Trip kind, Clock::time_point now) {
  std::string bytes;
  constexpr std::size_t kUsual = 96;
  bytes.reserve(requests.size() * kUsual);
  if (kind == Peer::Trip::kTogether) {
    put_flag(bytes, v1::RouteManyRequest::kTogetherFieldNumber);
  }
  for (const Request* const request : requests) {
    const Nested nested(bytes, v1::RouteManyRequest::kRequestsFieldNumber);
    put_request(bytes, *request);
    put_timeout(bytes, request->deadline, now);
  }
  return to_buffer(std::move(bytes));
}

absl::Status ArrivedTrip::parse(const grpc::ByteBuffer& buffer) {
  bytes_ = in_one_piece(buffer);
  Reader reader(view(bytes_));
  while (!reader.at_end()) {
    std::uint32_t field_tag = 0;
    std::uint64_t flag = 0;
    std::string_view request;
    if (!reader.read_tag(field_tag)) return no_trip("broken bytes");
    if (field_tag == tag(v1::RouteManyRequest::kRequestsFieldNumber, kBytes)) {
      if (!reader.read_bytes(request)) return no_trip("a broken request");
      if (requests_.size() == kMostInTrip) return no_trip("too many requests");
      requests_.push_back(request);
    } else if (field_tag ==
               tag(v1::RouteManyRequest::kTogetherFieldNumber, kVarint)) {
      if (!reader.read_varint(flag)) return no_trip("a broken flag");
      kind_ = flag != 0 ? Peer::Trip::kTogether : Peer::Trip::kFast;
    } else if (!reader.skip(field_tag)) {
      return no_trip("a broken field");
    }
  }
  return absl::OkStatus();
}

absl::Status ArrivedTrip::read(std::size_t place, Clock::time_point now,
                               Request& request) const {
  const std::string_view bytes = requests_[place];
  if (read_request_fast(bytes, now, request)) return absl::OkStatus();
  v1::RouteRequest message;
  if (!message.ParseFromArray(bytes.data(), static_cast<int>(bytes.size()))) {
    return no_trip("a request that can't be read");
  }
  const Clock::time_point deadline =
      message.has_timeout() ? deadline_after_wire(now, message.timeout())
                            : Clock::time_point::max();
  auto read = from_message(std::move(message));
  if (!read.ok()) return std::move(read).status();
  request = *std::move(read);
  request.deadline = deadline;
  return absl::OkStatus();
}

void ResultsWriter::add(Response&& response) {
  const Nested result(bytes_, v1::RouteManyReply::kResultsFieldNumber);
  const std::size_t before = bytes_.size();
  {
    const Nested reply(bytes_, Result::kReplyFieldNumber);
    if (put_reply(bytes_, response)) return;
  }
  bytes_.resize(before);
  to_result_message(std::move(response)).AppendToString(&bytes_);
}

void ResultsWriter::add_handed_back() {
  const Nested result(bytes_, v1::RouteManyReply::kResultsFieldNumber);
  put_flag(bytes_, Result::kHandedBackFieldNumber);
}

grpc::ByteBuffer ResultsWriter::finish() {
  return to_buffer(std::move(bytes_));
}

void read_results(
    const grpc::ByteBuffer& buffer, std::size_t count, const NodeName& peer,
    absl::FunctionRef<void(std::size_t place, Response&& response)> each) {
  const grpc::Slice bytes = in_one_piece(buffer);
  Reader reader(view(bytes));
  bool there = true;
  for (std::size_t place = 0; place < count; ++place) {
    Response response;
    std::string_view result;
    // After one that is broken, none could be told from another.
    there = there && next_result(reader, result);
    if (!there || !read_fast(result, response.answer.value)) {
      Result message;
      if (!message.ParseFromArray(result.data(),
                                  static_cast<int>(result.size()))) {
        message.Clear();
      }
      response = from_result_message(std::move(message), peer);
    }
    each(place, std::move(response));
  }
}

}  // namespace kv::internal
