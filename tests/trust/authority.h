// A certificate authority for a test, made by the openssl command.
#ifndef KV_TESTS_TRUST_AUTHORITY_H_
#define KV_TESTS_TRUST_AUTHORITY_H_

#include <kv/kv.h>

#include <string>

namespace kv_tests {

std::string read_file(const std::string& path);
// By renaming, as one replaces certificates.
void write_file(const std::string& path, const std::string& text);
// Whether it succeeded; what it printed goes to `*output`.
bool run_command(const std::string& command, std::string* output = nullptr);

// Owns a directory with an authority, and what it has signed; all of it is
// valid for a day at most. Not thread-safe.
class Authority {
 public:
  Authority();
  ~Authority();
  Authority(const Authority&) = delete;
  Authority& operator=(const Authority&) = delete;

  const std::string& directory() const { return directory_; }
  // Its certificate. Nodes get a copy, Tls::ca, that a test may change.
  std::string certificate() const { return directory_ + "/authority.pem"; }

  // Files of a new certificate for `names`, as openssl writes subject
  // alternative names, and its key. For 0 days it has expired already.
  kv::Tls issue(const std::string& file,
                const std::string& names = "IP:127.0.0.1", int days = 1);

 private:
  std::string directory_;
};

// The same, in texts.
kv::Tls as_text(const kv::Tls& files);

}  // namespace kv_tests

#endif  // KV_TESTS_TRUST_AUTHORITY_H_
