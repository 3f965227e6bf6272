#include "kv/node_name.h"

#include <arpa/inet.h>

#include <algorithm>
#include <cassert>
#include <charconv>

#include "absl/status/status.h"
#include "absl/strings/str_cat.h"
#include "base/strings.h"

namespace kv {
namespace {

constexpr std::size_t kMaxShortBytes = 64;
constexpr std::size_t kMaxHostBytes = 253;  // of a name in the DNS

// Not <cctype>: its answers depend on the locale.
bool is_alnum(char c) {
  return (c >= '0' && c <= '9') || (c >= 'a' && c <= 'z') ||
         (c >= 'A' && c <= 'Z');
}

// The checks below return what is wrong, "" if nothing is.

std::string check_short_name(std::string_view text) {
  if (text.empty()) return "nothing stands before the '@'";
  if (text.size() > kMaxShortBytes) {
    return absl::StrCat("its short name has ", text.size(),
                        " bytes, more than ", kMaxShortBytes);
  }
  for (char c : text) {
    if (!is_alnum(c) && c != '_' && c != '-' && c != '.') {
      return absl::StrCat(internal::quoted(std::string_view(&c, 1)),
                          " in its short name");
    }
  }
  return "";
}

std::string check_ipv6(std::string_view text) {
  in6_addr ignored;
  // inet_pton() stops at a NUL, so that what follows one would go unseen.
  if (text.find('\0') != text.npos ||
      inet_pton(AF_INET6, std::string(text).c_str(), &ignored) != 1) {
    return absl::StrCat(internal::quoted(text), " is no IPv6 address");
  }
  return "";
}

std::string check_host(std::string_view text) {
  if (text.empty()) return "missing host";
  if (text.front() == '[') {
    if (text.back() != ']') return "missing ']'";
    return check_ipv6(text.substr(1, text.size() - 2));
  }
  if (text.size() > kMaxHostBytes) {
    return absl::StrCat("its host has ", text.size(), " bytes, more than ",
                        kMaxHostBytes);
  }
  for (char c : text) {
    if (c == ':') return "an IPv6 address must stand in brackets";
    if (!is_alnum(c) && c != '-' && c != '.') {
      return absl::StrCat(internal::quoted(std::string_view(&c, 1)),
                          " in its host");
    }
  }
  return "";
}

std::string parse_port(std::string_view text, std::uint16_t& port) {
  if (text.empty()) return "missing port";
  const char* const end = text.data() + text.size();
  const auto [stop, error] = std::from_chars(text.data(), end, port);
  if (error != std::errc() || stop != end) {
    return absl::StrCat("port ", internal::quoted(text),
                        " is no number from 0 to 65535");
  }
  if (text.size() > 1 && text.front() == '0') return "port with a leading zero";
  return "";
}

absl::Status bad(std::string_view text, std::string_view cause) {
  return absl::InvalidArgumentError(absl::StrCat("bad node name ",
                                                 internal::quoted(text), ": ",
                                                 internal::to_absl(cause)));
}

}  // namespace

absl::StatusOr<NodeName> NodeName::parse(std::string_view text) {
  const std::size_t at = text.find('@');
  if (at == text.npos) return bad(text, "missing '@'");
  if (std::string wrong = check_short_name(text.substr(0, at));
      !wrong.empty()) {
    return bad(text, wrong);
  }

  // The last ':' that is not inside the brackets of an IPv6 address.
  const std::string_view address = text.substr(at + 1);
  const std::size_t colon = address.rfind(':');
  const std::size_t bracket = address.rfind(']');
  if (colon == address.npos || (bracket != address.npos && colon < bracket)) {
    return bad(text, "missing ':' and port");
  }
  if (std::string wrong = check_host(address.substr(0, colon));
      !wrong.empty()) {
    return bad(text, wrong);
  }

  NodeName name;
  if (std::string wrong = parse_port(address.substr(colon + 1), name.port_);
      !wrong.empty()) {
    return bad(text, wrong);
  }
  name.text_ = text;
  name.at_ = at;
  return name;
}

std::string_view NodeName::host() const {
  std::string_view host = address();
  host = host.substr(0, host.rfind(':'));
  if (!host.empty() && host.front() == '[') {
    host = host.substr(1, host.size() - 2);
  }
  return host;
}

NodeName NodeName::with_port(std::uint16_t port) const {
  assert(!empty() && "the nameless node has no address");
  NodeName name = *this;
  name.text_.resize(text_.rfind(':') + 1);
  absl::StrAppend(&name.text_, port);
  name.port_ = port;
  return name;
}

}  // namespace kv
