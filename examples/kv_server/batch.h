// Requests for one bucket that travel together, as an operation of the host.
#ifndef KV_SERVER_BATCH_H_
#define KV_SERVER_BATCH_H_

#include <kv/node.h>
#include <kv/proto_op.h>

#include <cstddef>
#include <string>

#include "absl/status/status.h"
#include "batch.pb.h"
#include "kv_server/command.h"

namespace kv_server {

// Runs the requests in their order, as many as there is room for the answers.
// So a pipeline about one bucket takes one trip for all that has queued up,
// where calls one after the other would take one each. kNotFound: there is no
// such bucket. kUnimplemented: the owner is no kv_server.
inline constexpr kv::ProtoOp<BatchRequest, BatchReply> kBatch{
    "kv_server.Batch"};

// For every kv_server, since each may own buckets.
absl::Status define_batch(kv::Node& node);

// Not CREATE, which has no bucket to run at, and not a request of so many bytes
// that it could be over a limit of the owner's.
bool can_travel_together(Command::Kind kind, std::size_t bytes);

// REQUIRES: can_travel_together()
void add_to_batch(Command::Kind kind, const std::string& key,
                  const std::string& value, BatchRequest& batch);

}  // namespace kv_server

#endif  // KV_SERVER_BATCH_H_
