#include "rpc/doorkeeper.h"

#include <grpc/grpc_security_constants.h>

#include <memory>
#include <string_view>
#include <utility>

#include "absl/strings/str_cat.h"
#include "base/cookie.h"

namespace kv::internal {
namespace {

std::string_view view(const grpc::string_ref& text) {
  return {text.data(), text.size()};
}

}  // namespace

Doorkeeper::Doorkeeper(std::string cookie, AllowedPeers allowed,
                       std::shared_ptr<Log> log)
    : cookie_(std::move(cookie)),
      allowed_(std::move(allowed)),
      log_(std::move(log)) {}

absl::Status Doorkeeper::check(const grpc::ServerContextBase& context) const {
  absl::Status status = check_all(context);
  if (!status.ok() && log_ != nullptr &&
      log_->due(Log::Often::kRefusedCaller)) {
    log_->write_due(Log::Often::kRefusedCaller, LogSeverity::kWarning,
                    absl::StrCat("refused a call from ", context.peer(), ": ",
                                 status.message()));
  }
  return status;
}

absl::Status Doorkeeper::check_all(
    const grpc::ServerContextBase& context) const {
  if (!allowed_.empty()) {
    absl::Status status = check_name(context);
    if (!status.ok()) return status;
  }
  return cookie_.empty() ? absl::OkStatus() : check_cookie(context);
}

absl::Status Doorkeeper::check_cookie(
    const grpc::ServerContextBase& context) const {
  const auto& metadata = context.client_metadata();
  const auto [first, end] = metadata.equal_range(kCookieKey);
  if (first == end) {
    return absl::UnauthenticatedError(
        "the caller has sent no cookie, and this node wants one");
  }
  if (std::next(first) == end && same_cookie(cookie_, view(first->second))) {
    return absl::OkStatus();
  }
  return absl::UnauthenticatedError(
      "the caller's cookie is not the one of this node");
}

absl::Status Doorkeeper::check_name(
    const grpc::ServerContextBase& context) const {
  const std::shared_ptr<const grpc::AuthContext> caller =
      context.auth_context();
  const struct {
    const char* property;
    bool (AllowedPeers::*allow)(std::string_view) const;
  } kinds[] = {{GRPC_PEER_DNS_PROPERTY_NAME, &AllowedPeers::allow_dns},
               {GRPC_PEER_URI_PROPERTY_NAME, &AllowedPeers::allow_uri},
               {GRPC_PEER_IP_PROPERTY_NAME, &AllowedPeers::allow_ip}};
  for (const auto& kind : kinds) {
    for (const grpc::string_ref& name :
         caller->FindPropertyValues(kind.property)) {
      if ((allowed_.*kind.allow)(view(name))) return absl::OkStatus();
    }
  }
  return absl::PermissionDeniedError(
      "no name in the caller's certificate is among the allowed_peers of this "
      "node");
}

}  // namespace kv::internal
