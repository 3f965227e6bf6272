#include "table/text.h"

#include <algorithm>
#include <charconv>
#include <utility>

#include "absl/status/status.h"
#include "absl/strings/str_cat.h"
#include "base/strings.h"
#include "table/bounds.h"

namespace kv::internal::table {
namespace {

constexpr char kExpectedEntry[] = "expected \"first..last node\"";
constexpr std::size_t kMaxShownEntries = 8;
constexpr std::size_t kMaxShownRangeBytes = 64;

absl::Status invalid(std::string_view cause) {
  return absl::InvalidArgumentError(to_absl(cause));
}

// Decimal digits and nothing else, and a value that fits.
template <typename Number>
bool parse_number(std::string_view text, Number& number) {
  const char* const end = text.data() + text.size();
  const auto [stop, error] = std::from_chars(text.data(), end, number);
  return error == std::errc() && stop == end;
}

// The words of a line, up to its comment; blanks and '#' behind a backslash
// are part of a word.
std::vector<std::string_view> split_words(std::string_view line) {
  std::vector<std::string_view> words;
  std::size_t i = 0;
  while (i < line.size() && line[i] != '#') {
    if (line[i] == ' ' || line[i] == '\t') {
      ++i;
      continue;
    }
    const std::size_t begin = i;
    while (i < line.size() &&
           std::string_view(" \t#").find(line[i]) == std::string_view::npos) {
      i += line[i] == '\\' ? 2 : 1;
    }
    // One too far behind a backslash at the end; substr() does not mind.
    words.push_back(line.substr(begin, i - begin));
  }
  return words;
}

// Reads a text line by line; errors don't name the line.
class Reader {
 public:
  absl::Status read_line(std::string_view line, std::uint32_t number);
  Parsed take() { return std::move(parsed_); }

 private:
  using Words = std::vector<std::string_view>;

  absl::Status read_slots(const Words& words);
  absl::Status read_version(const Words& words);
  absl::Status check_directive(std::string_view name, bool seen) const;
  absl::Status read_entry(const Words& words);
  absl::Status read_range(const BoundTexts& texts, NodeName node);
  absl::Status read_slot_range(const BoundTexts& texts, NodeName node);

