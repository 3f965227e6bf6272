// The cookie: a secret that the nodes of a cluster share. Its bytes appear in
// no status and no log.
#ifndef KV_BASE_COOKIE_H_
#define KV_BASE_COOKIE_H_

#include <cstddef>
#include <string>
#include <string_view>

#include "absl/status/statusor.h"

namespace kv::internal {

inline constexpr std::size_t kMaxCookieBytes = 1024;

// kInvalidArgument: empty, or over the limit.
absl::Status check_cookie(std::string_view cookie);

// The cookie that a file with these bytes holds: all but one line break at the
// end. Errors as above.
absl::StatusOr<std::string> parse_cookie_file(std::string_view bytes);

// All errors name `path`. kNotFound: there is no such file;
// kFailedPrecondition: it is no regular file, belongs to another user, or
// others than its owner have any right to it; and as above.
absl::StatusOr<std::string> read_cookie_file(const std::string& path);

// Takes as long whatever the bytes are, so that `secret` can't be
// found out one by one. REQUIRES: `secret` is not empty.
bool same_cookie(std::string_view secret, std::string_view presented);

}  // namespace kv::internal

#endif  // KV_BASE_COOKIE_H_
