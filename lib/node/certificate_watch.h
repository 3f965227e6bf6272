// CertificateWatch: logs that certificates have been replaced.
#ifndef KV_NODE_CERTIFICATE_WATCH_H_
#define KV_NODE_CERTIFICATE_WATCH_H_

#include <sys/types.h>

#include <array>
#include <chrono>
#include <cstdint>
#include <memory>
#include <string>
#include <utility>

#include "base/log.h"
#include "kv/tls.h"
#include "node/core.h"

namespace kv::internal {

// gRPC reads the files again by itself and tells nobody, so this looks at them
// as often, on the node's timer thread, as long as the node lives.
class CertificateWatch final
    : public std::enable_shared_from_this<CertificateWatch> {
 public:
  // REQUIRES: the three of `tls` are files.
  static void start(const Tls& tls, std::shared_ptr<Log> log, Core& core);

  CertificateWatch(const Tls& tls, std::shared_ptr<Log> log, Core& core);

 private:
  // A file that is replaced or written to has another one.
  using Mark = std::array<std::int64_t, 4>;
  using Marks = std::array<Mark, 3>;

  Marks look() const;
  void look_later();
  void look_again();

  const std::array<std::string, 3> files_;
  const std::chrono::seconds pause_;
  const std::shared_ptr<Log> log_;
  const std::weak_ptr<Core> core_;
  Marks marks_;  // of the timer thread
};

}  // namespace kv::internal

#endif  // KV_NODE_CERTIFICATE_WATCH_H_
