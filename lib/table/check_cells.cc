#include "table/check_cells.h"

#include <algorithm>
#include <array>
#include <cassert>
#include <utility>

#include "absl/status/status.h"
#include "absl/strings/str_cat.h"
#include "table/bounds.h"
#include "table/ranges.h"

namespace kv::internal::table {
namespace {

using Owners = std::vector<const NodeName*>;

constexpr std::string_view kLeastName("\0", 1);

// Whether the hash of every name that begins with `prefix` is decided by it: a
// hash tag is complete.
bool has_hash_tag(std::string_view prefix) {
  const std::size_t open = prefix.find('{');
  if (open == prefix.npos) return false;
  const std::size_t close = prefix.find('}', open + 1);
  return close != prefix.npos && close > open + 1;
}

std::uint32_t hash_of(std::string_view name) {
  return hash_slot(name, RoutingTable::kMaxSlots);
}

// Finds a name for every hash there is.
class HashedNames {
 public:
  HashedNames() {
    std::vector<bool> found(RoutingTable::kMaxSlots);
    std::uint32_t missing = RoutingTable::kMaxSlots;
    for (std::uint32_t number = 0; missing > 0; ++number) {
      const std::uint32_t hash = hash_of(ending(number));
      if (found[hash]) continue;
      found[hash] = true;
      number_of_[hash] = number;
      --missing;
    }
  }

  // Begins with `prefix`. REQUIRES: !has_hash_tag(prefix)
  std::string name(std::string_view prefix, std::uint32_t hash) const {
    // A CRC is linear: what comes behind the prefix changes it by its own.
    std::string name(prefix);
    const std::uint32_t before = hash_of(name + std::string(kBytes, '\0'));
    name += ending(number_of_[before ^ hash]);
    assert(hash_of(name) == hash);
    return name;
  }

 private:
  static constexpr std::size_t kBytes = 5;

  static std::string ending(std::uint32_t number) {
    static constexpr std::string_view kDigits =
        "0123456789abcdefghijklmnopqrstuvwxyz";
    std::string text(kBytes, '0');
    for (std::size_t i = kBytes; i-- > 0; number /= kDigits.size()) {
      text[i] = kDigits[number % kDigits.size()];
    }
    return text;
  }

  std::array<std::uint32_t, RoutingTable::kMaxSlots> number_of_{};
};

// Which hashes the names of a span can have: all, if some prefix leaves them
// open, else a few.
class HashesOfSpan {
 public:
  explicit HashesOfSpan(const NameSpan& span) : span_(span) { look(""); }

  // A name of the span whose hash is in one of `slots` of `all` slots.
  std::optional<std::string> find(const HashedNames& names, Interval slots,
                                  std::uint32_t all) const {
    if (open_.has_value()) return names.name(*open_, slots.first);
    for (const std::string& name : others_) {
      const std::uint32_t slot = hash_slot(name, all);
      if (slots.first <= slot && slot < slots.end) return name;
    }
    return std::nullopt;
  }

 private:
  void look(const std::string& prefix) {
    const std::string_view least =
        prefix.empty() ? kLeastName : std::string_view(prefix);
    const std::optional<std::string> behind = successor(prefix);
    if (open_.has_value() || (behind.has_value() && *behind <= span_.start) ||
        (span_.end.has_value() && least >= *span_.end)) {
      return;
    }
    const bool whole =
        least >= span_.start && (!span_.end.has_value() ||
                                 (behind.has_value() && *behind <= *span_.end));
    if (whole && !has_hash_tag(prefix)) {
      open_ = prefix;
    } else if (whole) {
      others_.push_back(prefix);
    } else {
      if (prefix >= span_.start) others_.push_back(prefix);
      // Those below or above can't be in the span.
      const int first = byte_behind(prefix, span_.start).value_or(0);
      const int last =
          byte_behind(prefix, span_.end.value_or("")).value_or(255);
      for (int byte = first; byte <= last; ++byte) {
        look(prefix + static_cast<char>(byte));
      }
    }
  }

  // The byte that follows `prefix` in `bound`, if that begins with it.
  static std::optional<int> byte_behind(std::string_view prefix,
                                        std::string_view bound) {
    if (bound.size() <= prefix.size() ||
        bound.substr(0, prefix.size()) != prefix) {
      return std::nullopt;
    }
    return static_cast<unsigned char>(bound[prefix.size()]);
  }

