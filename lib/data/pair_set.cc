#include "data/pair_set.h"

#include <algorithm>
#include <cstring>
#include <new>
#include <utility>
#include <vector>

namespace kv::internal {

PairSet::Pair PairSet::make(std::string_view key, std::string_view value) {
  void* const memory = std::malloc(sizeof(Block) + key.size() + value.size());
  if (memory == nullptr) throw std::bad_alloc();
  auto* const block =
      new (memory) Block{static_cast<std::uint32_t>(key.size()),
                         static_cast<std::uint32_t>(value.size())};
  char* const out = bytes(*block);
  if (!key.empty()) std::memcpy(out, key.data(), key.size());
  if (!value.empty()) std::memcpy(out + key.size(), value.data(), value.size());
  return Pair(block);
}

PairSet::Found PairSet::find(std::string_view key) const {
  const auto it = pairs_.find(key);
  if (it == pairs_.end()) return {false, {}};
  return {true, value_of(**it)};
}

void PairSet::put(std::string_view key, std::string_view value) {
  const auto it = pairs_.find(key);
  if (it == pairs_.end()) {
    const auto added = pairs_.insert(make(key, value)).first;
    if (order_.has_value()) order_->insert(key_of(**added));
    return;
  }
  Block& old = **it;
  if (old.value_size == value.size()) {
    if (!value.empty()) {
      std::memmove(bytes(old) + old.key_size, value.data(), value.size());
    }
    return;
  }
  Pair pair = make(key, value);
  if (order_.has_value()) {
    order_->erase(key_of(old));
    order_->insert(key_of(*pair));
  }
  // The key stays the same, so the place in the table does too.
  const_cast<Pair&>(*it) = std::move(pair);
}

bool PairSet::erase(std::string_view key) {
  const auto it = pairs_.find(key);
  if (it == pairs_.end()) return false;
  if (order_.has_value()) order_->erase(key_of(**it));
  pairs_.erase(it);
  return true;
}

void PairSet::clear() {
  order_.reset();
  pairs_.clear();
}

PairSet::Order::const_iterator PairSet::seek(
    std::string_view prefix, std::optional<std::string_view> after) {
  if (!order_.has_value()) {
    std::vector<std::string_view> keys;
    keys.reserve(pairs_.size());
    for (const Pair& pair : pairs_) keys.push_back(key_of(*pair));
    std::sort(keys.begin(), keys.end());
    order_.emplace(keys.begin(), keys.end());
  }
  if (after.has_value() && *after >= prefix) return order_->upper_bound(*after);
  return order_->lower_bound(prefix);
}

}  // namespace kv::internal
