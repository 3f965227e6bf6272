// PairSet: the pairs of one bucket, in little memory.
#ifndef KV_DATA_PAIR_SET_H_
#define KV_DATA_PAIR_SET_H_

#include <cstddef>
#include <cstdint>
#include <cstdlib>
#include <cstring>
#include <memory>
#include <optional>
#include <string>
#include <string_view>

#include "absl/container/btree_set.h"
#include "absl/container/flat_hash_set.h"
#include "base/strings.h"

namespace kv::internal {

// Key and value in one block of memory behind one pointer, where two
// std::strings would take two blocks and 64 bytes of their own. A large value
// that comes as a string stays one, so that it need not be copied. No internal
// synchronization.
class PairSet {
 public:
  std::size_t size() const { return pairs_.size(); }

  // nullptr-like where there is none; good until the next change.
  struct Found {
    bool found;
    std::string_view value;
  };
  Found find(std::string_view key) const;
  // REQUIRES: key under 2 GiB, value under 4 GiB.
  void put(std::string_view key, std::string_view value);
  // The same, and takes the value's memory where that is worth it.
  void put_and_take(std::string_view key, std::string&& value);
  // False where there was none.
  bool erase(std::string_view key);
  void clear();

  // visit(key, value) for every pair, in no order.
  template <typename Visit>
  void for_each(Visit&& visit) const {
    for (const Pair& pair : pairs_) visit(key_of(*pair), value_of(*pair));
  }

  // visit(key, value) for the pairs whose key begins with `prefix` and comes
  // after `after`, in byte order of their keys, until it returns false. The
  // first time it sorts all keys, and from then on they are kept in order.
  template <typename Visit>
  void scan(std::string_view prefix, std::optional<std::string_view> after,
            Visit&& visit) {
    for (auto it = seek(prefix, after);
         it != order_->end() && it->substr(0, prefix.size()) == prefix; ++it) {
      if (!visit(*it, find(*it).value)) return;
    }
  }

 private:
  // Followed by the bytes of the key, then those of the value, or a pointer to
  // it where it lies apart.
  struct Block {
    std::uint32_t key_size : 31;
    std::uint32_t apart : 1;
    std::uint32_t value_size;
  };
  struct Free {
    void operator()(Block* block) const {
      if (block->apart != 0) delete &value_apart(*block);
      std::free(block);
    }
  };
  using Pair = std::unique_ptr<Block, Free>;

  static constexpr std::size_t kPointerBytes = sizeof(void*);

  static char* bytes(Block& block) {
    return reinterpret_cast<char*>(&block + 1);
  }
  static const char* bytes(const Block& block) {
    return reinterpret_cast<const char*>(&block + 1);
  }
  static std::string_view key_of(const Block& block) {
    return {bytes(block), block.key_size};
  }
  static std::string_view value_of(const Block& block) {
    if (block.apart != 0) return value_apart(block);
    return {bytes(block) + block.key_size, block.value_size};
  }
  static std::string& value_apart(const Block& block) {
    std::string* value = nullptr;
    std::memcpy(&value, bytes(block) + block.key_size, kPointerBytes);
    return *value;
  }
  static Pair make(std::string_view key, std::string_view value);
  static Pair make_apart(std::string_view key, std::string&& value);
  static Pair allocate(std::string_view key, std::size_t value_size);
  struct Hash {
    using is_transparent = void;
    std::size_t operator()(std::string_view key) const {
      return BytesHash{}(key);
    }
    std::size_t operator()(const Pair& pair) const {
      return BytesHash{}(key_of(*pair));
    }
  };
  struct Equal {
    using is_transparent = void;
    bool operator()(const Pair& a, const Pair& b) const {
      return key_of(*a) == key_of(*b);
    }
    bool operator()(const Pair& a, std::string_view b) const {
      return key_of(*a) == b;
    }
  };
  using Pairs = absl::flat_hash_set<Pair, Hash, Equal>;
  // Puts it in the place of `old`, of the same key, or end().
  void replace(Pairs::iterator old, Pair pair);

  // Keys that live in the blocks.
  using Order = absl::btree_set<std::string_view>;
  Order::const_iterator seek(std::string_view prefix,
                             std::optional<std::string_view> after);

  Pairs pairs_;
  std::optional<Order> order_;  // nullopt until the first scan
};

}  // namespace kv::internal

#endif  // KV_DATA_PAIR_SET_H_
