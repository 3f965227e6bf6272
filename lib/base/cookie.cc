#include "base/cookie.h"

#include <fcntl.h>
#include <sys/stat.h>
#include <unistd.h>

#include <array>
#include <cerrno>
#include <system_error>

#include "absl/cleanup/cleanup.h"
#include "absl/strings/str_cat.h"
#include "base/strings.h"

namespace kv::internal {
namespace {

absl::Status failure(absl::StatusCode code, const std::string& path,
                     absl::string_view cause) {
  return absl::Status(
      code, absl::StrCat("cookie file ", quoted(path, 256), " ", cause));
}

absl::Status check_rights(const std::string& path, const struct stat& file) {
  const auto code = absl::StatusCode::kFailedPrecondition;
  if (!S_ISREG(file.st_mode)) {
    return failure(code, path, "is not a regular file");
  }
  if (file.st_uid != geteuid()) {
    return failure(code, path,
                   absl::StrCat("belongs to user ", file.st_uid,
                                ", and this process to user ", geteuid()));
  }
  constexpr mode_t kOthers = S_IRWXG | S_IRWXO;
  if ((file.st_mode & kOthers) != 0) {
    return failure(code, path,
                   absl::StrCat("is open to others than its owner: its mode is "
                                "0",
                                file.st_mode >> 6 & 7, file.st_mode >> 3 & 7,
                                file.st_mode & 7, ", chmod 0600 mends that"));
  }
  return absl::OkStatus();
}

}  // namespace

absl::Status check_cookie(std::string_view cookie) {
  if (cookie.empty()) return absl::InvalidArgumentError("the cookie is empty");
  if (cookie.size() <= kMaxCookieBytes) return absl::OkStatus();
  return absl::InvalidArgumentError(
      absl::StrCat("the cookie of ", cookie.size(),
                   " bytes is over the limit of ", kMaxCookieBytes));
}

absl::StatusOr<std::string> parse_cookie_file(std::string_view bytes) {
  if (!bytes.empty() && bytes.back() == '\n') {
    bytes.remove_suffix(1);
    if (!bytes.empty() && bytes.back() == '\r') bytes.remove_suffix(1);
  }
  absl::Status status = check_cookie(bytes);
  if (!status.ok()) return status;
  return std::string(bytes);
}

absl::StatusOr<std::string> read_cookie_file(const std::string& path) {
  // What is not a regular file must not hold the caller up.
  const int fd = open(path.c_str(), O_RDONLY | O_CLOEXEC | O_NONBLOCK);
  if (fd < 0) {
    const auto code = errno == ENOENT ? absl::StatusCode::kNotFound
                                      : absl::StatusCode::kFailedPrecondition;
    return failure(code, path,
                   absl::StrCat("can't be opened: ",
                                std::generic_category().message(errno)));
  }
  const auto closer = absl::MakeCleanup([fd] { close(fd); });
  struct stat file = {};
  if (fstat(fd, &file) != 0) {
    return failure(absl::StatusCode::kFailedPrecondition, path,
                   "can't be examined");
  }
  absl::Status status = check_rights(path, file);
  if (!status.ok()) return status;

  // Room for a line break, and for one byte that is too much.
  std::array<char, kMaxCookieBytes + 3> buffer{};
  std::size_t size = 0;
  while (size < buffer.size()) {
    const ssize_t count = read(fd, buffer.data() + size, buffer.size() - size);
    if (count < 0 && errno == EINTR) continue;
    if (count < 0) {
      return failure(absl::StatusCode::kFailedPrecondition, path,
                     "can't be read");
    }
    if (count == 0) break;
    size += static_cast<std::size_t>(count);
  }
  auto cookie = parse_cookie_file({buffer.data(), size});
  if (!cookie.ok()) {
    return failure(cookie.status().code(), path,
                   absl::StrCat("does not do: ", cookie.status().message()));
  }
  return cookie;
}

bool same_cookie(std::string_view secret, std::string_view presented) {
  unsigned char different = secret.size() == presented.size() ? 0 : 1;
  for (std::size_t i = 0; i < presented.size(); ++i) {
    different |= static_cast<unsigned char>(
        static_cast<unsigned char>(presented[i]) ^
        static_cast<unsigned char>(secret[i % secret.size()]));
  }
  return different == 0;
}

}  // namespace kv::internal
