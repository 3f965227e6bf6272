#include "peer/peer.h"

#include <utility>

namespace kv::internal {

std::size_t size_of(const Request& request) {
  constexpr std::size_t kRest = 128;
  return kRest + request.bucket.size() + size_of(request.op);
}

std::vector<std::shared_ptr<Cancellable>> Peer::send_all(
    std::vector<Outgoing> calls) {
  std::vector<std::shared_ptr<Cancellable>> sent;
  sent.reserve(calls.size());
  for (Outgoing& call : calls) {
    sent.push_back(send(call.request, std::move(call.done)));
  }
  return sent;
}

}  // namespace kv::internal
