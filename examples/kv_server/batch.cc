#include "kv_server/batch.h"

#include <algorithm>
#include <optional>

#include "kv_server/answer.h"

namespace kv_server {
namespace {

constexpr std::size_t kMostRequestBytes = std::size_t{32} * 1024;
// Of the values in one reply. A larger one goes alone.
constexpr std::size_t kMostReplyBytes = std::size_t{1024} * 1024;

// nullopt: there is no room for its answer, and it has not run; or this node
// does not know it.
std::optional<std::string> run(kv::Bucket& bucket,
                               const BatchRequest::Request& request,
                               std::size_t room) {
  switch (request.command()) {
    case BatchRequest::Request::GET: {
      std::string answer = answer_to_get(bucket.get(request.key()));
      if (answer.size() > room) return std::nullopt;
      return answer;
    }
    case BatchRequest::Request::PUT:
      return answer_to(bucket.put(request.key(), request.value()));
    case BatchRequest::Request::DELETE:
      return answer_to_delete(bucket.del(request.key()));
    default:
      return std::nullopt;
  }
}

absl::StatusOr<BatchReply> run_batch(kv::OpContext& context,
                                     const BatchRequest& batch) {
  if (context.bucket() == nullptr) return absl::NotFoundError("no such bucket");
  BatchReply reply;
  std::size_t room = kMostReplyBytes;
  for (const BatchRequest::Request& request : batch.requests()) {
    std::optional<std::string> answer = run(*context.bucket(), request, room);
    if (!answer.has_value()) break;
    room -= std::min(room, answer->size());
    reply.add_answers(*std::move(answer));
  }
  return reply;
}

}  // namespace

absl::Status define_batch(kv::Node& node) {
  return node.define(kBatch, run_batch);
}

bool can_travel_together(Command::Kind kind, std::size_t bytes) {
  return kind != Command::Kind::kCreate && bytes <= kMostRequestBytes;
}

void add_to_batch(Command::Kind kind, const std::string& key,
                  const std::string& value, BatchRequest& batch) {
  BatchRequest::Request& request = *batch.add_requests();
  request.set_command(kind == Command::Kind::kGet ? BatchRequest::Request::GET
                      : kind == Command::Kind::kPut
                          ? BatchRequest::Request::PUT
                          : BatchRequest::Request::DELETE);
  request.set_key(key);
  request.set_value(value);
}

}  // namespace kv_server
