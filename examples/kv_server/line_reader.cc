#include "kv_server/line_reader.h"

#include <utility>

namespace kv_server {
namespace {

// A connection without a request keeps no more than this.
constexpr std::size_t kIdleBytes = 1024;

std::string_view without_return(std::string_view line) {
  if (!line.empty() && line.back() == '\r') line.remove_suffix(1);
  return line;
}

}  // namespace

void LineReader::feed(std::string_view bytes) {
  kept_.erase(0, kept_.size() - current_.size());  // what was read
  in_kept_ = !kept_.empty();
  scanned_ = kept_.size();
  if (!in_kept_) {
    current_ = bytes;
    return;
  }
  const std::size_t end = bytes.find('\n');
  const std::size_t length =
      end == std::string_view::npos ? bytes.size() : end + 1;
  kept_.append(bytes.substr(0, length));
  current_ = kept_;
  piece_ = bytes.substr(length);
}

std::optional<LineReader::Line> LineReader::next() {
  for (;;) {
    const std::size_t end = current_.find('\n', scanned_);
    if (end == std::string_view::npos) {
      if (!piece_.empty()) {  // and all of current_ is read
        current_ = std::exchange(piece_, {});
        scanned_ = 0;
        in_kept_ = false;
        continue;
      }
      scanned_ = current_.size();
      const bool too_long = without_return(current_).size() > max_bytes_;
      if (skipping_ || too_long) {
        current_ = {};
        scanned_ = 0;
      }
      if (skipping_ || !too_long) return std::nullopt;
      skipping_ = true;
      return Line{{}, true};
    }
    const std::string_view line = without_return(current_.substr(0, end));
    current_.remove_prefix(end + 1);
    scanned_ = 0;
    if (std::exchange(skipping_, false)) continue;
    if (line.size() > max_bytes_) return Line{{}, true};
    return Line{line, false};
  }
}

void LineReader::save() {
  const std::size_t left = current_.size() + piece_.size();
  if (!in_kept_) {
    kept_.assign(current_);
  } else if (!piece_.empty()) {
    kept_.append(piece_);
  }
  if (left == 0) kept_.clear();
  if (kept_.capacity() > kIdleBytes && kept_.size() < kIdleBytes / 2) {
    kept_.shrink_to_fit();
  }
  current_ = std::string_view(kept_).substr(kept_.size() - left);
  piece_ = {};
  in_kept_ = true;
}

}  // namespace kv_server
