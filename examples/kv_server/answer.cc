#include "kv_server/answer.h"

#include <kv/outcome.h>

#include <cstddef>

namespace kv_server {
namespace {

constexpr std::size_t kMostCauseBytes = 4096;

}  // namespace

std::string answer_to_failure(const absl::Status& failure) {
  if (absl::IsNotFound(failure) && kv::outcome(failure) == kv::Outcome::kRan) {
    return "NOT FOUND\r\n";
  }
  return error_answer({failure.message().data(), failure.message().size()});
}

std::string answer_to(const kv::Create::Result& created) {
  if (created.ok()) return std::string(kOk);
  if (absl::IsResourceExhausted(created.status())) {
    return "FAILED TO CREATE BUCKET\r\n";
  }
  return answer_to_failure(created.status());
}

std::string answer_to(const kv::Put::Result& put) {
  return put.ok() ? std::string(kOk) : answer_to_failure(put);
}

std::string answer_to_get(const kv::Get::Result& value) {
  return value.ok() ? answer_to_get(*value) : answer_to_failure(value.status());
}

std::string answer_to_get(const std::optional<std::string>& value) {
  std::string answer = value.value_or("");
  answer += "\r\n";
  answer += kOk;
  return answer;
}

std::string answer_to_delete(const kv::Delete::Result& value) {
  return value.ok() ? std::string(kOk) : answer_to_failure(value.status());
}

std::string error_answer(std::string_view cause) {
  return "ERROR " + one_line(cause) + "\r\n";
}

std::string one_line(std::string_view text) {
  static constexpr char kHex[] = "0123456789abcdef";
  std::string line;
  for (const char each : text.substr(0, kMostCauseBytes)) {
    const auto byte = static_cast<unsigned char>(each);
    if (byte >= 0x20 && byte < 0x7f) {
      line += each;
    } else {
      line += {'\\', 'x', kHex[byte >> 4], kHex[byte & 15]};
    }
  }
  if (text.size() > kMostCauseBytes) line += "...";
  return line;
}

}  // namespace kv_server
