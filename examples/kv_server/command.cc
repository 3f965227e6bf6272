#include "kv_server/command.h"

#include <array>
#include <cstddef>

#include "kv_server/words.h"

namespace kv_server {
namespace {

using Kind = Command::Kind;

// How many words a line of this kind has.
std::size_t words_of(Kind kind) {
  switch (kind) {
    case Kind::kCreate:
      return 2;
    case Kind::kGet:
    case Kind::kDelete:
      return 3;
    case Kind::kPut:
      return 4;
  }
  return 0;
}

constexpr std::size_t kMostWords = 4;

}  // namespace

std::optional<Command> parse_command(std::string_view line) {
  std::array<std::string_view, kMostWords> words;
  std::size_t count = 0;
  WordReader reader(line);
  while (const auto word = reader.next()) {
    if (count == kMostWords) return std::nullopt;
    words[count++] = *word;
  }
  for (const Kind kind :
       {Kind::kCreate, Kind::kGet, Kind::kPut, Kind::kDelete}) {
    if (count == words_of(kind) && words[0] == command_name(kind)) {
      return Command{kind, words[1], words[2], words[3]};
    }
  }
  return std::nullopt;
}

const char* command_name(Command::Kind kind) {
  switch (kind) {
    case Kind::kCreate:
      return "CREATE";
    case Kind::kGet:
      return "GET";
    case Kind::kPut:
      return "PUT";
    case Kind::kDelete:
      return "DELETE";
  }
  return "";
}

}  // namespace kv_server
