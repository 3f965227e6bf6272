#include "rpc/wire_call.h"

#include <google/protobuf/io/coded_stream.h>
#include <grpcpp/support/proto_buffer_reader.h>

#include <algorithm>
#include <array>
#include <chrono>
#include <cstdint>
#include <optional>
#include <utility>
#include <vector>

#include "base/outcome_mark.h"
#include "rpc/wire.h"
#include "rpc/wire_fields.h"

namespace kv::internal {
namespace {

using Fields = v1::RouteRequest;

// What a request takes beside its keys and values, and a reply.
constexpr std::size_t kUsualBytes = 96;

template <typename Message>
bool parse(const grpc::ByteBuffer& buffer, Message& message) {
  grpc::ByteBuffer bytes = buffer;  // shared
  grpc::ProtoBufferReader reader(&bytes);
  return message.ParseFromZeroCopyStream(&reader);
}

// Beyond this a value costs more to copy than to be a piece of its own. No less
// than what a Call takes for large.
constexpr std::size_t kLarge = 64 * 1024;

const Put* large_put(const Op& op) {
  const auto* const put = std::get_if<Put>(&op);
  return put != nullptr && put->value.size() >= kLarge ? put : nullptr;
}

// A Put up to the bytes of its value, which follow.
void begin_put(std::string& to, const Put& put) {
  std::string fields;
  put_bytes(fields, Fields::Put::kKeyFieldNumber, put.key);
  put_varint(fields, tag(Fields::Put::kValueFieldNumber, kBytes));
  put_varint(fields, put.value.size());
  put_varint(to, tag(Fields::kPutFieldNumber, kBytes));
  put_varint(to, fields.size() + put.value.size());
  to += fields;
}

// False: not one of those that are written here.
bool put_op(std::string& to, const Op& op) {
  if (const auto* const get = std::get_if<Get>(&op)) {
    const Nested nested(to, Fields::kGetFieldNumber);
    put_bytes(to, Fields::Get::kKeyFieldNumber, get->key);
    return true;
  }
  if (const auto* const put = std::get_if<Put>(&op)) {
    const Nested nested(to, Fields::kPutFieldNumber);
    put_bytes(to, Fields::Put::kKeyFieldNumber, put->key);
    put_bytes(to, Fields::Put::kValueFieldNumber, put->value);
    return true;
  }
  return false;
}

// The rest of a request.
void put_all_but_op(std::string& to, const Request& request) {
  put_bytes(to, Fields::kBucketFieldNumber, request.bucket);
  if (request.bucket_id != 0) {
    put_fixed(to, Fields::kBucketIdFieldNumber, request.bucket_id);
  }
  if (request.here) put_flag(to, Fields::kHereFieldNumber);
  put_varint(to, tag(Fields::kMaxHopsFieldNumber, kVarint));
  put_varint(to, request.max_hops);
  for (const NodeName& node : request.path) {
    put_bytes(to, Fields::kPathFieldNumber, node.str());
  }
  if (request.sender != nullptr) {
    put_bytes(to, Fields::kPathFieldNumber, request.sender->str());
  }
  if (request.want_trace) put_flag(to, Fields::kWantTraceFieldNumber);
  if (request.want_out) put_flag(to, Fields::kWantOutFieldNumber);
  if (request.acknowledge) put_flag(to, Fields::kAcknowledgeFieldNumber);
  if (request.trace.has_value()) {
    put_bytes(to, Fields::kTraceFieldNumber, trace_bytes(*request.trace));
  }
}

// The alternative of `op` that is T, as it is if it is that already.
template <typename T>
T& made(Op& op) {
  T* const it = std::get_if<T>(&op);
  return it != nullptr ? *it : op.emplace<T>();
}

bool read_put(std::string_view message, Put& put) {
  Reader reader(message);
  put.key.clear();
  put.value.clear();
  std::uint32_t field_tag = 0;
  std::string_view bytes;
  while (!reader.at_end()) {
    if (!reader.read_tag(field_tag)) return false;
    const bool key = field_tag == tag(Fields::Put::kKeyFieldNumber, kBytes);
    if (!key && field_tag != tag(Fields::Put::kValueFieldNumber, kBytes)) {
      return false;
    }
    if (!reader.read_bytes(bytes)) return false;
    (key ? put.key : put.value).assign(bytes);
  }
  return true;
}

// The nodes that a request came through: most requests of a trip have the same,
// which `path` then holds already.
class PathReader {
 public:
  explicit PathReader(std::vector<NodeName>& path) : path_(path) {}

