#include "data/pair_set.h"

#include <cstring>
#include <new>

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
    pairs_.insert(make(key, value));
    return;
  }
  Block& old = **it;
  if (old.value_size == value.size()) {
    if (!value.empty())
      std::memmove(bytes(old) + old.key_size, value.data(), value.size());
    return;
  }
  // The key stays the same, so the place in the table does too.
  const_cast<Pair&>(*it) = make(key, value);
}

bool PairSet::erase(std::string_view key) { return pairs_.erase(key) > 0; }

}  // namespace kv::internal