  const NameSpan& span_;
  std::optional<std::string> open_;
  std::vector<std::string> others_;
};

template <typename Where>
struct Cut {
  Where where;
  Owners owners;
};
using SpanCut = Cut<NameSpan>;
using SlotCut = Cut<Interval>;

Owners owners_of(const std::vector<const RoutingTable*>& tables,
                 std::string_view name) {
  Owners owners;
  owners.reserve(tables.size());
  for (const RoutingTable* table : tables) owners.push_back(table->find(name));
  return owners;
}

std::vector<RoutingTable::Range> bounds_of(
    const std::vector<const RoutingTable*>& tables) {
  std::vector<RoutingTable::Range> ranges;
  for (const RoutingTable* table : tables) {
    for (const RoutingTable::Entry& entry : table->entries()) {
      const std::optional<BoundTexts> texts = split_range(entry.range);
      assert(texts.has_value());
      ranges.push_back(
          {*parse_bound(texts->first), *parse_bound(texts->last), NodeName()});
    }
  }
  return ranges;
}

// All names, in order.
std::vector<SpanCut> cut_names(const std::vector<const RoutingTable*>& tables) {
  std::vector<std::string> starts = cut_into_cells(bounds_of(tables)).starts;
  if (starts.empty() || starts.front() != kLeastName) {
    starts.insert(starts.begin(), std::string(kLeastName));
  }
  std::vector<SpanCut> cuts;
  for (std::string& start : starts) {
    Owners owners = owners_of(tables, start);
    if (!cuts.empty() && cuts.back().owners == owners) continue;
    if (!cuts.empty()) cuts.back().where.end = start;
    cuts.push_back({{std::move(start), std::nullopt}, std::move(owners)});
  }
  return cuts;
}

// All slots, in order.
std::vector<SlotCut> cut_slots(const std::vector<const RoutingTable*>& tables,
                               std::uint32_t slots, const HashedNames& names) {
  std::vector<SlotCut> cuts;
  for (std::uint32_t slot = 0; slot < slots; ++slot) {
    Owners owners = owners_of(tables, names.name("", slot));
    if (!cuts.empty() && cuts.back().owners == owners) {
      cuts.back().where.end = slot + 1;
    } else {
      cuts.push_back({{slot, slot + 1}, std::move(owners)});
    }
  }
  return cuts;
}

// Puts the owners of tables of both kinds into the order of all tables, in
// which `by_name` and `by_slot` are the positions of each kind.
class Merger {
 public:
  Merger(std::size_t tables, std::vector<std::size_t> by_name,
         std::vector<std::size_t> by_slot)
      : tables_(tables),
        by_name_(std::move(by_name)),
        by_slot_(std::move(by_slot)) {}

  Owners merge(const Owners& by_name, const Owners& by_slot) const {
    Owners owners(tables_, nullptr);
    for (std::size_t i = 0; i < by_name.size(); ++i) {
      owners[by_name_[i]] = by_name[i];
    }
    for (std::size_t i = 0; i < by_slot.size(); ++i) {
      owners[by_slot_[i]] = by_slot[i];
    }
    return owners;
  }

 private:
  const std::size_t tables_;
  const std::vector<std::size_t> by_name_;
  const std::vector<std::size_t> by_slot_;
};

absl::StatusOr<std::vector<Piece>> cross(const std::vector<SpanCut>& spans,
                                         const std::vector<SlotCut>& runs,
                                         std::uint32_t slots,
                                         const HashedNames& names,
                                         const Merger& merger) {
  if (spans.size() > kMaxMixedPieces / runs.size()) {
    return absl::ResourceExhaustedError(absl::StrCat(
        "tables of name ranges and of slots together cut the names into ",
        spans.size(), " times ", runs.size(), " pieces; at most ",
        kMaxMixedPieces, " can be looked at"));
  }
  std::vector<Piece> pieces;
  for (const SpanCut& span : spans) {
    const HashesOfSpan hashes(span.where);
    for (const SlotCut& run : runs) {
      auto example = hashes.find(names, run.where, slots);
      if (!example.has_value()) continue;
      pieces.push_back({span.where, run.where, *std::move(example),
                        merger.merge(span.owners, run.owners)});
    }
  }
  return pieces;
}

// As many as all of `tables` say; else as many as there are hashes.
std::uint32_t common_slots(const std::vector<const RoutingTable*>& tables) {
  std::uint32_t slots = tables.empty() ? 0 : tables.front()->slots();
  for (const RoutingTable* table : tables) {
    if (table->slots() != slots) slots = RoutingTable::kMaxSlots;
  }
  return slots;
}

bool all_have(const std::vector<const RoutingTable*>& tables,
              std::uint32_t slots) {
  return std::all_of(
      tables.begin(), tables.end(),
      [slots](const RoutingTable* it) { return it->slots() == slots; });
}

}  // namespace

std::string print_span(const NameSpan& span) {
  const std::string first = print_bound(span.start);
  if (!span.end.has_value()) return absl::StrCat(first, "..");
  if (span.end->back() == '\0') {
    return absl::StrCat(first, "..\\<", print_bound(*span.end));
  }
  std::string last = *span.end;
  --last.back();
  return absl::StrCat(first, "..", print_bound(last));
}

absl::StatusOr<Pieces> cut_into_pieces(
    const std::vector<RoutingTable>& tables) {
  std::vector<const RoutingTable*> by_name;
  std::vector<const RoutingTable*> by_slot;
  std::vector<std::size_t> name_places;
  std::vector<std::size_t> slot_places;
  for (std::size_t i = 0; i < tables.size(); ++i) {
    if (tables[i].entries().empty()) continue;  // of either kind
    (tables[i].slots() == 0 ? by_name : by_slot).push_back(&tables[i]);
    (tables[i].slots() == 0 ? name_places : slot_places).push_back(i);
  }
  const Merger merger(tables.size(), name_places, slot_places);

  Pieces result;
  result.slots = common_slots(by_slot);
  result.mixed = !by_slot.empty() &&
                 (!by_name.empty() || !all_have(by_slot, result.slots));
  if (by_slot.empty()) {
    for (SpanCut& cut : cut_names(by_name)) {
      Piece piece{cut.where, std::nullopt, cut.where.start,
                  merger.merge(cut.owners, {})};
      result.pieces.push_back(std::move(piece));
    }
    return result;
  }
  const HashedNames names;
  const auto runs = cut_slots(by_slot, result.slots, names);
  if (by_name.empty()) {
    for (const SlotCut& cut : runs) {
      result.pieces.push_back({std::nullopt, cut.where,
                               names.name("", cut.where.first),
                               merger.merge({}, cut.owners)});
    }
    return result;
  }
  auto pieces = cross(cut_names(by_name), runs, result.slots, names, merger);
  if (!pieces.ok()) return std::move(pieces).status();
  result.pieces = *std::move(pieces);
  return result;
}

}  // namespace kv::internal::table
