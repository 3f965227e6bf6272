#include "rpc/credentials.h"

#include <grpcpp/generic/async_generic_service.h>
#include <grpcpp/security/tls_certificate_provider.h>
#include <grpcpp/security/tls_credentials_options.h>
#include <grpcpp/server_builder.h>

#include <cerrno>
#include <cstddef>
#include <cstdio>
#include <random>
#include <system_error>
#include <utility>

#include "absl/cleanup/cleanup.h"
#include "absl/strings/match.h"
#include "absl/strings/str_cat.h"
#include "base/strings.h"

namespace kv::internal {
namespace {

using grpc::experimental::CertificateProviderInterface;

constexpr std::size_t kMaxPemBytes = 1024 * 1024;
constexpr std::chrono::hours kLongest{24 * 20};  // int milliseconds

// A field of kv::Tls.
struct Field {
  const char* name;
  const std::string& value;
  const char* marker;  // what a PEM text of its kind contains
};

bool is_text(const std::string& value) {
  return absl::StrContains(value, "-----BEGIN");
}

absl::StatusOr<std::string> read_file(const Field& field) {
  std::FILE* const file = std::fopen(field.value.c_str(), "rbe");
  if (file == nullptr) {
    return absl::NotFoundError(absl::StrCat(
        "Tls::", field.name, ": ", quoted(field.value, 256),
        " can't be opened: ", std::generic_category().message(errno)));
  }
  const auto closer = absl::MakeCleanup([file] { std::fclose(file); });
  std::string text(kMaxPemBytes, '\0');
  text.resize(std::fread(text.data(), 1, text.size(), file));
  return text;
}

// The PEM text of a field, which it holds or names.
absl::StatusOr<std::string> pem_of(const Field& field) {
  if (field.value.empty()) {
    return absl::InvalidArgumentError(
        absl::StrCat("Tls::", field.name, " is empty"));
  }
  absl::StatusOr<std::string> text = field.value;
  if (!is_text(field.value)) text = read_file(field);
  if (!text.ok() || absl::StrContains(*text, field.marker)) return text;
  return absl::InvalidArgumentError(
      absl::StrCat("Tls::", field.name, " has no PEM with ", field.marker));
}

// gRPC looks at the certificates of a watched provider when a connection needs
// them, and then tells nobody. Those of an older kind are looked at when a
// server is to start, so one is started with them, out of everybody's reach.
absl::Status check_pem(const grpc::SslCredentialsOptions& pem) {
  grpc::SslServerCredentialsOptions options(
      GRPC_SSL_REQUEST_AND_REQUIRE_CLIENT_CERTIFICATE_AND_VERIFY);
  options.pem_root_certs = pem.pem_root_certs;
  options.pem_key_cert_pairs = {{pem.pem_private_key, pem.pem_cert_chain}};
  std::random_device random;
  grpc::CallbackGenericService nothing;
  grpc::ServerBuilder builder;
  builder.RegisterCallbackGenericService(&nothing);
  builder.AddListeningPort(
      absl::StrCat("unix-abstract:kvroute-", random(), "-", random()),
      grpc::SslServerCredentials(options));
  const std::unique_ptr<grpc::Server> server = builder.BuildAndStart();
  if (server != nullptr) return absl::OkStatus();
  return absl::InvalidArgumentError(
      "Tls: ca, certificate and key can't be used: one is no proper PEM, or "
      "the "
      "key belongs to another certificate");
}

absl::Status check_time(const char* name, std::chrono::seconds time) {
  if (time >= std::chrono::seconds(1) && time <= kLongest) {
    return absl::OkStatus();
  }
  return absl::InvalidArgumentError(absl::StrCat(
      "Tls::", name, " is ", time.count(), " s, not from 1 s to 20 days"));
}

absl::Status check(const Tls& tls, const Field (&fields)[3],
                   grpc::SslCredentialsOptions& pem) {
  std::string* const texts[] = {&pem.pem_root_certs, &pem.pem_cert_chain,
                                &pem.pem_private_key};
  for (std::size_t i = 0; i < std::size(fields); ++i) {
    auto text = pem_of(fields[i]);
    if (!text.ok()) return std::move(text).status();
    if (is_text(fields[i].value) != is_text(fields[0].value)) {
      return absl::InvalidArgumentError(absl::StrCat(
          "Tls::", fields[i].name, " and Tls::", fields[0].name,
          ": one is a file and one is text, which can't be mixed"));
    }
    *texts[i] = *std::move(text);
  }
  absl::Status status = check_time("refresh", tls.refresh);
  if (status.ok()) {
    status = check_time("max_connection_age", tls.max_connection_age);
  }
  if (status.ok()) status = check_pem(pem);
  return status;
}

std::shared_ptr<CertificateProviderInterface> provider_of(
    const Tls& tls, grpc::SslCredentialsOptions pem) {
  if (is_text(tls.ca)) {
    return std::make_shared<grpc::experimental::StaticDataCertificateProvider>(
        pem.pem_root_certs,
        std::vector<grpc::experimental::IdentityKeyCertPair>{
            {std::move(pem.pem_private_key), std::move(pem.pem_cert_chain)}});
  }
  return std::make_shared<grpc::experimental::FileWatcherCertificateProvider>(
      tls.key, tls.certificate, tls.ca,
      static_cast<unsigned>(tls.refresh.count()));
}

}  // namespace

Credentials::Credentials()
    : server_(grpc::InsecureServerCredentials()),
      channel_(grpc::InsecureChannelCredentials()) {}

bool Credentials::is_text(const Tls& tls) { return internal::is_text(tls.ca); }

absl::StatusOr<Credentials> Credentials::of(const Tls& tls) {
  constexpr char kCertificate[] = "-----BEGIN CERTIFICATE-----";
  const Field fields[] = {{"ca", tls.ca, kCertificate},
                          {"certificate", tls.certificate, kCertificate},
                          {"key", tls.key, "PRIVATE KEY-----"}};
  grpc::SslCredentialsOptions pem;
  absl::Status status = check(tls, fields, pem);
  if (!status.ok()) return status;
  const auto provider = provider_of(tls, std::move(pem));

  grpc::experimental::TlsServerCredentialsOptions server(provider);
  server.watch_root_certs();
  server.watch_identity_key_cert_pairs();
  server.set_cert_request_type(
      tls.require_client_certificate
          ? GRPC_SSL_REQUEST_AND_REQUIRE_CLIENT_CERTIFICATE_AND_VERIFY
          : GRPC_SSL_DONT_REQUEST_CLIENT_CERTIFICATE);

  // By default it checks the host, too.
  grpc::experimental::TlsChannelCredentialsOptions channel;
  channel.set_certificate_provider(provider);
  channel.watch_root_certs();
  channel.watch_identity_key_cert_pairs();

  Credentials credentials;
  credentials.server_ = grpc::experimental::TlsServerCredentials(server);
  credentials.channel_ = grpc::experimental::TlsCredentials(channel);
  credentials.peer_name_ = tls.peer_name;
  credentials.max_connection_age_ = tls.max_connection_age;
  return credentials;
}

void Credentials::set_arguments(grpc::ChannelArguments& channel) const {
  if (!peer_name_.empty()) channel.SetSslTargetNameOverride(peer_name_);
}

}  // namespace kv::internal
