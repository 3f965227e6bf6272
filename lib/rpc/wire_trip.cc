#include "rpc/wire_trip.h"

#include <google/protobuf/io/coded_stream.h>
#include <google/protobuf/wire_format_lite.h>

#include <algorithm>
#include <chrono>
#include <cstdint>
#include <cstring>
#include <optional>
#include <utility>

#include "absl/strings/str_cat.h"
#include "base/outcome_mark.h"
#include "rpc/wire.h"

namespace kv::internal {
namespace {

using google::protobuf::internal::WireFormatLite;
using google::protobuf::io::CodedInputStream;
using google::protobuf::io::CodedOutputStream;
using Fields = v1::RouteRequest;
using Result = v1::RouteManyReply::Result;

constexpr std::uint32_t tag(int field, WireFormatLite::WireType type) {
  return (static_cast<std::uint32_t>(field) << 3) |
         static_cast<std::uint32_t>(type);
}
constexpr auto kBytes = WireFormatLite::WIRETYPE_LENGTH_DELIMITED;
constexpr auto kVarint = WireFormatLite::WIRETYPE_VARINT;
constexpr auto kFixed64 = WireFormatLite::WIRETYPE_FIXED64;

// A peer that wants more at once is none of ours.
constexpr std::size_t kMostInTrip = 64 * 1024;

Clock::time_point after(Clock::time_point now, std::uint64_t nanoseconds) {
  constexpr std::uint64_t kMost =
      std::chrono::nanoseconds(std::chrono::hours(24 * 365)).count();
  return deadline_after(now,
                        std::chrono::nanoseconds(std::min(nanoseconds, kMost)));
}

// Writing

void put_varint(std::string& to, std::uint64_t value) {
  std::uint8_t bytes[10];
  const std::uint8_t* const end =
      CodedOutputStream::WriteVarint64ToArray(value, bytes);
  to.append(reinterpret_cast<const char*>(bytes),
            static_cast<std::size_t>(end - bytes));
}
void put_flag(std::string& to, int field) {
  put_varint(to, tag(field, kVarint));
  to.push_back(1);
}
void put_fixed(std::string& to, int field, std::uint64_t value) {
  put_varint(to, tag(field, kFixed64));
  std::uint8_t bytes[8];
  CodedOutputStream::WriteLittleEndian64ToArray(value, bytes);
  to.append(reinterpret_cast<const char*>(bytes), sizeof bytes);
}
void put_bytes(std::string& to, int field, std::string_view bytes) {
  put_varint(to, tag(field, kBytes));
  put_varint(to, bytes.size());
  to.append(bytes);
}

// A message within a message, whose length stands before it and is known only
// after it. So the length is written as a varint of five bytes, of which the
// first may be padding: every protobuf reader takes that.
class Nested {
 public:
  Nested(std::string& to, int field) : to_(to) {
    put_varint(to_, tag(field, kBytes));
    to_.append(kLengthBytes, '\0');
    begin_ = to_.size();
  }
  ~Nested() {
    std::size_t length = to_.size() - begin_;
    for (std::size_t i = 0; i < kLengthBytes; ++i) {
      const bool last = i + 1 == kLengthBytes;
      to_[begin_ - kLengthBytes + i] =
          static_cast<char>((length & 0x7f) | (last ? 0 : 0x80));
      length >>= 7;
    }
  }
  Nested(const Nested&) = delete;
  Nested& operator=(const Nested&) = delete;

