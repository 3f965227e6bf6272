#include "data/pair_set.h"

#include <algorithm>
#include <cstring>
#include <new>
#include <utility>
#include <vector>

namespace kv::internal {
namespace {

// Beyond this a string is cheaper to keep than to copy.
constexpr std::size_t kLarge = 64 * 1024;

}  // namespace

PairSet::Pair PairSet::allocate(std::string_view key, std::size_t value_size) {
  void* const memory = std::malloc(sizeof(Block) + key.size() + value_size);
  if (memory == nullptr) throw std::bad_alloc();
  auto* const block = new (memory) Block{};
  block->key_size = static_cast<std::uint32_t>(key.size());
  if (!key.empty()) std::memcpy(bytes(*block), key.data(), key.size());
  return Pair(block);
}

PairSet::Pair PairSet::make(std::string_view key, std::string_view value) {
  Pair pair = allocate(key, value.size());
  pair->value_size = static_cast<std::uint32_t>(value.size());
  if (!value.empty()) {
    std::memcpy(bytes(*pair) + key.size(), value.data(), value.size());
  }
  return pair;
}

PairSet::Pair PairSet::make_apart(std::string_view key, std::string&& value) {
  Pair pair = allocate(key, kPointerBytes);
  const auto* const apart = new std::string(std::move(value));
  std::memcpy(bytes(*pair) + key.size(), &apart, kPointerBytes);
  pair->apart = 1;
  return pair;
}

PairSet::Found PairSet::find(std::string_view key) const {
  const auto it = pairs_.find(key);
  if (it == pairs_.end()) return {false, {}};
  return {true, value_of(**it)};
}

void PairSet::put(std::string_view key, std::string_view value) {
  const auto it = pairs_.find(key);
  if (it != pairs_.end()) {
    Block& old = **it;
    if (old.apart == 0 && old.value_size == value.size()) {
      if (!value.empty()) {
        std::memmove(bytes(old) + old.key_size, value.data(), value.size());
      }
      return;
    }
  }
  replace(it, make(key, value));
}

void PairSet::put_and_take(std::string_view key, std::string&& value) {
  const bool spares = value.size() >= kLarge &&
                      value.capacity() - value.size() <= value.size() / 8;
  if (!spares) return put(key, value);
  const auto it = pairs_.find(key);
  if (it != pairs_.end() && (*it)->apart != 0) {
    value_apart(**it) = std::move(value);
  } else {
    replace(it, make_apart(key, std::move(value)));
  }
}

void PairSet::replace(Pairs::iterator old, Pair pair) {
  if (old == pairs_.end()) {
    const auto added = pairs_.insert(std::move(pair)).first;
    if (order_.has_value()) order_->insert(key_of(**added));
    return;
  }
  if (order_.has_value()) {
    order_->erase(key_of(**old));
    order_->insert(key_of(*pair));
  }
  // The key stays the same, so the place in the table does too.
  const_cast<Pair&>(*old) = std::move(pair);
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
