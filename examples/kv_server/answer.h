// What the guide's KVServer answers, and one line for what it leaves open.
#ifndef KV_SERVER_ANSWER_H_
#define KV_SERVER_ANSWER_H_

#include <kv/bucket_ref.h>
#include <kv/ops.h>

#include <optional>
#include <string>
#include <string_view>

#include "absl/status/status.h"
#include "absl/status/statusor.h"

namespace kv_server {

inline constexpr std::string_view kOk = "OK\r\n";
inline constexpr std::string_view kUnknownCommand = "UNKNOWN COMMAND\r\n";

// `NOT FOUND` where the owner has no such bucket, else `ERROR ` and the cause.
// REQUIRES: !failure.ok()
std::string answer_to_failure(const absl::Status& failure);

// Where the owner has no room for one more, `FAILED TO CREATE BUCKET`.
std::string answer_to(const kv::Create::Result& created);
std::string answer_to(const kv::Put::Result& put);
// The value as it is in a line of its own, an empty one if there is none; `OK`.
// Of a DELETE, just `OK`.
std::string answer_to_get(const kv::Get::Result& value);
std::string answer_to_delete(const kv::Delete::Result& value);
std::string answer_to_get(const std::optional<std::string>& value);

// `ERROR ` and the cause as one_line().
std::string error_answer(std::string_view cause);

// `text` as one line of printable ASCII, other bytes as \xHH; cut if it is
// long.
std::string one_line(std::string_view text);

}  // namespace kv_server

#endif  // KV_SERVER_ANSWER_H_
