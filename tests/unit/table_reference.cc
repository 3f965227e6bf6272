#include "table_reference.h"

#include <algorithm>
#include <set>
#include <utility>

namespace kv {
namespace {

// <0, 0, >0 as unsigned bytes; written out, so as to trust nobody.
int compare(std::string_view a, std::string_view b) {
  for (std::size_t i = 0; i < a.size() && i < b.size(); ++i) {
    const int x = static_cast<unsigned char>(a[i]);
    const int y = static_cast<unsigned char>(b[i]);
    if (x != y) return x - y;
  }
  return static_cast<int>(a.size()) - static_cast<int>(b.size());
}

// CRC-16/XMODEM bit by bit, of the hash tag.
std::uint32_t reference_slot(std::string_view name, std::uint32_t slots) {
  const std::size_t open = name.find('{');
  if (open != name.npos) {
    const std::size_t close = name.find('}', open);
    if (close != name.npos && close > open + 1) {
      name = name.substr(open + 1, close - open - 1);
    }
  }
  std::uint32_t crc = 0;
  for (char c : name) {
    crc ^= std::uint32_t{static_cast<unsigned char>(c)} << 8;
    for (int bit = 0; bit < 8; ++bit) {
      crc = (crc & 0x8000) != 0 ? (crc << 1) ^ 0x1021 : crc << 1;
      crc &= 0xffff;
    }
  }
  return crc % slots;
}

}  // namespace

ReferenceTable::ReferenceTable(std::vector<RoutingTable::Range> ranges)
    : ranges_(std::move(ranges)) {}

ReferenceTable::ReferenceTable(std::uint32_t slots,
                               std::vector<RoutingTable::SlotRange> ranges)
    : slots_(slots), slot_ranges_(std::move(ranges)) {}

std::size_t ReferenceTable::size() const {
  return slots_ == 0 ? ranges_.size() : slot_ranges_.size();
}

bool ReferenceTable::belongs(std::size_t entry, std::string_view name) const {
  if (name.empty()) return false;
  if (slots_ != 0) {
    const std::uint32_t slot = reference_slot(name, slots_);
    return slot_ranges_[entry].first <= slot &&
           slot <= slot_ranges_[entry].last;
  }
  const RoutingTable::Range& range = ranges_[entry];
  return compare(name.substr(0, range.first.size()), range.first) >= 0 &&
         compare(name.substr(0, range.last.size()), range.last) <= 0;
}

std::size_t ReferenceTable::find_index(std::string_view name) const {
  for (std::size_t entry = 0; entry < size(); ++entry) {
    if (belongs(entry, name)) return entry;
  }
  return RoutingTable::kNone;
}

bool ReferenceTable::holds_any(std::size_t entry,
                               const std::vector<std::string>& names) const {
  return std::any_of(names.begin(), names.end(), [&](const std::string& name) {
    return belongs(entry, name);
  });
}

bool ReferenceTable::wins_any(std::size_t entry,
                              const std::vector<std::string>& names) const {
  return std::any_of(names.begin(), names.end(), [&](const std::string& name) {
    return find_index(name) == entry;
  });
}

bool ReferenceTable::holds_all_of(std::size_t entry, std::size_t other,
                                  const std::vector<std::string>& names) const {
  return std::all_of(names.begin(), names.end(), [&](const std::string& name) {
    return !belongs(other, name) || belongs(entry, name);
  });
}

std::string ReferenceTable::complaint(
    const std::vector<std::string>& names) const {
  for (std::size_t entry = 0; entry < size(); ++entry) {
    const std::string place = "entry " + std::to_string(entry + 1);
    if (!holds_any(entry, names)) return place + ": inverted range";
    if (wins_any(entry, names)) continue;
    for (std::size_t before = 0; before < entry; ++before) {
      if (holds_all_of(before, entry, names)) {
        return place + " can't be reached: entry " +
               std::to_string(before + 1) + " takes all of it";
      }
    }
    return place + " can't be reached: entries before it take all of it";
  }
  return "";
}

std::vector<std::string> all_names(std::string_view alphabet,
                                   std::size_t longest) {
  std::set<char> bytes;
  for (char byte : alphabet) {
    bytes.insert(byte);
    if (byte != '\xff') bytes.insert(static_cast<char>(byte + 1));
  }
  std::vector<std::string> names;
  std::vector<std::string> shorter = {""};
  for (std::size_t length = 1; length <= longest; ++length) {
    std::vector<std::string> these;
    for (const std::string& name : shorter) {
      for (char byte : bytes) these.push_back(name + byte);
    }
    names.insert(names.end(), these.begin(), these.end());
    shorter = std::move(these);
  }
  return names;
}

std::vector<std::string> a_name_for_each_slot(std::uint32_t slots) {
  std::vector<std::string> names(slots);
  std::uint32_t missing = slots;
  for (int i = 0; missing > 0; ++i) {
    std::string name = std::to_string(i);
    std::string& place = names[reference_slot(name, slots)];
    if (place.empty()) {
      place = std::move(name);
      --missing;
    }
  }
  return names;
}

}  // namespace kv
