#include "kvctl/output.h"

#include <kv/outcome.h>

#include <algorithm>

namespace kvctl {

std::size_t width(std::string_view text) {
  return static_cast<std::size_t>(
      std::count_if(text.begin(), text.end(), [](char byte) {
        return (static_cast<unsigned char>(byte) & 0xc0U) != 0x80U;
      }));
}

std::string Columns::str(bool colour) const {
  std::vector<std::size_t> widths(rows_.front().size());
  for (const auto& row : rows_) {
    for (std::size_t i = 0; i < row.size(); ++i) {
      widths[i] = std::max(widths[i], width(row[i]));
    }
  }
  std::string text;
  for (const auto& row : rows_) {
    std::string line;
    for (std::size_t i = 0; i < row.size(); ++i) {
      line += row[i];
      if (i + 1 < row.size()) {
        line.append(widths[i] - width(row[i]) + 2, ' ');
      }
    }
    line.resize(line.find_last_not_of(' ') + 1);
    const bool title = &row == &rows_.front();
    text += title && colour ? "\x1b[1m" + line + "\x1b[0m\n" : line + "\n";
  }
  return text;
}

void Output::line(const Json& json, const std::string& text) {
  out_ << (options_.json ? json.dump() : text) << "\n";
}

void Output::columns(const Json& json, const Columns& columns) {
  if (options_.json) {
    out_ << json.dump() << "\n";
  } else {
    out_ << columns.str(options_.colour);
  }
}

void Output::more_columns(const Columns& columns) {
  if (!options_.json) out_ << "\n" << columns.str(options_.colour);
}

void Output::bytes(const Json& json, std::string_view bytes) {
  if (options_.raw) {
    out_ << bytes;
  } else {
    line(json, escape(bytes));
  }
}

void Output::text(std::string_view text) {
  if (!options_.json) out_ << text;
}

std::string Output::red(const std::string& text) const {
  return options_.colour ? "\x1b[31m" + text + "\x1b[0m" : text;
}

void Output::failed(const Ending& ending) {
  if (ending.error.empty()) return;
  if (options_.json) {
    Json json = {{"error", to_json(std::string_view(ending.error))}};
    if (!ending.status.ok()) {
      json["code"] = absl::StatusCodeToString(ending.status.code());
      json["outcome"] = kv::outcome_name(kv::outcome(ending.status));
    }
    if (!ending.hint.empty()) json["hint"] = ending.hint;
    err_ << json.dump() << "\n";
    return;
  }
  err_ << red("kvctl: ") << ending.error << "\n";
  if (!ending.hint.empty()) err_ << "hint: " << ending.hint << "\n";
}

}  // namespace kvctl
