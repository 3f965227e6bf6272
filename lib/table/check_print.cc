// What kv::check found, for people.
#include <algorithm>
#include <array>
#include <utility>

#include "absl/strings/str_cat.h"
#include "absl/strings/str_join.h"
#include "kv/check.h"
#include "table/text.h"

namespace kv {
namespace {

using Interval = CheckReport::Interval;
using Ending = CheckReport::Ending;

std::string count(std::size_t number, const char* one, const char* many) {
  return absl::StrCat(number, " ", number == 1 ? one : many);
}

std::string join(const std::vector<NodeName>& nodes, const char* separator) {
  return absl::StrJoin(nodes, separator,
                       [](std::string* out, const NodeName& node) {
                         absl::StrAppend(out, node.str());
                       });
}

std::string a_few(const std::vector<NodeName>& nodes) {
  constexpr std::size_t kShown = 3;
  if (nodes.size() <= kShown) return join(nodes, ", ");
  return absl::StrCat(join({nodes.begin(), nodes.begin() + kShown}, ", "),
                      " and ", nodes.size() - kShown, " more");
}

bool has_end(const Interval& interval, CallEnd end) {
  return std::any_of(interval.endings->begin(), interval.endings->end(),
                     [end](const Ending& it) { return it.end == end; });
}

bool has_two_owners(const Interval& interval) {
  return std::count_if(
             interval.endings->begin(), interval.endings->end(),
             [](const Ending& it) { return it.end == CallEnd::kOwner; }) > 1;
}

// How many of the intervals with problems have which.
std::string problems(const std::vector<Interval>& intervals) {
  struct {
    const char* name;
    bool (*applies)(const Interval&);
  } const kinds[] = {
      {"more than one owner", has_two_owners},
      {"a circle",
       [](const Interval& it) { return has_end(it, CallEnd::kCircle); }},
      {"too many hops",
       [](const Interval& it) { return has_end(it, CallEnd::kTooManyHops); }},
      {"an unreachable node",
       [](const Interval& it) { return has_end(it, CallEnd::kUnreachable); }},
      {"an unknown node",
       [](const Interval& it) { return has_end(it, CallEnd::kUnknownNode); }},
      {"an entry on some nodes only",
       [](const Interval& it) { return has_end(it, CallEnd::kGap); }},
  };
  std::vector<std::string> texts;
  for (const auto& kind : kinds) {
    const auto number = std::count_if(
        intervals.begin(), intervals.end(),
        [&](const Interval& it) { return !it.ok() && kind.applies(it); });
    if (number > 0) texts.push_back(absl::StrCat(number, " with ", kind.name));
  }
  return absl::StrJoin(texts, ", ");
}

// A table of text whose columns are aligned.
class Lines {
 public:
  using Line = std::array<std::string, 4>;

  void add(Line line) { lines_.push_back(std::move(line)); }
  std::string str() const {
    std::array<std::size_t, 4> widths{};
    for (const Line& line : lines_) {
      for (std::size_t i = 0; i < line.size(); ++i) {
        widths[i] = std::max(widths[i], line[i].size());
      }
    }
    std::string text;
    for (const Line& line : lines_) {
      std::string row;
      for (std::size_t i = 0; i < line.size(); ++i) {
        row += line[i] + std::string(widths[i] - line[i].size() + 2, ' ');
      }
      row.resize(row.find_last_not_of(' ') + 1);
      text += row + "\n";
    }
    return text;
  }

