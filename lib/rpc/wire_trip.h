// Trips as they travel: RouteManyRequest and RouteManyReply of kvroute.proto,
// written and read without a protobuf object for each operation, which would
// cost more than the operation. What is rare goes through the generated code.
#ifndef KV_RPC_WIRE_TRIP_H_
#define KV_RPC_WIRE_TRIP_H_

#include <grpcpp/support/byte_buffer.h>
#include <grpcpp/support/slice.h>

#include <cstddef>
#include <string>
#include <string_view>
#include <vector>

#include "absl/functional/function_ref.h"
#include "absl/status/status.h"
#include "base/clock.h"
#include "kv/node_name.h"
#include "peer/peer.h"

namespace kv::internal {

grpc::ByteBuffer write_trip(const std::vector<const Request*>& requests,
                            Peer::Trip kind, Clock::time_point now);

// A trip that has arrived. Its requests borrow nothing from it.
class ArrivedTrip {
 public:
  // kInvalidArgument, marked not_run: it is no trip.
  absl::Status parse(const grpc::ByteBuffer& buffer);

  std::size_t size() const { return requests_.size(); }
  Peer::Trip kind() const { return kind_; }
  // Into `request`, which may be one that was read before: its memory is used
  // again. Errors as from_message().
  absl::Status read(std::size_t place, Clock::time_point now,
                    Request& request) const;

 private:
  grpc::Slice bytes_;
  std::vector<std::string_view> requests_;
  Peer::Trip kind_ = Peer::Trip::kFast;
};

// The results of a trip, in the order of its requests.
class ResultsWriter {
 public:
  // So many bytes are there already.
  std::size_t bytes() const { return bytes_.size(); }
  void add(Response&& response);
  void add_handed_back();
  // Takes back what was added since there were `bytes`.
  void cut(std::size_t bytes) { bytes_.resize(bytes); }
  grpc::ByteBuffer finish();

 private:
  std::string bytes_;
};

// Calls `each` for the `count` results of a trip; where one is missing or
// broken, with kInternal, outcome unknown.
void read_results(
    const grpc::ByteBuffer& buffer, std::size_t count, const NodeName& peer,
    absl::FunctionRef<void(std::size_t place, Response&& response)> each);

}  // namespace kv::internal

#endif  // KV_RPC_WIRE_TRIP_H_
