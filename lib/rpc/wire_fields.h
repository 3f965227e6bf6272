// Fields of kvroute.proto's messages, written and read by hand: the generated
// code makes an object for each message within a message, which costs more than
// most operations do.
#ifndef KV_RPC_WIRE_FIELDS_H_
#define KV_RPC_WIRE_FIELDS_H_

#include <google/protobuf/wire_format_lite.h>
#include <grpcpp/support/byte_buffer.h>
#include <grpcpp/support/slice.h>

#include <cstddef>
#include <cstdint>
#include <memory>
#include <string>
#include <string_view>

namespace kv::internal {

using google::protobuf::internal::WireFormatLite;

inline constexpr auto kBytes = WireFormatLite::WIRETYPE_LENGTH_DELIMITED;
inline constexpr auto kVarint = WireFormatLite::WIRETYPE_VARINT;
inline constexpr auto kFixed64 = WireFormatLite::WIRETYPE_FIXED64;

// What stands before a field.
constexpr std::uint32_t tag(int field, WireFormatLite::WireType type) {
  return (static_cast<std::uint32_t>(field) << 3) |
         static_cast<std::uint32_t>(type);
}

// Writing: each appends.

void put_long_varint(std::string& to, std::uint64_t value);
inline void put_varint(std::string& to, std::uint64_t value) {
  if (value >= 0x80) return put_long_varint(to, value);
  to.push_back(static_cast<char>(value));
}
void put_flag(std::string& to, int field);
void put_fixed(std::string& to, int field, std::uint64_t value);
void put_bytes(std::string& to, int field, std::string_view bytes);

// A message within a message, whose length stands before it and is known only
// after it. So the length is written as a varint of five bytes, of which the
// first may be padding: every protobuf reader takes that.
class Nested {
 public:
  Nested(std::string& to, int field);
  ~Nested();
  Nested(const Nested&) = delete;
  Nested& operator=(const Nested&) = delete;

 private:
  std::string& to_;
  std::size_t begin_;
};

// Reading

// Of one message. Whatever it does not take, broken bytes too, is left to the
// generated code.
class Reader {
 public:
  explicit Reader(std::string_view bytes)
      : at_(bytes.data()), end_(bytes.data() + bytes.size()) {}

  bool at_end() const { return at_ == end_; }

  // What stands before a field, as the generated code takes it: of at most five
  // bytes, without what its 32 bits have no room for.
  bool read_tag(std::uint32_t& field_tag) {
    field_tag = 0;
    for (int shift = 0; shift < 35 && at_ != end_; shift += 7) {
      const auto byte = static_cast<std::uint8_t>(*at_++);
      field_tag |= (byte & 0x7fU) << shift;
      if ((byte & 0x80U) == 0) return true;
    }
    return false;
  }
  bool read_varint(std::uint64_t& value) {
    value = 0;
    for (int shift = 0; shift < 64 && at_ != end_; shift += 7) {
      const auto byte = static_cast<std::uint8_t>(*at_++);
      value |= std::uint64_t{byte & 0x7fU} << shift;
      if ((byte & 0x80U) == 0) return true;
    }
    return false;
  }
  bool read_fixed(std::uint64_t& value);
  bool read_bytes(std::string_view& bytes) {
    std::uint64_t size = 0;
    if (!read_varint(size) || size > static_cast<std::uint64_t>(end_ - at_)) {
      return false;
    }
    bytes = {at_, static_cast<std::size_t>(size)};
    at_ += size;
    return true;
  }
  // The value of a field that is of no interest.
  bool skip(std::uint32_t field_tag);

 private:
  const char* at_;
  const char* end_;
};

// The only field of a message that has no other. False: it has.
bool read_only_bytes(std::string_view message, int field,
                     std::string_view& bytes);

// Buffers

// The buffer has the string's memory for its own.
grpc::ByteBuffer to_buffer(std::string&& bytes);
// `bytes`, which live as long as `owner`, as a piece of a buffer.
grpc::Slice shared_slice(std::string_view bytes,
                         std::shared_ptr<const void> owner);
// False: it is in several pieces.
bool one_piece(const grpc::ByteBuffer& buffer, grpc::Slice& piece);
// Copies, if it is in several.
grpc::Slice in_one_piece(const grpc::ByteBuffer& buffer);
inline std::string_view view(const grpc::Slice& slice) {
  return {reinterpret_cast<const char*>(slice.begin()), slice.size()};
}

}  // namespace kv::internal

#endif  // KV_RPC_WIRE_FIELDS_H_
