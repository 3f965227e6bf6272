// Turns calls, answers and failures to and from the messages of kvroute.proto.
// Nobody else does.
#ifndef KV_RPC_WIRE_H_
#define KV_RPC_WIRE_H_

#include <grpcpp/support/status.h>

#include <optional>
#include <string>
#include <string_view>

#include "absl/status/status.h"
#include "kvroute/v1/kvroute.pb.h"
#include "peer/peer.h"

namespace kv::internal {

namespace v1 = ::kvroute::v1;

// Trailing metadata of a failure.
inline constexpr char kExecutedKey[] = "kvroute-executed";  // "no", or absent
inline constexpr char kFailureKey[] = "kvroute-failure-bin";

// The deadline does not travel in the message but as that of the gRPC call.
v1::RouteRequest to_message(const Request& request);
// kInvalidArgument or kUnimplemented (an operation that this version does not
// know), marked not_run. The deadline is left alone.
absl::StatusOr<Request> from_message(v1::RouteRequest&& message);

// A trace context as it travels; nullopt where it is none.
std::string trace_bytes(const TraceContext& trace);
std::optional<TraceContext> read_trace(std::string_view bytes);

// An answer of the operation itself is a reply ...
bool is_reply(const Response& response);
v1::RouteReply to_message(Response response);  // REQUIRES: is_reply()
Response from_message(v1::RouteReply message);

// ... and any other failure a gRPC status with metadata.
struct FailureMessage {
  grpc::Status status;
  bool executed_no = false;  // for kExecutedKey
  std::string failure;       // for kFailureKey
};
FailureMessage to_failure(const Response& response);  // REQUIRES: !is_reply()
// `failure.failure` is empty unless a kvroute node sent it. not_run if the peer
// says so, else unknown.
Response from_failure(const FailureMessage& failure, const NodeName& peer);

// The same for calls that share a trip: one of either kind.
v1::RouteManyReply::Result to_result_message(Response response);
Response from_result_message(v1::RouteManyReply::Result message,
                             const NodeName& peer);

}  // namespace kv::internal

#endif  // KV_RPC_WIRE_H_
