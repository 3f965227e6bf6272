// Stock-keeping as operations of a host. A bucket is a shelf: the count of each
// item by its name.
#ifndef SHOP_STOCK_H_
#define SHOP_STOCK_H_

#include <kv/kv.h>
#include <kv/proto_op.h>

#include "shop.pb.h"

namespace shop {

inline constexpr kv::ProtoOp<ReserveRequest, ReserveReply> kReserve{
    "shop.Reserve"};
inline constexpr kv::ProtoOp<ReleaseRequest, ReleaseReply> kRelease{
    "shop.Release"};
inline constexpr kv::ProtoOp<ReportRequest, ReportReply> kReport{"shop.Report"};

// Every node that owns shelves must have them.
absl::Status define_ops(kv::Node& node);

}  // namespace shop

#endif  // SHOP_STOCK_H_
