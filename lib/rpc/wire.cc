#include "rpc/wire.h"

#include <algorithm>
#include <cstddef>
#include <cstdint>
#include <utility>

#include "absl/strings/cord.h"
#include "absl/strings/str_cat.h"
#include "base/outcome_mark.h"
#include "rpc/wire_ops.h"

namespace kv::internal {
namespace {

// gRPC refuses more than 8 KiB of metadata, and a text grows up to threefold
// when it is escaped.
constexpr std::size_t kMaxTextBytes = 1024;
constexpr std::size_t kMaxFailureBytes = 3072;

template <typename To>
void write_hops(const std::vector<Hop>& hops, To& to) {
  for (const Hop& hop : hops) {
    v1::Hop& message = *to.add_hops();
    message.set_node(hop.node.str());
    message.set_table_version(hop.table_version);
    message.set_matched(hop.matched);
    message.set_nanoseconds(static_cast<std::uint64_t>(
        std::max<std::int64_t>(hop.time.count(), 0)));
  }
}

template <typename From>
std::vector<Hop> read_hops(const From& from) {
  std::vector<Hop> hops;
  for (const v1::Hop& message : from.hops()) {
    auto node = NodeName::parse(message.node());
    hops.push_back({node.ok() ? *std::move(node) : NodeName(),
                    message.table_version(), message.matched(),
                    std::chrono::nanoseconds(message.nanoseconds())});
  }
  return hops;
}

void write_status(const absl::Status& status, v1::Status& to) {
  to.set_code(static_cast<int>(status.code()));
  to.set_message(std::string(status.message()));
  status.ForEachPayload([&](absl::string_view url, const absl::Cord& value) {
    v1::Status::Payload& payload = *to.add_payloads();
    payload.set_type_url(std::string(url));
    payload.set_value(std::string(value));
  });
}

absl::Status read_status(const v1::Status& from) {
  absl::Status status(static_cast<absl::StatusCode>(from.code()),
                      from.message());
  if (status.ok()) {
    return unknown(absl::InternalError("the peer failed with the code OK"));
  }
  for (const v1::Status::Payload& payload : from.payloads()) {
    status.SetPayload(payload.type_url(), absl::Cord(payload.value()));
  }
  return marked(std::move(status), Outcome::kRan);
}

// As gRPC takes a code that it doesn't know.
grpc::StatusCode known_code(int code) {
  const bool known = code >= 0 && code <= grpc::StatusCode::UNAUTHENTICATED;
  return known ? static_cast<grpc::StatusCode>(code)
               : grpc::StatusCode::UNKNOWN;
}

absl::Status bad(const char* what, const absl::Status& why) {
  return not_run(absl::InvalidArgumentError(
      absl::StrCat("bad request from a peer: ", what, ": ", why.message())));
}

}  // namespace

std::string trace_bytes(const TraceContext& trace) {
  std::string bytes(trace.trace_id.begin(), trace.trace_id.end());
  bytes.append(trace.span_id.begin(), trace.span_id.end());
  bytes.push_back(static_cast<char>(trace.flags));
  return bytes;
}

std::optional<TraceContext> read_trace(std::string_view bytes) {
  TraceContext trace;
  const std::size_t ids = trace.trace_id.size() + trace.span_id.size();
  if (bytes.size() != ids + 1) return std::nullopt;
  const auto span = bytes.begin() + trace.trace_id.size();
  std::copy(bytes.begin(), span, trace.trace_id.begin());
  std::copy(span, bytes.begin() + ids, trace.span_id.begin());
  trace.flags = static_cast<std::uint8_t>(bytes.back());
  if (trace.trace_id == TraceId{} || trace.span_id == SpanId{}) {
    return std::nullopt;
  }
  return trace;
}

v1::RouteRequest to_message(const Request& request) {
  v1::RouteRequest to;
  to.set_bucket(request.bucket);
  to.set_bucket_id(request.bucket_id);
  to.set_here(request.here);
  to.set_max_hops(request.max_hops);
  for (const NodeName& node : request.path) to.add_path(node.str());
  if (request.sender != nullptr) to.add_path(request.sender->str());
  for (const Held& held : request.held) {
    v1::Held& message = *to.add_held();
    message.set_node(held.node.str());
    message.set_bucket(held.bucket);
  }
  to.set_want_trace(request.want_trace);
  to.set_want_out(request.want_out);
  to.set_acknowledge(request.acknowledge);
  if (request.trace.has_value()) to.set_trace(trace_bytes(*request.trace));
  write_op(request.op, to);
  return to;
}

absl::StatusOr<Request> from_message(v1::RouteRequest&& message) {
  Request request;
  auto op = read_op(message);
  if (!op.ok()) return std::move(op).status();
  request.op = *std::move(op);
  request.bucket = std::move(*message.mutable_bucket());
  request.bucket_id = message.bucket_id();
  request.here = message.here();
  request.max_hops = message.max_hops();
  for (const std::string& text : message.path()) {
    auto node = NodeName::parse(text);
    if (!node.ok()) return bad("path", node.status());
    request.path.push_back(*std::move(node));
  }
  for (const v1::Held& held : message.held()) {
    auto node = NodeName::parse(held.node());
    if (!node.ok()) return bad("held", node.status());
    request.held.push_back({*std::move(node), held.bucket()});
  }
  request.want_trace = message.want_trace();
  request.want_out = message.want_out();
  request.acknowledge = message.acknowledge();
  request.trace = read_trace(message.trace());
  return request;
}

bool is_reply(const Response& response) {
  return outcome(response.answer.status) == Outcome::kRan;
}

v1::RouteReply to_message(Response response) {
  v1::RouteReply to;
  if (response.answer.status.ok()) {
    write_value(std::move(response.answer.value), to);
  } else {
    write_status(response.answer.status, *to.mutable_status());
  }
  write_hops(response.hops, to);
  to.set_out(std::move(response.out));
  return to;
}

Response from_message(v1::RouteReply message) {
  Response response;
  if (message.has_status()) {
    response.answer.status = read_status(message.status());
  } else {
    response.answer.value = read_value(message);
  }
  response.hops = read_hops(message);
  response.out = std::move(*message.mutable_out());
  return response;
}

FailureMessage to_failure(const Response& response) {
  const absl::Status& status = response.answer.status;
  std::string text(status.message());
  if (text.size() > kMaxTextBytes) {
    text.resize(kMaxTextBytes);
    text += "...";
  }
  FailureMessage to;
  to.status = grpc::Status(static_cast<grpc::StatusCode>(status.code()), text);
  to.executed_no = outcome(status) == Outcome::kNotRun;
  v1::Failure failure;
  write_hops(response.hops, failure);
  if (failure.ByteSizeLong() > kMaxFailureBytes) failure.clear_hops();
  failure.set_look_again(response.look_again);
  failure.set_room(response.room);
  to.failure = failure.SerializeAsString();
  return to;
}

Response from_failure(const FailureMessage& failure, const NodeName& peer) {
  Response response;
  const bool from_node = !failure.failure.empty();
  auto code = static_cast<absl::StatusCode>(failure.status.error_code());
  std::string text = failure.status.error_message();
  if (from_node) {
    v1::Failure message;
    if (message.ParseFromString(failure.failure)) {
      response.look_again = message.look_again();
      response.room = message.room();
      response.hops = read_hops(message);
    }
  } else if (code == absl::StatusCode::kUnavailable) {
    text = absl::StrCat(peer.str(), ": the connection broke: ", text);
  } else if (code == absl::StatusCode::kDeadlineExceeded) {
    text = absl::StrCat("no answer from ", peer.str(), " in time");
  } else {
    text = absl::StrCat("call to ", peer.str(), ": ", text);
  }
  response.answer.status =
      marked(absl::Status(code, text),
             failure.executed_no ? Outcome::kNotRun : Outcome::kUnknown);
  return response;
}

v1::RouteManyReply::Result to_result_message(Response response) {
  v1::RouteManyReply::Result to;
  if (is_reply(response)) {
    *to.mutable_reply() = to_message(std::move(response));
    return to;
  }
  const FailureMessage failure = to_failure(response);
  v1::RouteManyReply::Refusal& refusal = *to.mutable_refusal();
  refusal.set_code(failure.status.error_code());
  refusal.set_message(failure.status.error_message());
  refusal.set_executed_no(failure.executed_no);
  refusal.set_failure(failure.failure);
  return to;
}

Response from_result_message(v1::RouteManyReply::Result message,
                             const NodeName& peer) {
  if (message.has_reply()) {
    return from_message(std::move(*message.mutable_reply()));
  }
  if (message.handed_back()) {
    Response response;
    response.handed_back = true;
    return response;
  }
  const v1::RouteManyReply::Refusal& refusal = message.refusal();
  if (refusal.code() == 0) {
    Response broken;
    broken.answer.status = unknown(absl::InternalError(
        absl::StrCat(peer.str(), " answered with neither reply nor refusal")));
    return broken;
  }
  return from_failure(
      {grpc::Status(known_code(refusal.code()), refusal.message()),
       refusal.executed_no(), refusal.failure()},
      peer);
}

}  // namespace kv::internal
