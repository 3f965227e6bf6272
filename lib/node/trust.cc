#include "node/trust.h"

#include <utility>

#include "absl/strings/str_cat.h"
#include "base/cookie.h"

namespace kv::internal {
namespace {

absl::StatusOr<std::string> cookie_of(const NodeOptions& options) {
  if (!options.cookie_file.empty()) {
    if (options.cookie.empty()) return read_cookie_file(options.cookie_file);
    return absl::InvalidArgumentError(
        "NodeOptions::cookie and NodeOptions::cookie_file are both set");
  }
  if (options.cookie.empty()) return options.cookie;
  absl::Status status = check_cookie(options.cookie);
  if (status.ok()) return options.cookie;
  return absl::Status(status.code(),
                      absl::StrCat("NodeOptions::cookie: ", status.message()));
}

}  // namespace

absl::StatusOr<Trust> Trust::of(const NodeOptions& options) {
  Trust trust;
  if (options.tls.has_value()) {
    auto credentials = Credentials::of(*options.tls);
    if (!credentials.ok()) return std::move(credentials).status();
    trust.credentials = *std::move(credentials);
  }
  auto cookie = cookie_of(options);
  if (!cookie.ok()) return std::move(cookie).status();
  trust.cookie = *std::move(cookie);
  auto allowed = AllowedPeers::parse(options.allowed_peers);
  if (!allowed.ok()) return std::move(allowed).status();
  trust.allowed_peers = *std::move(allowed);
  if (!trust.allowed_peers.empty() &&
      !(options.tls.has_value() && options.tls->require_client_certificate)) {
    return absl::InvalidArgumentError(
        "NodeOptions::allowed_peers needs NodeOptions::tls, with certificates "
        "required of clients: nothing else says who calls");
  }
  return trust;
}

}  // namespace kv::internal
