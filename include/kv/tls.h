// kv::Tls: what a node shows to its peers, and whom it believes.
#ifndef KV_TLS_H_
#define KV_TLS_H_

#include <chrono>
#include <string>

namespace kv {

// TLS 1.2 or newer, for all connections of a node, out and in.
//
// The first three are paths of PEM files, or PEM texts (what contains
// "-----BEGIN"); all three of one kind. Files are read again when they change:
// new connections use what is new. Replace each by renaming a new file over it,
// the key and its certificate soon after each other.
struct Tls {
  // Certificates of the authorities that peers' certificates must come from.
  std::string ca = {};
  // This node's own, followed by those between it and an authority.
  std::string certificate = {};
  // The private key of `certificate`, without a passphrase.
  std::string key = {};

  // Mutual TLS: who has no certificate from `ca` does not get in. If false,
  // callers are sure whom they talk to, but this node is not.
  bool require_client_certificate = true;

  // A peer's certificate must bear the host that the peer is dialled by, a DNS
  // name or an IP address, as one of its subject alternative names; or, if this
  // is set, this DNS name instead, whatever the host.
  std::string peer_name = {};

  // How often files are looked at. Of a peer with old certificates an end comes
  // with its connection: connections from peers are replaced after this time,
  // no call lost. Not below 1 s; text never changes, so only the second
  // applies.
  std::chrono::seconds refresh = std::chrono::seconds(10);
  std::chrono::seconds max_connection_age = std::chrono::hours(1);
};

}  // namespace kv

#endif  // KV_TLS_H_
