#include "table/claims.h"

#include <numeric>

namespace kv::internal::table {

Claims::Claims(std::size_t cells)
    : owners_(cells, kNobody), onward_(cells + 1) {
  std::iota(onward_.begin(), onward_.end(), 0U);
}

bool Claims::claim(const Interval& wanted, std::uint32_t owner) {
  bool got_any = false;
  for (std::uint32_t cell = next_free(wanted.first); cell < wanted.end;
       cell = next_free(cell)) {
    owners_[cell] = owner;
    onward_[cell] = cell + 1;
    got_any = true;
  }
  return got_any;
}

std::uint32_t Claims::next_free(std::uint32_t cell) {
  while (onward_[cell] != cell) {
    onward_[cell] = onward_[onward_[cell]];  // halves the way for the next one
    cell = onward_[cell];
  }
  return cell;
}

}  // namespace kv::internal::table