 private:
  static constexpr std::size_t kLengthBytes = 5;
  std::string& to_;
  std::size_t begin_;
};

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

void put_request(std::string& to, const Request& request,
                 Clock::time_point now) {
  const std::size_t begin = to.size();
  if (request.held.empty() && put_op(to, request.op)) {
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
  } else {
    to.resize(begin);
    to_message(request).AppendToString(&to);
  }
  if (request.deadline == Clock::time_point::max()) return;
  const std::chrono::nanoseconds left = request.deadline - now;
  put_fixed(to, Fields::kTimeoutFieldNumber,
            static_cast<std::uint64_t>(
                std::max<std::chrono::nanoseconds::rep>(left.count(), 0)));
}

grpc::ByteBuffer to_buffer(const std::string& bytes) {
  const grpc::Slice slice(bytes);
  return {&slice, 1};
}

// Reading

// Of one message. Whatever it does not take, broken bytes too, is left to the
// generated code.
class Reader {
 public:
  explicit Reader(std::string_view bytes)
      : at_(bytes.data()), end_(bytes.data() + bytes.size()) {}

  bool at_end() const { return at_ == end_; }

  bool read_varint(std::uint64_t& value) {
    value = 0;
    for (int shift = 0; shift < 64 && at_ != end_; shift += 7) {
      const auto byte = static_cast<std::uint8_t>(*at_++);
      value |= std::uint64_t{byte & 0x7fU} << shift;
      if ((byte & 0x80U) == 0) return true;
    }
    return false;
  }
  bool read_fixed(std::uint64_t& value) {
    if (end_ - at_ < static_cast<std::ptrdiff_t>(sizeof value)) return false;
    std::uint8_t bytes[sizeof value];
    std::memcpy(bytes, at_, sizeof value);
    CodedInputStream::ReadLittleEndian64FromArray(bytes, &value);
    at_ += sizeof value;
    return true;
  }
  bool read_bytes(std::string_view& bytes) {
    std::uint64_t size = 0;
    if (!read_varint(size) || size > static_cast<std::uint64_t>(end_ - at_)) {
      return false;
    }
    bytes = {at_, static_cast<std::size_t>(size)};
    at_ += size;
    return true;
  }
  // The value of a field that is of no interest, of any kind there is.
  bool skip(std::uint64_t field_tag) {
    CodedInputStream rest(reinterpret_cast<const std::uint8_t*>(at_),
                          static_cast<int>(end_ - at_));
    if (field_tag > UINT32_MAX ||
        !WireFormatLite::SkipField(&rest,
                                   static_cast<std::uint32_t>(field_tag))) {
      return false;
    }
    at_ += rest.CurrentPosition();
    return true;
  }

