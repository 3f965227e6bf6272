// Words of a line, as Elixir's String.split/1 finds them.
#ifndef KV_SERVER_WORDS_H_
#define KV_SERVER_WORDS_H_

#include <optional>
#include <string_view>

namespace kv_server {

// Words are what stands between white space: Unicode's, encoded in UTF-8, but
// for the spaces that don't break a line (U+00A0, U+2007, U+202F). Bytes that
// are no UTF-8 are parts of words like any other; an encoded space is one
// wherever its bytes stand. Borrows the text.
class WordReader {
 public:
  explicit WordReader(std::string_view text) : rest_(text) {}

  // nullopt: there is none left.
  std::optional<std::string_view> next();

 private:
  std::string_view rest_;
};

}  // namespace kv_server

#endif  // KV_SERVER_WORDS_H_
