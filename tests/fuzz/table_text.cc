// The text form of a table, against a reader that tries everything one by one.
#include <cstddef>
#include <cstdint>
#include <optional>
#include <set>
#include <string>
#include <string_view>
#include <vector>

#include "fuzz/check.h"
#include "kv/routing_table.h"
#include "unit/table_reference.h"

namespace {

using kv::ReferenceTable;
using kv::RoutingTable;

// What the words of a line can be.
struct Text {
  std::uint32_t slots = 0;
  std::uint64_t version = 0;
  std::vector<RoutingTable::Range> ranges;
  std::vector<RoutingTable::SlotRange> slot_ranges;
};

// Reads byte by byte, as the comment of RoutingTable::parse says.
class SlowReader {
 public:
  // nullopt: it is no table, whatever its entries mean.
  static std::optional<Text> read(const std::string& text) {
    SlowReader reader;
    std::string line;
    for (const char c : text + "\n") {
      if (c != '\n') {
        line += c;
        continue;
      }
      if (!line.empty() && line.back() == '\r') line.pop_back();
      if (!reader.read_line(line)) return std::nullopt;
      line.clear();
    }
    return reader.text_;
  }

 private:
  static std::vector<std::string> words_of(const std::string& line) {
    std::vector<std::string> words(1);
    for (std::size_t i = 0; i < line.size() && line[i] != '#'; ++i) {
      if (line[i] == ' ' || line[i] == '\t') {
        if (!words.back().empty()) words.emplace_back();
        continue;
      }
      words.back() += line[i];
      if (line[i] == '\\' && i + 1 < line.size()) words.back() += line[++i];
    }
    if (words.back().empty()) words.pop_back();
    return words;
  }

  static bool read_number(const std::string& text, std::uint64_t most,
                          std::uint64_t& number) {
    number = 0;
    for (const char c : text) {
      if (c < '0' || c > '9') return false;
      const auto digit = static_cast<std::uint64_t>(c - '0');
      if (number > (most - digit) / 10) return false;
      number = number * 10 + digit;
    }
    return !text.empty();
  }

  static bool read_bound(const std::string& text, std::string& bound) {
    const std::string hex = "0123456789abcdef0123456789ABCDEF";
    for (std::size_t i = 0; i < text.size(); ++i) {
      if (text.compare(i, 2, "..") == 0) return false;
      if (text[i] != '\\') {
        bound += text[i];
        continue;
      }
      if (++i == text.size()) return false;
      if (std::string("\\.# ").find(text[i]) != std::string::npos) {
        bound += text[i];
        continue;
      }
      if (text[i] != 'x' || i + 2 >= text.size()) return false;
      const std::size_t high = hex.find(text[i + 1]);
      const std::size_t low = hex.find(text[i + 2]);
      if (high == std::string::npos || low == std::string::npos) return false;
      bound += static_cast<char>(high % 16 * 16 + low % 16);
      i += 2;
    }
    return bound.size() <= 1024;
  }

  bool read_line(const std::string& line) {
    const std::vector<std::string> words = words_of(line);
    if (words.empty()) return true;
    const bool is_slots = words[0] == "slots";
    if (is_slots || words[0] == "version") {
      bool& seen = is_slots ? seen_slots_ : seen_version_;
      if (seen || seen_entry_ || words.size() != 2) return false;
      seen = true;
      std::uint64_t number = 0;
      if (!read_number(words[1], is_slots ? UINT32_MAX : UINT64_MAX, number)) {
        return false;
      }
      if (!is_slots) text_.version = number;
      if (is_slots) text_.slots = static_cast<std::uint32_t>(number);
      return !is_slots || (number >= 1 && number <= 65536);
    }
    seen_entry_ = true;
    return words.size() == 2 && read_entry(words[0], words[1]);
  }

  bool read_entry(const std::string& range, const std::string& name) {
    std::size_t dots = 0;
    while (dots < range.size() && range.compare(dots, 2, "..") != 0) {
      dots += range[dots] == '\\' ? 2 : 1;
    }
    if (dots >= range.size()) return false;
    const std::string first = range.substr(0, dots);
    const std::string last = range.substr(dots + 2);
    const auto node = kv::NodeName::parse(name);
    if (!node.ok() || node->port() == 0) return false;
    if (seen_slots_) {
      std::uint64_t low = 0;
      std::uint64_t high = 0;
      if (!read_number(first, UINT32_MAX, low) ||
          !read_number(last, UINT32_MAX, high)) {
        return false;
      }
      text_.slot_ranges.push_back({static_cast<std::uint32_t>(low),
                                   static_cast<std::uint32_t>(high), *node});
      return true;
    }
    RoutingTable::Range entry;
    entry.node = *node;
    if (!read_bound(first, entry.first) || !read_bound(last, entry.last)) {
      return false;
    }
    text_.ranges.push_back(entry);
    return true;
  }

