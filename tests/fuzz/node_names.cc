// Node names, against a second reader.
#include <arpa/inet.h>

#include <cstddef>
#include <cstdint>
#include <optional>
#include <string>
#include <string_view>

#include "fuzz/check.h"
#include "kv/node_name.h"

namespace {

struct Parts {
  std::string short_name;
  std::string host;
  int port = 0;
};

bool all_of(const std::string& text, std::string_view others) {
  for (const char c : text) {
    const bool alnum = (c >= '0' && c <= '9') || (c >= 'a' && c <= 'z') ||
                       (c >= 'A' && c <= 'Z');
    if (!alnum && others.find(c) == std::string_view::npos) return false;
  }
  return true;
}

bool is_ipv6(const std::string& text) {
  in6_addr address;
  return text.find('\0') == std::string::npos &&
         inet_pton(AF_INET6, text.c_str(), &address) == 1;
}

// As the comment of kv::NodeName says.
std::optional<Parts> read(const std::string& text) {
  const std::size_t at = text.find('@');
  const std::size_t colon = text.rfind(':');
  if (at == std::string::npos || colon == std::string::npos || colon < at) {
    return std::nullopt;
  }
  Parts parts;
  parts.short_name = text.substr(0, at);
  parts.host = text.substr(at + 1, colon - at - 1);
  const std::string port = text.substr(colon + 1);
  if (parts.short_name.empty() || parts.short_name.size() > 64 ||
      !all_of(parts.short_name, "_-.")) {
    return std::nullopt;
  }
  if (parts.host.size() > 2 && parts.host.front() == '[' &&
      parts.host.back() == ']') {
    parts.host = parts.host.substr(1, parts.host.size() - 2);
    if (!is_ipv6(parts.host)) return std::nullopt;
  } else if (parts.host.empty() || parts.host.size() > 253 ||
             !all_of(parts.host, "-.")) {
    return std::nullopt;
  }
  if (port.empty() || port.size() > 5 ||
      port.find_first_not_of("0123456789") != std::string::npos ||
      (port.size() > 1 && port.front() == '0')) {
    return std::nullopt;
  }
  parts.port = std::stoi(port);
  if (parts.port > 65535) return std::nullopt;
  return parts;
}

}  // namespace

extern "C" int LLVMFuzzerTestOneInput(const std::uint8_t* data,
                                      std::size_t size) {
  const std::string text = as_string(data, size);
  const auto name = kv::NodeName::parse(text);
  const std::optional<Parts> parts = read(text);
  check(name.ok() == parts.has_value());
  if (!name.ok()) {
    check(absl::IsInvalidArgument(name.status()));
    for (const char c : std::string(name.status().message())) {
      check(c >= ' ' && c <= '~');
    }
    return 0;
  }
  check(name->str() == text && *name == text && !name->empty());
  check(name->short_name() == parts->short_name);
  check(name->host() == parts->host);
  check(name->port() == parts->port);
  check(std::string(name->short_name()) + "@" + std::string(name->address()) ==
        text);
  const kv::NodeName moved = name->with_port(4001);
  check(moved.port() == 4001 && moved.host() == name->host());
  check(moved.with_port(name->port()) == *name);
  check(*kv::NodeName::parse(moved.str()) == moved);
  return 0;
}
