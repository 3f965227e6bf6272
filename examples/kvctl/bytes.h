// Bytes of any kind as text: on a command line, for people, in JSON.
#ifndef KVCTL_BYTES_H_
#define KVCTL_BYTES_H_

#include <nlohmann/json.hpp>
#include <optional>
#include <string>
#include <string_view>

#include "absl/status/statusor.h"

namespace kvctl {

using Json = nlohmann::ordered_json;

// What an argument means: a backslash begins an escape, \xHH, \n, \r, \t, \\,
// and, as in a table, `\.`, `\#` and `\ `; all else stands for itself.
// kInvalidArgument names the escape that is none.
absl::StatusOr<std::string> unescape(std::string_view text);

// The other way round: unescape(escape(bytes)) == bytes. Printable text, UTF-8
// too, stays as it is, but for the backslash; control characters and bytes that
// are no UTF-8 become escapes. One line.
std::string escape(std::string_view bytes);

// A JSON string where `bytes` are UTF-8, else {"base64": "..."}.
Json to_json(std::string_view bytes);
// null for nullopt.
Json to_json(const std::optional<std::string>& bytes);

bool is_utf8(std::string_view bytes);
std::string base64(std::string_view bytes);

}  // namespace kvctl

#endif  // KVCTL_BYTES_H_
