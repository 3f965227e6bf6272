// The bytes of a cookie file, and of cookies that peers present.
#include <sys/mman.h>
#include <sys/stat.h>
#include <unistd.h>

#include <cstddef>
#include <cstdint>
#include <string>

#include "base/cookie.h"
#include "fuzz/check.h"

namespace {

using kv::internal::parse_cookie_file;
using kv::internal::read_cookie_file;
using kv::internal::same_cookie;

// All but one line break at the end.
std::string without_line_break(const std::string& bytes) {
  for (const std::string end : {"\r\n", "\n"}) {
    if (bytes.size() >= end.size() &&
        bytes.compare(bytes.size() - end.size(), end.size(), end) == 0) {
      return bytes.substr(0, bytes.size() - end.size());
    }
  }
  return bytes;
}

// As long, with other bytes.
std::string with_others(std::string bytes) {
  for (char& c : bytes) {
    if (c != '\r' && c != '\n') c = c == '#' ? '-' : '#';
  }
  return bytes;
}

// A file that holds `bytes`, and is gone with this.
class File {
 public:
  explicit File(const std::string& bytes) : fd_(memfd_create("cookie", 0)) {
    check(fd_ >= 0 && fchmod(fd_, 0600) == 0);
    check(write(fd_, bytes.data(), bytes.size()) ==
          static_cast<ssize_t>(bytes.size()));
  }
  ~File() { close(fd_); }
  File(const File&) = delete;
  File& operator=(const File&) = delete;
  std::string path() const { return "/proc/self/fd/" + std::to_string(fd_); }

 private:
  const int fd_;
};

}  // namespace

extern "C" int LLVMFuzzerTestOneInput(const std::uint8_t* data,
                                      std::size_t size) {
  const std::string bytes = as_string(data, size);
  const std::string expected = without_line_break(bytes);
  const bool good =
      !expected.empty() && expected.size() <= kv::internal::kMaxCookieBytes;
  const auto parsed = parse_cookie_file(bytes);
  check(parsed.ok() == good);
  if (good) check(*parsed == expected);
  if (!good) check(absl::IsInvalidArgument(parsed.status()));

  const auto read = read_cookie_file(File(bytes).path());
  check(read.ok() == good);
  if (good) check(*read == expected);
  // An error tells nothing of what stands in the file.
  if (!good) {
    const auto others = read_cookie_file(File(with_others(bytes)).path());
    check(others.status() == read.status());
  }

  if (size == 0) return 0;
  const std::size_t half = 1 + data[0] % size;
  const std::string secret = bytes.substr(0, half);
  const std::string presented = bytes.substr(half);
  check(same_cookie(secret, secret));
  check(same_cookie(secret, presented) == (secret == presented));
  check(!same_cookie(secret, secret + presented.substr(0, 1)) ||
        presented.empty());
  std::string changed = secret;
  changed[data[0] % changed.size()] ^= 1;
  check(!same_cookie(secret, changed));
  return 0;
}