 private:
  const char* at_;
  const char* end_;
};

// The only field of a message that has no other. False: it has.
bool read_only_bytes(std::string_view message, int field,
                     std::string_view& bytes) {
  Reader reader(message);
  std::uint64_t field_tag = 0;
  bytes = {};
  while (!reader.at_end()) {
    if (!reader.read_varint(field_tag) || field_tag != tag(field, kBytes) ||
        !reader.read_bytes(bytes)) {
      return false;
    }
  }
  return true;
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
  std::uint64_t field_tag = 0;
  std::string_view bytes;
  while (!reader.at_end()) {
    if (!reader.read_varint(field_tag)) return false;
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

// A request as put_request() writes it. False: it is another one, which has to
// be read from the beginning, by the generated code.
bool read_fast(std::string_view message, Clock::time_point now,
               Request& request) {
  request.bucket.clear();
  request.bucket_id = 0;
  request.here = request.want_trace = request.want_out = false;
  request.max_hops = 0;
  request.held.clear();
  request.deadline = Clock::time_point::max();
  PathReader path(request.path);
  Reader reader(message);
  bool has_op = false;
  while (!reader.at_end()) {
    std::uint64_t field_tag = 0;
    std::uint64_t number = 0;
    std::string_view bytes;
    if (!reader.read_varint(field_tag)) return false;
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
      case tag(Fields::kBucketIdFieldNumber, kFixed64):
        if (!reader.read_fixed(request.bucket_id)) return false;
        break;
      case tag(Fields::kTimeoutFieldNumber, kFixed64):
        if (!reader.read_fixed(number)) return false;
        request.deadline = after(now, number);
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

// A result that is only `maybe`, or nothing at all. False: another one.
bool read_fast(std::string_view message, Value& value) {
  Reader reader(message);
  std::uint64_t field_tag = 0;
  std::string_view reply;
  if (!reader.read_varint(field_tag) ||
      field_tag != tag(Result::kReplyFieldNumber, kBytes) ||
      !reader.read_bytes(reply) || !reader.at_end()) {
    return false;
  }
  if (reply.empty()) {
    value = std::monostate();
    return true;
  }
  Reader in_reply(reply);
  std::string_view maybe;
  if (!in_reply.read_varint(field_tag) ||
      field_tag != tag(v1::RouteReply::kMaybeFieldNumber, kBytes) ||
      !in_reply.read_bytes(maybe) || !in_reply.at_end()) {
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

// The next result of a trip, past fields of no interest. False: there is none.
bool next_result(Reader& reader, std::string_view& result) {
  std::uint64_t field_tag = 0;
  while (reader.read_varint(field_tag)) {
    if (field_tag == tag(v1::RouteManyReply::kResultsFieldNumber, kBytes)) {
      return reader.read_bytes(result);
    }
    if (!reader.skip(field_tag)) return false;
  }
  return false;
}

// The bytes of `buffer` in one piece.
grpc::Slice in_one_piece(const grpc::ByteBuffer& buffer) {
  grpc::Slice slice;
  // Shared if it is in one piece already, else copied.
  if (!buffer.TrySingleSlice(&slice).ok()) {
    buffer.DumpToSingleSlice(&slice).ok();
  }
  return slice;
}
std::string_view view(const grpc::Slice& slice) {
  return {reinterpret_cast<const char*>(slice.begin()), slice.size()};
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
    put_request(bytes, *request, now);
  }
  return to_buffer(bytes);
}

absl::Status ArrivedTrip::parse(const grpc::ByteBuffer& buffer) {
  bytes_ = in_one_piece(buffer);
  Reader reader(view(bytes_));
  while (!reader.at_end()) {
    std::uint64_t field_tag = 0;
    std::uint64_t flag = 0;
    std::string_view request;
    if (!reader.read_varint(field_tag)) return no_trip("broken bytes");
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
  if (read_fast(bytes, now, request)) return absl::OkStatus();
  v1::RouteRequest message;
  if (!message.ParseFromArray(bytes.data(), static_cast<int>(bytes.size()))) {
    return no_trip("a request that can't be read");
  }
  const Clock::time_point deadline = message.has_timeout()
                                         ? after(now, message.timeout())
                                         : Clock::time_point::max();
  auto read = from_message(std::move(message));
  if (!read.ok()) return std::move(read).status();
  request = *std::move(read);
  request.deadline = deadline;
  return absl::OkStatus();
}

void ResultsWriter::add(Response&& response) {
  const Nested result(bytes_, v1::RouteManyReply::kResultsFieldNumber);
  const auto* const maybe =
      std::get_if<std::optional<std::string>>(&response.answer.value);
  const bool nothing =
      std::holds_alternative<std::monostate>(response.answer.value);
  if (!response.answer.status.ok() || (maybe == nullptr && !nothing) ||
      !response.hops.empty() || !response.out.empty()) {
    to_result_message(std::move(response)).AppendToString(&bytes_);
    return;
  }
  const Nested reply(bytes_, Result::kReplyFieldNumber);
  if (nothing) return;
  const Nested nested(bytes_, v1::RouteReply::kMaybeFieldNumber);
  if (maybe->has_value()) {
    put_bytes(bytes_, v1::RouteReply::Maybe::kValueFieldNumber, **maybe);
  }
}

void ResultsWriter::add_handed_back() {
  const Nested result(bytes_, v1::RouteManyReply::kResultsFieldNumber);
  put_flag(bytes_, Result::kHandedBackFieldNumber);
}

grpc::ByteBuffer ResultsWriter::finish() const { return to_buffer(bytes_); }

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
