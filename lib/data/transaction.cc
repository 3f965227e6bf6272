#include "data/transaction.h"

#include <algorithm>
#include <utility>

namespace kv::internal {

void Transaction::commit() {
  if (cleared_) pairs_.clear();
  for (const auto& [key, value] : writes_) {
    if (value.has_value()) {
      pairs_.put(key, *value);
    } else {
      pairs_.erase(key);
    }
  }
  cleared_ = false;
  writes_.clear();
}

std::optional<std::string> Transaction::get(std::string_view key) const {
  const auto written = writes_.find(key);
  if (written != writes_.end()) return written->second;
  if (cleared_) return std::nullopt;
  const PairSet::Found found = pairs_.find(key);
  if (!found.found) return std::nullopt;
  return std::string(found.value);
}

absl::Status Transaction::put(std::string_view key, std::string_view value) {
  absl::Status status = check_key(limits_, key);
  if (status.ok()) status = check_value(limits_, value);
  if (status.ok()) writes_[std::string(key)] = std::string(value);
  return status;
}

std::optional<std::string> Transaction::del(std::string_view key) {
  std::optional<std::string> before = get(key);
  if (before.has_value()) writes_[std::string(key)] = std::nullopt;
  return before;
}

std::size_t Transaction::size() const {
  std::size_t size = cleared_ ? 0 : pairs_.size();
  for (const auto& [key, value] : writes_) {
    const bool was_there = !cleared_ && pairs_.find(key).found;
    if (value.has_value() && !was_there) ++size;
    if (!value.has_value() && was_there) --size;
  }
  return size;
}

void Transaction::clear() {
  writes_.clear();
  cleared_ = true;
}

void Transaction::for_each(const Visit& visit) const {
  if (!cleared_) {
    pairs_.for_each([&](std::string_view key, std::string_view value) {
      if (!writes_.contains(key)) visit(key, value);
    });
  }
  for (const auto& [key, value] : writes_) {
    if (value.has_value()) visit(key, *value);
  }
}

Bucket::Pairs Transaction::scan(std::string_view prefix,
                                std::size_t limit) const {
  // The `limit` lowest keys so far, as a heap with the highest on top.
  std::vector<std::pair<std::string_view, std::string_view>> lowest;
  if (limit > 0) {
    for_each([&](std::string_view key, std::string_view value) {
      if (key.substr(0, prefix.size()) != prefix) return;
      if (lowest.size() == limit) {
        if (key >= lowest.front().first) return;
        std::pop_heap(lowest.begin(), lowest.end());
        lowest.pop_back();
      }
      lowest.emplace_back(key, value);
      std::push_heap(lowest.begin(), lowest.end());
    });
  }
  std::sort_heap(lowest.begin(), lowest.end());
  return Pairs(lowest.begin(), lowest.end());
}

absl::Status Transaction::update(std::string_view key, const Change& change) {
  std::optional<std::string> value = change(get(key));
  if (value.has_value()) return put(key, *value);
  del(key);
  return check_key(limits_, key);
}

}  // namespace kv::internal
