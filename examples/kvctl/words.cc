#include "kvctl/words.h"

#include <optional>
#include <utility>

#include "kvctl/bytes.h"

namespace kvctl {

absl::StatusOr<std::vector<std::string>> split_words(std::string_view line) {
  std::vector<std::string> words;
  std::optional<std::string> word;
  char quote = 0;
  for (std::size_t i = 0; i < line.size(); ++i) {
    const char c = line[i];
    if (quote == 0 && (c == ' ' || c == '\t')) {
      if (word.has_value()) words.push_back(*std::exchange(word, {}));
      continue;
    }
    if (quote == 0 && c == '#' && !word.has_value()) break;
    if (!word.has_value()) word.emplace();
    if (c == quote) {
      quote = 0;
    } else if (quote == 0 && (c == '"' || c == '\'')) {
      quote = c;
    } else if (c == '\\' && quote == '\'') {
      *word += "\\\\";
    } else if (c == '\\' && i + 1 < line.size()) {
      const char next = line[++i];
      if (next != '"' && next != '\'') *word += c;
      *word += next;
    } else {
      *word += c;
    }
  }
  if (quote != 0) {
    return absl::InvalidArgumentError(std::string("a ") + quote +
                                      " without its other");
  }
  if (word.has_value()) words.push_back(*std::move(word));
  return words;
}

std::string as_word(std::string_view bytes) {
  std::string word;
  for (const char c : escape(bytes)) {
    if (c == ' ' || c == '"' || c == '\'' || c == '#') word += '\\';
    word += c;
  }
  if (word.empty()) return "\"\"";
  return word == "-" ? "\\x2d" : word;
}

}  // namespace kvctl
