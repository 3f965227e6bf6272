#include "rpc/wire_fields.h"

#include <google/protobuf/io/coded_stream.h>

#include <cstring>
#include <utility>

namespace kv::internal {
namespace {

using google::protobuf::io::CodedInputStream;
using google::protobuf::io::CodedOutputStream;

constexpr std::size_t kLengthBytes = 5;  // of a nested message

}  // namespace

void put_long_varint(std::string& to, std::uint64_t value) {
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
  std::uint8_t bytes[sizeof value];
  CodedOutputStream::WriteLittleEndian64ToArray(value, bytes);
  to.append(reinterpret_cast<const char*>(bytes), sizeof bytes);
}

void put_bytes(std::string& to, int field, std::string_view bytes) {
  put_varint(to, tag(field, kBytes));
  put_varint(to, bytes.size());
  to.append(bytes);
}

Nested::Nested(std::string& to, int field) : to_(to) {
  put_varint(to_, tag(field, kBytes));
  constexpr char kRoom[kLengthBytes] = {};
  to_.append(kRoom, kLengthBytes);
  begin_ = to_.size();
}

Nested::~Nested() {
  std::size_t length = to_.size() - begin_;
  for (std::size_t i = 0; i < kLengthBytes; ++i) {
    const bool last = i + 1 == kLengthBytes;
    to_[begin_ - kLengthBytes + i] =
        static_cast<char>((length & 0x7f) | (last ? 0 : 0x80));
    length >>= 7;
  }
}

bool Reader::read_fixed(std::uint64_t& value) {
  if (end_ - at_ < static_cast<std::ptrdiff_t>(sizeof value)) return false;
  std::uint8_t bytes[sizeof value];
  std::memcpy(bytes, at_, sizeof value);
  CodedInputStream::ReadLittleEndian64FromArray(bytes, &value);
  at_ += sizeof value;
  return true;
}

bool Reader::skip(std::uint32_t field_tag) {
  CodedInputStream rest(reinterpret_cast<const std::uint8_t*>(at_),
                        static_cast<int>(end_ - at_));
  if (!WireFormatLite::SkipField(&rest, field_tag)) return false;
  at_ += rest.CurrentPosition();
  return true;
}

bool read_only_bytes(std::string_view message, int field,
                     std::string_view& bytes) {
  Reader reader(message);
  std::uint32_t field_tag = 0;
  bytes = {};
  while (!reader.at_end()) {
    if (!reader.read_tag(field_tag) || field_tag != tag(field, kBytes) ||
        !reader.read_bytes(bytes)) {
      return false;
    }
  }
  return true;
}

grpc::ByteBuffer to_buffer(std::string&& bytes) {
  auto* const owned = new std::string(std::move(bytes));
  const grpc::Slice slice(
      owned->data(), owned->size(),
      [](void* it) { delete static_cast<std::string*>(it); }, owned);
  return {&slice, 1};
}

grpc::Slice shared_slice(std::string_view bytes,
                         std::shared_ptr<const void> owner) {
  using Owner = std::shared_ptr<const void>;
  return {const_cast<char*>(bytes.data()), bytes.size(),  // gRPC only reads it
          [](void* it) { delete static_cast<Owner*>(it); },
          new Owner(std::move(owner))};
}

bool one_piece(const grpc::ByteBuffer& buffer, grpc::Slice& piece) {
  return buffer.TrySingleSlice(&piece).ok();
}

grpc::Slice in_one_piece(const grpc::ByteBuffer& buffer) {
  grpc::Slice slice;
  if (!one_piece(buffer, slice)) buffer.DumpToSingleSlice(&slice).ok();
  return slice;
}

}  // namespace kv::internal
