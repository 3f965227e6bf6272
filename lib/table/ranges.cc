#include "table/ranges.h"

#include <algorithm>
#include <cassert>

namespace kv::internal::table {
namespace {

// The first 8 bytes as one number that sorts as they do. A shorter string is
// filled up with zeros, so equal heads say nothing about the strings' order.
std::uint64_t head_of(std::string_view bytes) {
  std::uint64_t head = 0;
  const std::size_t size = std::min<std::size_t>(bytes.size(), 8);
  for (std::size_t i = 0; i < size; ++i) {
    head |= std::uint64_t{static_cast<unsigned char>(bytes[i])} << (56 - 8 * i);
  }
  return head;
}

// One end of one range.
struct Bound {
  std::string bytes;
  std::uint64_t head;   // of bytes, so that sorting seldom looks at them
  std::uint32_t* cell;  // where to write the cell that starts here
};

bool operator<(const Bound& a, const Bound& b) {
  return a.head != b.head ? a.head < b.head : a.bytes < b.bytes;
}

std::size_t common_bytes(std::string_view a, std::string_view b) {
  const auto [stop, ignored] =
      std::mismatch(a.begin(), a.end(), b.begin(), b.end());
  return static_cast<std::size_t>(stop - a.begin());
}

}  // namespace

std::optional<std::string> successor(std::string_view prefix) {
  const std::size_t last = prefix.find_last_not_of('\xff');
  if (last == prefix.npos) return std::nullopt;
  std::string next(prefix.substr(0, last + 1));
  ++next.back();
  return next;
}

Cells cut_into_cells(const std::vector<RoutingTable::Range>& ranges) {
  // A name has at least one byte: nothing is less than "\x00".
  static constexpr std::string_view kLeastName("\0", 1);

  Cells cells;
  cells.intervals.resize(ranges.size());
  std::vector<Bound> bounds;
  bounds.reserve(2 * ranges.size());
  std::vector<std::uint32_t*> endless;
  for (std::size_t i = 0; i < ranges.size(); ++i) {
    Interval& interval = cells.intervals[i];
    std::string first(ranges[i].first.empty() ? kLeastName : ranges[i].first);
    const std::uint64_t head = head_of(first);
    bounds.push_back({std::move(first), head, &interval.first});
    if (std::optional<std::string> end = successor(ranges[i].last)) {
      const std::uint64_t end_head = head_of(*end);
      bounds.push_back({*std::move(end), end_head, &interval.end});
    } else {
      endless.push_back(&interval.end);
    }
  }

  std::sort(bounds.begin(), bounds.end());
  for (Bound& bound : bounds) {
    if (cells.starts.empty() || cells.starts.back() != bound.bytes) {
      cells.starts.push_back(std::move(bound.bytes));
    }
    *bound.cell = static_cast<std::uint32_t>(cells.starts.size() - 1);
  }
  for (std::uint32_t* end : endless) {
    *end = static_cast<std::uint32_t>(cells.starts.size());
  }
  return cells;
}

RangeIndex::RangeIndex(const std::vector<std::string>& starts,
                       const std::vector<std::uint32_t>& owners) {
  assert(starts.size() == owners.size());
  std::uint32_t before = Claims::kNobody;
  for (std::size_t i = 0; i < starts.size(); ++i) {
    if (owners[i] == before) continue;
    before = owners[i];
    owners_.push_back(owners[i]);
    offsets_.push_back(text_.size());
    text_ += starts[i];
  }
  offsets_.push_back(text_.size());

  heads_.resize(owners_.size());
  std::uint32_t next = 0;
  std::uint32_t owner = Claims::kNobody;
  for (unsigned value = 0; value < bytes_.size(); ++value) {
    index_byte(value, next, owner);
  }
}

// `next` is the first piece that does not start before the byte `value`, and
// `owner` the one of the piece before it; both are moved on to the next byte.
void RangeIndex::index_byte(unsigned value, std::uint32_t& next,
                            std::uint32_t& owner) {
  const char name = static_cast<char>(value);
  if (next < owners_.size() && start(next) == std::string_view(&name, 1)) {
    owner = owners_[next++];
  }
  Byte& byte = bytes_[value];
  byte.owner = owner;
  byte.begin = next;
  while (next < owners_.size() && start(next).front() == name) ++next;
  byte.end = next;
  if (byte.begin == byte.end) return;

  owner = owners_[next - 1];
  // The starts are sorted: what the outermost two share, all share.
  byte.common = static_cast<std::uint32_t>(
      common_bytes(start(byte.begin), start(byte.end - 1)));
  for (std::uint32_t piece = byte.begin; piece < byte.end; ++piece) {
    heads_[piece] = head_of(start(piece).substr(byte.common));
  }
}

std::uint32_t RangeIndex::find_among(const Byte& byte,
                                     std::string_view name) const {
  const std::string_view common = start(byte.begin).substr(0, byte.common);
  if (const int order = name.compare(0, byte.common, common); order != 0) {
    return order < 0 ? byte.owner : owners_[byte.end - 1];
  }

  // The first piece that starts after `name`; the one before it holds `name`.
  const std::uint64_t head = head_of(name.substr(byte.common));
  std::uint32_t first = byte.begin;
  std::uint32_t count = byte.end - byte.begin;
  while (count > 0) {
    const std::uint32_t half = count / 2;
    if (starts_after(first + half, head, name)) {
      count = half;
    } else {
      first += half + 1;
      count -= half + 1;
    }
  }
  return first == byte.begin ? byte.owner : owners_[first - 1];
}

bool RangeIndex::starts_after(std::uint32_t piece, std::uint64_t head,
                              std::string_view name) const {
  return heads_[piece] != head ? heads_[piece] > head : start(piece) > name;
}

}  // namespace kv::internal::table
