// Overlapping intervals, in order of precedence, made disjoint.
#ifndef KV_TABLE_CLAIMS_H_
#define KV_TABLE_CLAIMS_H_

#include <cstddef>
#include <cstdint>
#include <vector>

namespace kv::internal::table {

// The cells first <= cell < end: of hash slots, or of the pieces into which the
// bounds of all name ranges cut the names.
struct Interval {
  std::uint32_t first = 0;
  std::uint32_t end = 0;

  bool empty() const { return first >= end; }
  bool holds(const Interval& other) const {
    return first <= other.first && other.end <= end;
  }
};

// Gives cells away, first come, first served. n intervals over m cells take
// about O(n + m), however much they overlap. Not thread-safe.
class Claims {
 public:
  static constexpr std::uint32_t kNobody = UINT32_MAX;

  explicit Claims(std::size_t cells);

  // Gives what is still free of `wanted` to `owner`; false if nothing is.
  bool claim(const Interval& wanted, std::uint32_t owner);

  // Of each cell its owner, kNobody if it is free.
  const std::vector<std::uint32_t>& owners() const { return owners_; }

 private:
  // The first free cell at or behind `cell`; the number of cells if none is.
  std::uint32_t next_free(std::uint32_t cell);

  std::vector<std::uint32_t> owners_;
  // Of a free cell itself, of one that is taken some cell behind it with only
  // taken ones between; has one entry more, which is always "free".
  std::vector<std::uint32_t> onward_;
};

}  // namespace kv::internal::table

#endif  // KV_TABLE_CLAIMS_H_
