#include "rpc/wire.h"

#include <algorithm>
#include <utility>

#include "absl/strings/cord.h"
#include "absl/strings/str_cat.h"
#include "base/outcome_mark.h"
#include "base/strings.h"

namespace kv::internal {
namespace {

// gRPC refuses more than 8 KiB of metadata, and a text grows up to threefold
// when it is escaped.
constexpr std::size_t kMaxTextBytes = 1024;
constexpr std::size_t kMaxFailureBytes = 3072;

struct OpWriter {
  v1::RouteRequest& to;

  void operator()(const Create& /*op*/) const { to.mutable_create(); }
  void operator()(const Lookup& /*op*/) const { to.mutable_lookup(); }
  void operator()(const Get& op) const { to.mutable_get()->set_key(op.key); }
  void operator()(const Put& op) const {
    to.mutable_put()->set_key(op.key);
    to.mutable_put()->set_value(op.value);
  }
  void operator()(const Delete& op) const {
    to.mutable_delete_()->set_key(op.key);
  }
  void operator()(const Drop& /*op*/) const { to.mutable_drop(); }
  void operator()(const Whoami& /*op*/) const { to.mutable_whoami(); }
  void operator()(const Apply& op) const {
    to.mutable_apply()->set_name(op.name);
    to.mutable_apply()->set_args(op.args);
  }
};

absl::StatusOr<Op> read_op(const v1::RouteRequest& from) {
  switch (from.op_case()) {
    case v1::RouteRequest::kCreate:
      return Create{};
    case v1::RouteRequest::kLookup:
      return Lookup{};
    case v1::RouteRequest::kGet:
      return Get{from.get().key()};
    case v1::RouteRequest::kPut:
      return Put{from.put().key(), from.put().value()};
    case v1::RouteRequest::kDelete:
      return Delete{from.delete_().key()};
    case v1::RouteRequest::kDrop:
      return Drop{};
    case v1::RouteRequest::kWhoami:
      return Whoami{};
    case v1::RouteRequest::kApply:
      return Apply{from.apply().name(), from.apply().args()};
    case v1::RouteRequest::OP_NOT_SET:
      break;
  }
  return not_run(absl::UnimplementedError(
      "the request has no operation that this version of kvroute knows"));
}

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

absl::Status bad(const char* what, const absl::Status& why) {
  return not_run(absl::InvalidArgumentError(
      absl::StrCat("bad request from a peer: ", what, ": ", why.message())));
}

}  // namespace

v1::RouteRequest to_message(const Request& request) {
  v1::RouteRequest to;
  to.set_bucket(request.bucket);
  to.set_bucket_id(request.bucket_id);
  to.set_here(request.here);
  to.set_max_hops(request.max_hops);
  for (const NodeName& node : request.path) to.add_path(node.str());
  for (const Held& held : request.held) {
    v1::Held& message = *to.add_held();
    message.set_node(held.node.str());
    message.set_bucket(held.bucket);
  }
  to.set_want_trace(request.want_trace);
  to.set_want_out(request.want_out);
  std::visit(OpWriter{to}, request.op);
  return to;
}

absl::StatusOr<Request> from_message(const v1::RouteRequest& message) {
  Request request;
  auto op = read_op(message);
  if (!op.ok()) return std::move(op).status();
  request.op = *std::move(op);
  request.bucket = message.bucket();
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
  return request;
}

bool is_reply(const Response& response) {
  return outcome(response.answer.status) == Outcome::kRan;
}

v1::RouteReply to_message(Response response) {
  v1::RouteReply to;
  if (!response.answer.status.ok()) {
    write_status(response.answer.status, *to.mutable_status());
  } else if (auto* text = std::get_if<std::string>(&response.answer.value)) {
    to.set_text(std::move(*text));
  } else if (auto* maybe = std::get_if<std::optional<std::string>>(
                 &response.answer.value)) {
    v1::RouteReply::Maybe& message = *to.mutable_maybe();
    if (maybe->has_value()) message.set_value(std::move(**maybe));
  } else if (const auto* ref = std::get_if<BucketRef>(&response.answer.value)) {
    to.mutable_ref()->set_node(ref->node().str());
    to.mutable_ref()->set_bucket(ref->name());
    to.mutable_ref()->set_id(ref->id());
  }
  write_hops(response.hops, to);
  to.set_out(std::move(response.out));
  return to;
}

Response from_message(v1::RouteReply message) {
  Response response;
  Answer& answer = response.answer;
  switch (message.answer_case()) {
    case v1::RouteReply::kStatus:
      answer.status = read_status(message.status());
      break;
    case v1::RouteReply::kText:
      answer.value = std::move(*message.mutable_text());
      break;
    case v1::RouteReply::kMaybe:
      answer.value =
          message.maybe().there_case() == v1::RouteReply::Maybe::kValue
              ? std::optional<std::string>(
                    std::move(*message.mutable_maybe()->mutable_value()))
              : std::nullopt;
      break;
    case v1::RouteReply::kRef: {
      auto node = NodeName::parse(message.ref().node());
      if (node.ok()) {
        answer.value = BucketRef(*std::move(node), message.ref().bucket(),
                                 message.ref().id());
      }
      break;
    }
    case v1::RouteReply::ANSWER_NOT_SET:
      break;
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
  to.failure = failure.SerializeAsString();
  return to;
}

Response from_failure(const FailureMessage& failure, const NodeName& peer,
                      bool left) {
  Response response;
  const bool from_node = !failure.failure.empty();
  auto code = static_cast<absl::StatusCode>(failure.status.error_code());
  std::string text = failure.status.error_message();
  if (from_node) {
    v1::Failure message;
    if (message.ParseFromString(failure.failure)) {
      response.look_again = message.look_again();
      response.hops = read_hops(message);
    }
  } else if (code == absl::StatusCode::kUnavailable) {
    text = absl::StrCat(
        peer.str(),
        left ? ": the connection broke: " : " is unreachable: ", text);
  } else if (code == absl::StatusCode::kDeadlineExceeded) {
    text = absl::StrCat("no answer from ", peer.str(), " in time");
  } else {
    text = absl::StrCat("call to ", peer.str(), ": ", text);
  }
  const bool provably_not_run = !left || failure.executed_no;
  response.answer.status =
      marked(absl::Status(code, text),
             provably_not_run ? Outcome::kNotRun : Outcome::kUnknown);
  return response;
}

}  // namespace kv::internal
