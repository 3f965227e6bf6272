// Credentials: how a node's connections are protected, made from kv::Tls.
#ifndef KV_RPC_CREDENTIALS_H_
#define KV_RPC_CREDENTIALS_H_

#include <grpcpp/security/credentials.h>
#include <grpcpp/security/server_credentials.h>
#include <grpcpp/support/channel_arguments.h>

#include <chrono>
#include <memory>
#include <optional>
#include <string>

#include "absl/status/statusor.h"
#include "kv/tls.h"

namespace kv::internal {

// A value. One set for a node: its files are watched by one thread, which ends
// with the last copy and the last connection.
class Credentials {
 public:
  // Plaintext.
  Credentials();
  // kInvalidArgument, which names the field: no PEM, a key that does not belong
  // to the certificate, files and texts mixed, a time that makes no sense.
  // kNotFound: a file can't be read.
  static absl::StatusOr<Credentials> of(const Tls& tls);
  // Whether `tls` holds PEM texts, not files.
  static bool is_text(const Tls& tls);

  const std::shared_ptr<grpc::ServerCredentials>& server() const {
    return server_;
  }
  const std::shared_ptr<grpc::ChannelCredentials>& channel() const {
    return channel_;
  }
  // What channels and servers must be told besides.
  void set_arguments(grpc::ChannelArguments& channel) const;
  // Nothing: forever.
  std::optional<std::chrono::milliseconds> max_connection_age() const {
    return max_connection_age_;
  }

 private:
  std::shared_ptr<grpc::ServerCredentials> server_;
  std::shared_ptr<grpc::ChannelCredentials> channel_;
  std::string peer_name_;
  std::optional<std::chrono::milliseconds> max_connection_age_;
};

}  // namespace kv::internal

#endif  // KV_RPC_CREDENTIALS_H_
