// Requests and responses as random as they may be, and their bytes.
#ifndef KV_TESTS_UNIT_RANDOM_MESSAGES_H_
#define KV_TESTS_UNIT_RANDOM_MESSAGES_H_

#include <grpcpp/support/byte_buffer.h>
#include <gtest/gtest.h>

#include <random>
#include <string>
#include <utility>
#include <vector>

#include "base/outcome_mark.h"
#include "rpc/wire.h"

namespace kv::internal {

inline const NodeName kFoo = *NodeName::parse("foo@127.0.0.1:4001");
inline const NodeName kBar = *NodeName::parse("bar@127.0.0.1:4002");

inline std::string bytes_of(const grpc::ByteBuffer& buffer) {
  std::vector<grpc::Slice> slices;
  EXPECT_TRUE(buffer.Dump(&slices).ok());
  std::string bytes;
  for (const grpc::Slice& it : slices) {
    bytes.append(reinterpret_cast<const char*>(it.begin()), it.size());
  }
  return bytes;
}
inline grpc::ByteBuffer buffer_of(const std::string& bytes) {
  const grpc::Slice slice(bytes);
  return {&slice, 1};
}

class RandomRequests {
 public:
  explicit RandomRequests(std::uint32_t seed) : random_(seed) {}

  std::size_t below(std::size_t end) { return random_() % end; }
  std::string text() {
    std::string text(below(40), '\0');
    for (char& byte : text) byte = static_cast<char>(below(256));
    return text;
  }
  Op op() {
    switch (below(6)) {
      case 0:
        return Get{text()};
      case 1:
        return Put{text(), text()};
      case 2:
        return Delete{text()};
      case 3:
        return Increment{text(), static_cast<std::int64_t>(below(100)) - 50};
      case 4:
        return Whoami{};
      default:
        return Create{};
    }
  }
  Request request() {
    Request request;
    request.op = op();
    request.bucket = text();
    if (below(4) == 0) request.bucket_id = random_();
    request.here = below(4) == 0;
    request.max_hops = static_cast<std::uint32_t>(below(65));
    if (below(3) == 0) request.path = {kFoo};
    if (below(4) == 0) request.held = {{kFoo, text()}};
    request.sender = &kBar;
    request.want_trace = below(2) == 0;
    request.want_out = below(2) == 0;
    request.acknowledge = below(8) == 0;
    if (below(2) == 0) {
      request.trace = TraceContext::parse(
          "00-4bf92f3577b34da6a3ce929d0e0e4736-00f067aa0ba902b7-0" +
          std::to_string(below(2)));
    }
    return request;
  }
  Response response() {
    Response response;
    switch (below(5)) {
      case 0:
        response.answer.value = std::optional<std::string>();
        break;
      case 1:
        response.answer.value = std::optional<std::string>(text());
        break;
      case 2:
        break;  // nothing
      case 3:
        response.answer.status = absl::NotFoundError("none");
        break;
      default:
        response.answer.status = not_run(absl::AbortedError("a circle"));
        response.look_again = below(2) == 0;
    }
    if (below(4) == 0) response.hops.push_back({kFoo, 7, "a..m", {}});
    if (below(4) == 0) response.out = text();
    return response;
  }

 private:
  std::mt19937 random_;
};

inline std::string plain(const Request& request) {
  return to_message(request).SerializeAsString();
}
inline std::string plain(Response response) {
  std::string bytes;
  return to_result_message(std::move(response)).SerializeAsString();
}

}  // namespace kv::internal

#endif  // KV_TESTS_UNIT_RANDOM_MESSAGES_H_
