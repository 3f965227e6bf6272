#include "peer/peer.h"

namespace kv::internal {

std::size_t size_of(const Request& request) {
  constexpr std::size_t kRest = 128;
  return kRest + request.bucket.size() + size_of(request.op);
}

}  // namespace kv::internal
