#include "rpc/allowed_peers.h"

#include <arpa/inet.h>

#include <algorithm>
#include <array>
#include <cstddef>
#include <optional>

#include "absl/strings/ascii.h"
#include "absl/strings/str_cat.h"
#include "base/strings.h"

namespace kv::internal {
namespace {

constexpr std::size_t kMaxPatternBytes = 2048;
constexpr std::string_view kAnyLabel = "*.";

// As inet_ntop prints it: an IPv6 address has many texts.
std::optional<std::string> canonical_ip(const std::string& text) {
  if (text.find('\0') != std::string::npos) return std::nullopt;
  for (const int family : {AF_INET, AF_INET6}) {
    std::array<unsigned char, sizeof(in6_addr)> address{};
    std::array<char, INET6_ADDRSTRLEN> printed{};
    if (inet_pton(family, text.c_str(), address.data()) != 1) continue;
    return inet_ntop(family, address.data(), printed.data(), printed.size());
  }
  return std::nullopt;
}

// DNS names are the same in either case, and with a dot at the end.
std::string canonical_dns(std::string_view name) {
  if (!name.empty() && name.back() == '.') name.remove_suffix(1);
  return absl::AsciiStrToLower(to_absl(name));
}

bool is_dns_name(std::string_view name) {
  std::size_t label = 0;  // its length so far
  for (const char c : name) {
    if (c == '.') {
      if (label == 0) return false;
      label = 0;
    } else if (absl::ascii_isalnum(static_cast<unsigned char>(c)) || c == '-' ||
               c == '_') {
      ++label;
    } else {
      return false;
    }
  }
  return label != 0;
}

bool matches(std::string_view pattern, std::string_view name) {
  if (pattern.substr(0, kAnyLabel.size()) != kAnyLabel) return pattern == name;
  const std::size_t dot = name.find('.');
  return dot != std::string_view::npos && dot != 0 &&
         name.substr(dot) == pattern.substr(1);
}

}  // namespace

absl::StatusOr<AllowedPeers> AllowedPeers::parse(
    const std::vector<std::string>& patterns) {
  AllowedPeers allowed;
  for (const std::string& pattern : patterns) {
    std::optional<std::string> ip;
    const std::string dns = canonical_dns(pattern);
    std::string_view rest = dns;
    if (rest.substr(0, kAnyLabel.size()) == kAnyLabel) {
      rest.remove_prefix(kAnyLabel.size());
    }
    if (pattern.size() <= kMaxPatternBytes &&
        pattern.find("://") != std::string::npos) {
      allowed.uri_.push_back(pattern);
    } else if ((ip = canonical_ip(pattern)).has_value()) {
      allowed.ip_.push_back(*std::move(ip));
    } else if (dns.size() <= kMaxPatternBytes && is_dns_name(rest)) {
      allowed.dns_.push_back(dns);
    } else {
      return absl::InvalidArgumentError(absl::StrCat(
          "NodeOptions::allowed_peers has ", quoted(pattern),
          ", neither a DNS name, where a first label of * stands for any, nor "
          "an IP address, nor a URI"));
    }
  }
  return allowed;
}

bool AllowedPeers::empty() const {
  return dns_.empty() && ip_.empty() && uri_.empty();
}

bool AllowedPeers::allow_dns(std::string_view name) const {
  const std::string canonical = canonical_dns(name);
  // A certificate for *.example.org names nobody.
  if (!is_dns_name(canonical)) return false;
  return std::any_of(dns_.begin(), dns_.end(), [&](const std::string& pattern) {
    return matches(pattern, canonical);
  });
}

bool AllowedPeers::allow_ip(std::string_view address) const {
  const auto canonical = canonical_ip(std::string(address));
  return canonical.has_value() &&
         std::count(ip_.begin(), ip_.end(), *canonical) > 0;
}

bool AllowedPeers::allow_uri(std::string_view uri) const {
  return std::count(uri_.begin(), uri_.end(), uri) > 0;
}

}  // namespace kv::internal
