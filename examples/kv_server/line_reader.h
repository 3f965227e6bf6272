// Lines out of bytes that come in pieces.
#ifndef KV_SERVER_LINE_READER_H_
#define KV_SERVER_LINE_READER_H_

#include <cstddef>
#include <optional>
#include <string>
#include <string_view>

namespace kv_server {

// A line ends with `\n`, or `\r\n`, which don't count to its length. One of
// more than `max_bytes` is told once, as soon as it is too long, and then
// skipped to its end. Holds no more than one piece and one line. Not
// thread-safe.
class LineReader {
 public:
  struct Line {
    std::string_view text = {};  // good until the next call; empty if too long
    bool too_long = false;
  };

  explicit LineReader(std::size_t max_bytes) : max_bytes_(max_bytes) {}

  // The next piece, which is borrowed until save(). REQUIRES: next() has found
  // no line.
  void feed(std::string_view bytes);
  // nullopt: there is no whole line.
  std::optional<Line> next();
  // Keeps what is left of the piece.
  void save();

 private:
  const std::size_t max_bytes_;
  // What is left of earlier pieces. While a piece is being read it ends with
  // the first line end in there, if there is one.
  std::string kept_;
  std::string_view current_;  // unread, of kept_ or of the piece
  std::string_view piece_;    // unread, and comes after current_
  std::size_t scanned_ = 0;   // so much of current_ has no line end
  bool in_kept_ = false;      // current_ is part of kept_
  bool skipping_ = false;     // the line was too long
};

}  // namespace kv_server

#endif  // KV_SERVER_LINE_READER_H_