  Parsed parsed_;
  bool seen_slots_ = false;
  bool seen_version_ = false;
};

absl::Status Reader::read_line(std::string_view line, std::uint32_t number) {
  const Words words = split_words(line);
  if (words.empty()) return absl::OkStatus();
  if (words[0] == "slots") return read_slots(words);
  if (words[0] == "version") return read_version(words);
  if (parsed_.lines.size() == kMaxEntries) {
    return invalid(absl::StrCat("more than ", kMaxEntries, " entries"));
  }
  parsed_.lines.push_back(number);
  return read_entry(words);
}

absl::Status Reader::check_directive(std::string_view name, bool seen) const {
  if (!parsed_.lines.empty()) {
    return invalid(absl::StrCat(quoted(name), " behind the first entry"));
  }
  if (seen) return invalid(absl::StrCat("second ", quoted(name)));
  return absl::OkStatus();
}

absl::Status Reader::read_slots(const Words& words) {
  absl::Status status =
      check_directive("slots", std::exchange(seen_slots_, true));
  if (!status.ok()) return status;
  if (words.size() != 2 || !parse_number(words[1], parsed_.slots) ||
      parsed_.slots < 1 || parsed_.slots > RoutingTable::kMaxSlots) {
    return invalid(absl::StrCat("expected \"slots N\" with N from 1 to ",
                                RoutingTable::kMaxSlots));
  }
  return absl::OkStatus();
}

absl::Status Reader::read_version(const Words& words) {
  absl::Status status =
      check_directive("version", std::exchange(seen_version_, true));
  if (!status.ok()) return status;
  if (words.size() != 2 || !parse_number(words[1], parsed_.version)) {
    return invalid(
        absl::StrCat("expected \"version N\" with N from 0 to ", UINT64_MAX));
  }
  return absl::OkStatus();
}

absl::Status Reader::read_entry(const Words& words) {
  const std::optional<BoundTexts> texts = split_range(words[0]);
  if (!texts) {
    return invalid(absl::StrCat(kExpectedEntry, ", not ", quoted(words[0])));
  }
  if (words.size() == 1) {
    return invalid(absl::StrCat(kExpectedEntry, ", but no node follows ",
                                quoted(words[0])));
  }
  if (words.size() > 2) {
    return invalid(absl::StrCat(kExpectedEntry, ", but ", quoted(words[2]),
                                " follows the node"));
  }
  absl::StatusOr<NodeName> node = NodeName::parse(words[1]);
  if (!node.ok()) return node.status();
  return seen_slots_ ? read_slot_range(*texts, *std::move(node))
                     : read_range(*texts, *std::move(node));
}

absl::Status Reader::read_range(const BoundTexts& texts, NodeName node) {
  absl::StatusOr<std::string> first = parse_bound(texts.first);
  if (!first.ok()) return first.status();
  absl::StatusOr<std::string> last = parse_bound(texts.last);
  if (!last.ok()) return last.status();
  parsed_.ranges.push_back(
      {*std::move(first), *std::move(last), std::move(node)});
  return absl::OkStatus();
}

absl::Status Reader::read_slot_range(const BoundTexts& texts, NodeName node) {
  RoutingTable::SlotRange range;
  for (auto [text, slot] : {std::pair(texts.first, &range.first),
                            std::pair(texts.last, &range.last)}) {
    if (!parse_number(text, *slot)) {
      return invalid(absl::StrCat("bad slot ", quoted(text),
                                  ": expected a number from 0 to ",
                                  parsed_.slots - 1));
    }
  }
  range.node = std::move(node);
  parsed_.slot_ranges.push_back(std::move(range));
  return absl::OkStatus();
}

}  // namespace

absl::StatusOr<Parsed> parse_text(std::string_view text) {
  if (text.size() > kMaxTextBytes) {
    return invalid(absl::StrCat("a table of ", text.size(), " bytes; at most ",
                                kMaxTextBytes));
  }
  Reader reader;
  for (std::uint32_t number = 1; !text.empty(); ++number) {
    const std::size_t size = std::min(text.find('\n'), text.size());
    std::string_view line = text.substr(0, size);
    text.remove_prefix(std::min(size + 1, text.size()));
    if (!line.empty() && line.back() == '\r') line.remove_suffix(1);
    const absl::Status status = reader.read_line(line, number);
    if (!status.ok()) {
      return invalid(absl::StrCat("line ", number, ": ", status.message()));
    }
  }
  return reader.take();
}

std::string print_range(const RoutingTable::Range& range) {
  return absl::StrCat(print_bound(range.first), "..", print_bound(range.last));
}

std::string print_range(const RoutingTable::SlotRange& range) {
  return absl::StrCat(range.first, "..", range.last);
}

std::string print_text(std::uint32_t slots, std::uint64_t version,
                       const std::vector<RoutingTable::Entry>& entries) {
  std::size_t bytes = kMaxDirectiveBytes;
  for (const RoutingTable::Entry& entry : entries) bytes += text_bytes(entry);
  std::string text;
  text.reserve(bytes);
  if (slots != 0) absl::StrAppend(&text, "slots ", slots, "\n");
  if (version != 0) absl::StrAppend(&text, "version ", version, "\n");
  for (const RoutingTable::Entry& entry : entries) {
    absl::StrAppend(&text, entry.range, " ", entry.node.str(), "\n");
  }
  return text;
}

std::size_t text_bytes(const RoutingTable::Entry& entry) {
  return entry.range.size() + 1 + entry.node.str().size() + 1;
}

std::string summarize(const std::vector<RoutingTable::Entry>& entries) {
  std::string text = "[";
  const std::size_t shown = std::min(entries.size(), kMaxShownEntries);
  for (std::size_t i = 0; i < shown; ++i) {
    absl::StrAppend(&text, i == 0 ? "" : ", ", shorten(entries[i].range), " ",
                    entries[i].node.str());
  }
  if (shown < entries.size()) {
    absl::StrAppend(&text, ", ... ", entries.size() - shown, " more");
  }
  return text + "]";
}

std::string shorten(const std::string& range) {
  if (range.size() <= kMaxShownRangeBytes) return range;
  return range.substr(0, kMaxShownRangeBytes) + "...";
}

}  // namespace kv::internal::table
