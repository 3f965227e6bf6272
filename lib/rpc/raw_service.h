// The service of kvroute.proto, as this node serves it.
#ifndef KV_RPC_RAW_SERVICE_H_
#define KV_RPC_RAW_SERVICE_H_

#include "kvroute/v1/kvroute.grpc.pb.h"

namespace kv::internal {

// Calls and trips come as bytes: see wire_call.h, wire_trip.h.
using RawService = ::kvroute::v1::Peer::WithRawMethod_RouteMany<
    ::kvroute::v1::Peer::WithRawMethod_Route<
        ::kvroute::v1::Peer::WithAsyncMethod_Hello<
            ::kvroute::v1::Peer::Service>>>;

}  // namespace kv::internal

#endif  // KV_RPC_RAW_SERVICE_H_
