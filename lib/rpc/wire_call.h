// One request and one answer as they travel: RouteRequest and RouteReply of
// kvroute.proto. What most calls are is written and read by hand, what is rare
// through the generated code.
#ifndef KV_RPC_WIRE_CALL_H_
#define KV_RPC_WIRE_CALL_H_

#include <grpcpp/support/byte_buffer.h>

#include <memory>
#include <string>
#include <string_view>

#include "absl/status/status.h"
#include "base/clock.h"
#include "peer/peer.h"

namespace kv::internal {

// A call that goes by itself, whose deadline is that of the gRPC call. A large
// value is not copied: the buffer shares the request.
grpc::ByteBuffer write_request(const std::shared_ptr<const Request>& request);
// Errors as from_message(); the deadline is left alone.
absl::Status read_request(const grpc::ByteBuffer& buffer, Request& request);

grpc::ByteBuffer write_reply(Response&& response);  // REQUIRES: is_reply()
// A reply that can't be read is kInternal, outcome unknown.
Response read_reply(const grpc::ByteBuffer& buffer);

// The same within a trip. Append, and read, the message's own bytes.

void put_request(std::string& to, const Request& request);
// Into `request`, which may be one that was read before: its memory is used
// again. False: it has to be read from the beginning, by the generated code.
// The deadline is max() where none travels with it.
bool read_request_fast(std::string_view message, Clock::time_point now,
                       Request& request);
// `nanoseconds` after `now`; of a peer that sends nonsense, a year at the most.
Clock::time_point deadline_after_wire(Clock::time_point now,
                                      std::uint64_t nanoseconds);

// False, and nothing is written: the generated code has to.
bool put_reply(std::string& to, const Response& response);
bool read_reply_fast(std::string_view message, Value& value);

}  // namespace kv::internal

#endif  // KV_RPC_WIRE_CALL_H_
