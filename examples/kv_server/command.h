// The commands of the guide's KVServer.
#ifndef KV_SERVER_COMMAND_H_
#define KV_SERVER_COMMAND_H_

#include <optional>
#include <string_view>

namespace kv_server {

// Borrows its text from the line that it was read from.
struct Command {
  enum class Kind { kCreate, kGet, kPut, kDelete };

  Kind kind = Kind::kCreate;
  std::string_view bucket = {};
  std::string_view key = {};    // not of CREATE
  std::string_view value = {};  // of PUT alone
};

// `CREATE bucket`, `GET bucket key`, `PUT bucket key value` or `DELETE bucket
// key`, in capitals, with white space of any kind between and around the words.
// nullopt: the line is none of these.
std::optional<Command> parse_command(std::string_view line);

// As in the line: "CREATE".
const char* command_name(Command::Kind kind);

}  // namespace kv_server

#endif  // KV_SERVER_COMMAND_H_