  Text text_;
  bool seen_slots_ = false;
  bool seen_version_ = false;
  bool seen_entry_ = false;
};

// Every slot has an owner or none; each entry must get one.
bool slots_are_good(const Text& text) {
  std::vector<bool> taken(text.slots);
  for (const auto& range : text.slot_ranges) {
    if (range.first > range.last || range.last >= text.slots) return false;
    bool any = false;
    for (std::uint32_t slot = range.first; slot <= range.last; ++slot) {
      any = any || !taken[slot];
      taken[slot] = true;
    }
    if (!any) return false;
  }
  return true;
}

// nullopt: too many names to try them all.
std::optional<bool> ranges_are_good(const Text& text) {
  constexpr std::size_t kMostNames = 2000;
  constexpr std::size_t kMostEntries = 8;
  std::set<char> bytes = {'\0'};
  std::size_t longest = 1;
  for (const auto& range : text.ranges) {
    for (const std::string& bound : {range.first, range.last}) {
      bytes.insert(bound.begin(), bound.end());
      longest = std::max(longest, bound.size());
    }
  }
  std::size_t names = 1;
  for (std::size_t i = 0; i < longest && names <= kMostNames; ++i) {
    names *= 2 * bytes.size();
  }
  if (names > kMostNames || text.ranges.size() > kMostEntries) return {};
  const std::string alphabet(bytes.begin(), bytes.end());
  return ReferenceTable(text.ranges)
      .complaint(kv::all_names(alphabet, longest))
      .empty();
}

// At the bounds, and beside them.
std::vector<std::string> names_near(const Text& text) {
  std::vector<std::string> names = {"", "a", "{a}b", std::string(1, '\0')};
  for (const auto& range : text.ranges) {
    for (const std::string& bound : {range.first, range.last}) {
      names.push_back(bound);
      names.push_back(bound + '\0');
      names.push_back(bound + '\xff');
      if (bound.empty()) continue;
      names.push_back(bound.substr(0, bound.size() - 1));
      names.push_back(bound);
      ++names.back().back();
      names.push_back(bound);
      --names.back().back();
    }
  }
  for (const auto& range : text.slot_ranges) {
    names.push_back(std::to_string(range.first));
    names.push_back("{" + std::to_string(range.last) + "}x");
  }
  return names;
}

void check_finds(const RoutingTable& table, const Text& text) {
  const ReferenceTable slow =
      text.slots == 0 ? ReferenceTable(text.ranges)
                      : ReferenceTable(text.slots, text.slot_ranges);
  constexpr std::size_t kMostNames = 400;
  std::vector<std::string> names = names_near(text);
  if (names.size() > kMostNames) names.resize(kMostNames);
  for (const std::string& name : names) {
    const std::size_t entry = slow.find_index(name);
    check(table.find_index(name) == entry);
    const kv::NodeName* const node = table.find(name);
    check((node == nullptr) == (entry == RoutingTable::kNone));
    if (node != nullptr) check(*node == table.entries()[entry].node);
  }
}

}  // namespace

extern "C" int LLVMFuzzerTestOneInput(const std::uint8_t* data,
                                      std::size_t size) {
  const std::string bytes = as_string(data, size);
  const auto table = RoutingTable::parse(bytes);
  const std::optional<Text> text = SlowReader::read(bytes);
  if (!text.has_value()) {
    check(absl::IsInvalidArgument(table.status()));
    return 0;
  }
  const std::optional<bool> good =
      text->slots != 0 ? slots_are_good(*text) : ranges_are_good(*text);
  if (good.has_value()) check(table.ok() == *good);
  if (!table.ok()) {
    check(absl::IsInvalidArgument(table.status()));
    return 0;
  }
  check(table->slots() == text->slots && table->version() == text->version);
  check(table->entries().size() ==
        text->ranges.size() + text->slot_ranges.size());
  check_finds(*table, *text);
  const std::string printed = table->str();
  const auto again = RoutingTable::parse(printed);
  check(again.ok() && *again == *table && again->str() == printed);
  return 0;
}
