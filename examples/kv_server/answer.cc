#include "kv_server/answer.h"

#include <kv/outcome.h>

#include "kv_server/one_line.h"

namespace kv_server {

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

}  // namespace kv_server
