#include "stock.h"

#include <cstdint>
#include <optional>
#include <string>

namespace shop {
namespace {

std::int64_t number(const std::optional<std::string>& text) {
  return text.has_value() ? std::stoll(*text) : 0;
}

absl::StatusOr<ReserveReply> reserve(kv::OpContext& context,
                                     const ReserveRequest& request) {
  kv::Bucket* const shelf = context.bucket();
  if (shelf == nullptr) return absl::NotFoundError("no such shelf");
  const std::int64_t count = number(shelf->get(request.item()));
  if (request.count() <= 0 || request.count() > count) {
    return absl::FailedPreconditionError("only " + std::to_string(count) +
                                         " of " + request.item());
  }
  ReserveReply reply;
  reply.set_left(count - request.count());
  const absl::Status status =
      shelf->put(request.item(), std::to_string(reply.left()));
  if (!status.ok()) return status;
  return reply;
}

absl::StatusOr<ReleaseReply> release(kv::OpContext& context,
                                     const ReleaseRequest& request) {
  kv::Bucket* const shelf = context.bucket();
  if (shelf == nullptr) return absl::NotFoundError("no such shelf");
  if (request.count() <= 0) return absl::InvalidArgumentError("count");
  ReleaseReply reply;
  reply.set_left(number(shelf->get(request.item())) + request.count());
  const absl::Status status =
      shelf->put(request.item(), std::to_string(reply.left()));
  if (!status.ok()) return status;
  return reply;
}

absl::StatusOr<ReportReply> report(kv::OpContext& context,
                                   const ReportRequest& /*request*/) {
  if (context.bucket() == nullptr) return absl::NotFoundError("no such shelf");
  ReportReply reply;
  for (const auto& [item, count] :
       context.bucket()->scan("", context.bucket()->size())) {
    ReportReply::Stock& stock = *reply.add_stocks();
    stock.set_item(item);
    stock.set_count(number(count));
  }
  return reply;
}

}  // namespace

absl::Status define_ops(kv::Node& node) {
  kv::OpTraits reads;
  reads.read_only = true;
  reads.idempotent = true;
  absl::Status status = node.define(kReserve, reserve);
  if (status.ok()) status = node.define(kRelease, release);
  if (status.ok()) status = node.define(kReport, report, reads);
  return status;
}

}  // namespace shop
