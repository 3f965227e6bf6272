// gRPC channel arguments that both sides of a connection have alike.
#ifndef KV_RPC_CHANNEL_ARGUMENTS_H_
#define KV_RPC_CHANNEL_ARGUMENTS_H_

#include <grpc/grpc.h>

#include <chrono>

namespace kv::internal {

// So often a peer may ping, whatever its own setting: else calls under way
// would end with "Too many pings".
inline constexpr std::chrono::milliseconds kLeastPingPause{100};

inline constexpr int kLookaheadBytes = 4 * 1024 * 1024;
inline constexpr int kMaxFrameBytes = 1024 * 1024;

// So many times as long as a node that serves may take to notice that a caller
// is gone, as a caller takes the other way round, for whom somebody may wait.
// Else each connection would be asked after twice.
inline constexpr int kServerPatience = 6;

// Gives `set` the channel arguments, by name and value, with which a peer that
// does not answer is noticed within `bound`: it has `answer` to answer once it
// is asked, and the rest passes before that.
template <typename Set>
void set_keepalive(std::chrono::milliseconds bound,
                   std::chrono::milliseconds answer, const Set& set) {
  set(GRPC_ARG_KEEPALIVE_TIME_MS, static_cast<int>((bound - answer).count()));
  set(GRPC_ARG_KEEPALIVE_TIMEOUT_MS, static_cast<int>(answer.count()));
  // Also when no call is under way, and as often as it takes.
  set(GRPC_ARG_KEEPALIVE_PERMIT_WITHOUT_CALLS, 1);
  set(GRPC_ARG_HTTP2_MAX_PINGS_WITHOUT_DATA, 0);
  set(GRPC_ARG_HTTP2_MIN_RECV_PING_INTERVAL_WITHOUT_DATA_MS,
      static_cast<int>(kLeastPingPause.count()));
}

// Large values in few pieces, and nothing on the way of a call that no node
// asks for: compression, channelz.
template <typename Set>
void set_transport(const Set& set) {
  set(GRPC_ARG_HTTP2_STREAM_LOOKAHEAD_BYTES, kLookaheadBytes);
  set(GRPC_ARG_HTTP2_MAX_FRAME_SIZE, kMaxFrameBytes);
  set(GRPC_ARG_ENABLE_PER_MESSAGE_COMPRESSION, 0);
  set(GRPC_ARG_ENABLE_PER_MESSAGE_DECOMPRESSION, 0);
  set(GRPC_ARG_ENABLE_CHANNELZ, 0);
}

}  // namespace kv::internal

#endif  // KV_RPC_CHANNEL_ARGUMENTS_H_
