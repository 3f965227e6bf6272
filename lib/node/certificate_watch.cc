#include "node/certificate_watch.h"

#include <sys/stat.h>

#include <algorithm>

#include "base/clock.h"

namespace kv::internal {

void CertificateWatch::start(const Tls& tls, std::shared_ptr<Log> log,
                             Core& core) {
  std::make_shared<CertificateWatch>(tls, std::move(log), core)->look_later();
}

CertificateWatch::CertificateWatch(const Tls& tls, std::shared_ptr<Log> log,
                                   Core& core)
    : files_{tls.ca, tls.certificate, tls.key},
      pause_(tls.refresh),
      log_(std::move(log)),
      core_(core.weak_from_this()),
      marks_(look()) {}

CertificateWatch::Marks CertificateWatch::look() const {
  Marks marks{};
  for (std::size_t i = 0; i < files_.size(); ++i) {
    struct stat file = {};
    if (stat(files_[i].c_str(), &file) != 0) continue;
    marks[i] = {static_cast<std::int64_t>(file.st_ino), file.st_size,
                file.st_mtim.tv_sec, file.st_mtim.tv_nsec};
  }
  return marks;
}

void CertificateWatch::look_later() {
  const std::shared_ptr<Core> core = core_.lock();
  if (core == nullptr) return;
  core->timers().at(Clock::now() + pause_,
                    [self = shared_from_this()] { self->look_again(); });
}

void CertificateWatch::look_again() {
  const Marks marks = look();
  if (marks == marks_) return look_later();
  if (std::count(marks.begin(), marks.end(), Mark{}) > 0) {
    log_->write(LogSeverity::kWarning,
                "a certificate, its key or the authorities can't be read any "
                "more: those that were read last stay in use");
  } else {
    log_->write(LogSeverity::kInfo,
                "certificates were replaced: new connections use them");
  }
  marks_ = marks;
  look_later();
}

}  // namespace kv::internal