 private:
  std::vector<Line> lines_;
};

std::string what(const Ending& ending) {
  switch (ending.end) {
    case CallEnd::kOwner:
      return ending.node.str();
    case CallEnd::kGap:
      return "no entry";
    case CallEnd::kCircle:
    case CallEnd::kTooManyHops:
      break;
    case CallEnd::kUnreachable:
      return absl::StrCat(ending.node.str(), " is unreachable");
    case CallEnd::kUnknownNode:
      return absl::StrCat(ending.node.str(), " is unknown");
  }
  return absl::StrCat(call_end_name(ending.end), ": ",
                      join(ending.path, " -> "));
}

std::string hops(const Ending& ending) {
  const auto [least, most] = std::minmax_element(
      ending.from.begin(), ending.from.end(),
      [](const auto& a, const auto& b) { return a.hops < b.hops; });
  if (least->hops == most->hops) return absl::StrCat(least->hops);
  return absl::StrCat(least->hops, "-", most->hops);
}

void add_lines(const CheckReport& report, const Interval& interval,
               Lines& lines) {
  std::string range = internal::table::shorten(interval.range);
  for (const Ending& ending : *interval.endings) {
    std::string from;
    if (ending.from.size() < report.nodes.size()) {
      std::vector<NodeName> nodes;
      for (const auto& it : ending.from) nodes.push_back(report.nodes[it.node]);
      from = a_few(nodes);
    } else {
      from = "all";
    }
    lines.add({std::exchange(range, ""), what(ending), hops(ending), from});
  }
}

// Those with problems first where not all fit.
std::vector<const Interval*> in_order(const std::vector<Interval>& intervals,
                                      std::size_t max_lines) {
  std::vector<const Interval*> order;
  order.reserve(intervals.size());
  for (const Interval& it : intervals) order.push_back(&it);
  if (order.size() > max_lines) {
    std::stable_partition(order.begin(), order.end(),
                          [](const Interval* it) { return !it->ok(); });
  }
  return order;
}

std::string notes(const CheckReport& report) {
  std::string text;
  if (!report.unreachable.empty()) {
    absl::StrAppend(&text, "unreachable: ", a_few(report.unreachable), "\n");
  }
  if (!report.unknown.empty()) {
    absl::StrAppend(
        &text, "named by a table, but unknown: ", a_few(report.unknown), "\n");
  }
  if (report.least_version != report.most_version) {
    absl::StrAppend(&text, "the tables have versions ", report.least_version,
                    " to ", report.most_version, "\n");
  }
  if (report.mixed) {
    absl::StrAppend(&text,
                    "the tables cut names in different ways, by ranges or by "
                    "slots: each line is of names that all treat alike\n");
  }
  const auto detours =
      std::count_if(report.intervals.begin(), report.intervals.end(),
                    [](const auto& it) { return it.ok() && it.disagree; });
  if (detours > 0) {
    absl::StrAppend(&text, "the tables name different nodes for ",
                    count(static_cast<std::size_t>(detours), "range", "ranges"),
                    ", but all calls arrive\n");
  }
  return text;
}

std::string moves(const CheckReport& report, std::size_t max_lines) {
  if (report.moves.empty()) return "";
  Lines lines;
  lines.add({"MOVES", "FROM", "TO", ""});
  for (const CheckReport::Move& move : report.moves) {
    if (max_lines-- == 0) break;
    lines.add({internal::table::shorten(move.range),
               move.from.empty() ? "nobody" : a_few(move.from),
               move.to.has_value() ? move.to->str() : "nobody", ""});
  }
  return lines.str();
}

}  // namespace

const char* call_end_name(CallEnd end) {
  switch (end) {
    case CallEnd::kOwner:
      return "owner";
    case CallEnd::kGap:
      return "gap";
    case CallEnd::kCircle:
      return "circle";
    case CallEnd::kTooManyHops:
      return "too many hops";
    case CallEnd::kUnreachable:
      return "unreachable";
    case CallEnd::kUnknownNode:
      return "unknown node";
  }
  return "";
}

std::string CheckReport::verdict() const {
  const auto bad = static_cast<std::size_t>(
      std::count_if(intervals.begin(), intervals.end(),
                    [](const Interval& it) { return !it.ok(); }));
  const auto gaps = static_cast<std::size_t>(
      std::count_if(intervals.begin(), intervals.end(),
                    [](const Interval& it) { return it.gap(); }));
  const std::string whose =
      nodes.size() == 1
          ? absl::StrCat("The table of ", nodes[0].str())
          : absl::StrCat("The tables of ", nodes.size(), " nodes");
  const char* const verb = nodes.size() == 1 ? "holds" : "hold";
  if (bad == 0) {
    return absl::StrCat(
        whose, " ", verb,
        " together: ", count(intervals.size() - gaps, "range", "ranges"),
        ", each with one owner, ", count(gaps, "gap", "gaps"), ".");
  }
  return absl::StrCat(whose, " ", nodes.size() == 1 ? "does" : "do",
                      " not hold together: of ",
                      count(intervals.size(), "range", "ranges"), " ",
                      problems(intervals), ".");
}

std::string CheckReport::str(std::size_t max_lines) const {
  std::string text = absl::StrCat(verdict(), "\n", notes(*this), "\n");
  Lines lines;
  lines.add({slots == 0 ? "RANGE" : "SLOTS", "ENDS AT", "HOPS", "CALLED FROM"});
  std::size_t shown = 0;
  for (const Interval* interval : in_order(intervals, max_lines)) {
    if (shown == max_lines) break;
    add_lines(*this, *interval, lines);
    ++shown;
  }
  text += lines.str();
  if (shown < intervals.size()) {
    absl::StrAppend(&text, "... ", intervals.size() - shown, " more\n");
  }
  if (!moves.empty()) {
    absl::StrAppend(&text, "\n", kv::moves(*this, max_lines));
    if (moves.size() > max_lines) {
      absl::StrAppend(&text, "... ", moves.size() - max_lines, " more\n");
    }
  }
  if (!refused_by.empty()) {
    absl::StrAppend(&text, "\nrefused, as older than the present table, by: ",
                    a_few(refused_by), "\n");
  }
  return text;
}

}  // namespace kv