  bool add(std::string_view text) {
    if (count_ == path_.size() || path_[count_] != text) {
      auto node = NodeName::parse(text);
      if (!node.ok()) return false;
      path_.resize(count_);
      path_.push_back(*std::move(node));
    }
    ++count_;
    return true;
  }
  void end() { path_.resize(count_); }

 private:
  std::vector<NodeName>& path_;
  std::size_t count_ = 0;
};

}  // namespace

Clock::time_point deadline_after_wire(Clock::time_point now,
                                      std::uint64_t nanoseconds) {
  constexpr std::uint64_t kMost =
      std::chrono::nanoseconds(std::chrono::hours(24 * 365)).count();
  return deadline_after(now,
                        std::chrono::nanoseconds(std::min(nanoseconds, kMost)));
}

void put_request(std::string& to, const Request& request) {
  if (!request.held.empty() || !put_op(to, request.op)) {
    to_message(request).AppendToString(&to);
  } else {
    put_all_but_op(to, request);
  }
}

grpc::ByteBuffer write_request(const std::shared_ptr<const Request>& request) {
  std::string bytes;
  const Put* const large = large_put(request->op);
  if (large == nullptr || !request->held.empty()) {
    bytes.reserve(kUsualBytes + request->bucket.size() + size_of(request->op));
    put_request(bytes, *request);
    return to_buffer(std::move(bytes));
  }
  put_all_but_op(bytes, *request);
  begin_put(bytes, *large);
  const std::array<grpc::Slice, 2> pieces = {
      grpc::Slice(bytes), shared_slice(large->value, request)};
  return {pieces.data(), pieces.size()};
}

bool read_request_fast(std::string_view message, Clock::time_point now,
                       Request& request) {
  request.bucket.clear();
  request.bucket_id = 0;
  request.here = request.want_trace = request.want_out = false;
  request.acknowledge = false;
  request.max_hops = 0;
  request.held.clear();
  request.deadline = Clock::time_point::max();
  request.trace = std::nullopt;
  PathReader path(request.path);
  Reader reader(message);
  bool has_op = false;
  while (!reader.at_end()) {
    std::uint32_t field_tag = 0;
    std::uint64_t number = 0;
    std::string_view bytes;
    if (!reader.read_tag(field_tag)) return false;
    switch (field_tag) {
      case tag(Fields::kBucketFieldNumber, kBytes):
        if (!reader.read_bytes(bytes)) return false;
        request.bucket.assign(bytes);
        break;
      case tag(Fields::kPathFieldNumber, kBytes):
        if (!reader.read_bytes(bytes) || !path.add(bytes)) return false;
        break;
      case tag(Fields::kGetFieldNumber, kBytes): {
        std::string_view key;
        if (has_op || !reader.read_bytes(bytes) ||
            !read_only_bytes(bytes, Fields::Get::kKeyFieldNumber, key)) {
          return false;
        }
        made<Get>(request.op).key.assign(key);
        has_op = true;
        break;
      }
      case tag(Fields::kPutFieldNumber, kBytes):
        if (has_op || !reader.read_bytes(bytes) ||
            !read_put(bytes, made<Put>(request.op))) {
          return false;
        }
        has_op = true;
        break;
      case tag(Fields::kTraceFieldNumber, kBytes):
        if (!reader.read_bytes(bytes)) return false;
        request.trace = read_trace(bytes);
        break;
      case tag(Fields::kBucketIdFieldNumber, kFixed64):
        if (!reader.read_fixed(request.bucket_id)) return false;
        break;
      case tag(Fields::kTimeoutFieldNumber, kFixed64):
        if (!reader.read_fixed(number)) return false;
        request.deadline = deadline_after_wire(now, number);
        break;
      case tag(Fields::kMaxHopsFieldNumber, kVarint):
        if (!reader.read_varint(number)) return false;
        request.max_hops = static_cast<std::uint32_t>(number);
        break;
      case tag(Fields::kHereFieldNumber, kVarint):
        if (!reader.read_varint(number)) return false;
        request.here = number != 0;
        break;
      case tag(Fields::kWantTraceFieldNumber, kVarint):
        if (!reader.read_varint(number)) return false;
        request.want_trace = number != 0;
        break;
      default:
        return false;
    }
  }
  path.end();
  return has_op;
}

absl::Status read_request(const grpc::ByteBuffer& buffer, Request& request) {
  grpc::Slice piece;
  if (one_piece(buffer, piece) &&
      read_request_fast(view(piece), Clock::time_point(), request)) {
    return absl::OkStatus();
  }
  v1::RouteRequest message;
  if (!parse(buffer, message)) {
    return not_run(absl::InvalidArgumentError(
        "bad request from a peer: it can't be read"));
  }
  auto read = from_message(std::move(message));
  if (!read.ok()) return std::move(read).status();
  request = *std::move(read);
  return absl::OkStatus();
}

bool put_reply(std::string& to, const Response& response) {
  const auto* const maybe =
      std::get_if<std::optional<std::string>>(&response.answer.value);
  const bool nothing =
      std::holds_alternative<std::monostate>(response.answer.value);
  if (!response.answer.status.ok() || (maybe == nullptr && !nothing) ||
      !response.hops.empty() || !response.out.empty()) {
    return false;
  }
  if (nothing) return true;
  const Nested nested(to, v1::RouteReply::kMaybeFieldNumber);
  if (maybe->has_value()) {
    put_bytes(to, v1::RouteReply::Maybe::kValueFieldNumber, **maybe);
  }
  return true;
}

bool read_reply_fast(std::string_view message, Value& value) {
  if (message.empty()) {
    value = std::monostate();
    return true;
  }
  Reader reader(message);
  std::uint32_t field_tag = 0;
  std::string_view maybe;
  if (!reader.read_tag(field_tag) ||
      field_tag != tag(v1::RouteReply::kMaybeFieldNumber, kBytes) ||
      !reader.read_bytes(maybe) || !reader.at_end()) {
    return false;
  }
  std::optional<std::string> text;
  if (!maybe.empty()) {
    std::string_view bytes;
    if (!read_only_bytes(maybe, v1::RouteReply::Maybe::kValueFieldNumber,
                         bytes)) {
      return false;
    }
    text.emplace(bytes);
  }
  value = std::move(text);
  return true;
}

grpc::ByteBuffer write_reply(Response&& response) {
  std::string bytes;
  const auto* const maybe =
      std::get_if<std::optional<std::string>>(&response.answer.value);
  if (maybe != nullptr && maybe->has_value()) {
    bytes.reserve(kUsualBytes + (*maybe)->size());
  }
  if (!put_reply(bytes, response)) {
    to_message(std::move(response)).AppendToString(&bytes);
  }
  return to_buffer(std::move(bytes));
}

Response read_reply(const grpc::ByteBuffer& buffer) {
  Response response;
  grpc::Slice piece;
  if (one_piece(buffer, piece) &&
      read_reply_fast(view(piece), response.answer.value)) {
    return response;
  }
  v1::RouteReply message;
  if (parse(buffer, message)) return from_message(std::move(message));
  response.answer.status =
      unknown(absl::InternalError("a reply that can't be read"));
  return response;
}

}  // namespace kv::internal
