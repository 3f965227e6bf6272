// How far a call may go.
#ifndef KV_BASE_HOPS_H_
#define KV_BASE_HOPS_H_

#include <cstdint>

namespace kv::internal {

// However far a call may go, and however deep operations may wait for each
// other.
inline constexpr std::uint32_t kMostHops = 64;

}  // namespace kv::internal

#endif  // KV_BASE_HOPS_H_
