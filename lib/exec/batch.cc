#include "exec/batch.h"

#include <utility>

namespace kv::internal {

void Batch::add(std::shared_ptr<Peer> peer, const Request& request, Done done,
                Sent sent) {
  const std::size_t bytes = size_of(request);
  std::vector<Trip>& trips = trips_[peer.get()];
  if (trips.empty() || trips.back().calls.size() == kMaxCalls ||
      trips.back().bytes + bytes > max_bytes_) {
    trips.emplace_back().peer = std::move(peer);
  }
  Trip& trip = trips.back();
  trip.calls.push_back({request, std::move(done)});
  trip.sent.push_back(std::move(sent));
  trip.bytes += bytes;
}

void Batch::send() {
  for (auto& [peer, trips] : trips_) {
    for (Trip& trip : trips) {
      auto at_peer = peer->send_all(std::move(trip.calls));
      for (std::size_t i = 0; i < at_peer.size(); ++i) {
        trip.sent[i](std::move(at_peer[i]));
      }
    }
  }
  trips_.clear();
}

}  // namespace kv::internal
