#include "exec/batch.h"

#include <utility>

namespace kv::internal {

void Batch::add(std::shared_ptr<Line> line, std::shared_ptr<Passenger> call) {
  const std::size_t bytes = size_of(call->request());
  std::vector<Trip>& trips = trips_[std::move(line)];
  if (trips.empty() || trips.back().calls.size() == kMaxCalls ||
      trips.back().bytes + bytes > max_bytes_) {
    trips.emplace_back();
  }
  trips.back().calls.push_back(std::move(call));
  trips.back().bytes += bytes;
}

void Batch::send() {
  for (auto& [line, trips] : trips_) {
    for (Trip& trip : trips) line->send_together(std::move(trip.calls));
  }
  trips_.clear();
}

}  // namespace kv::internal
