// What a client may send to kv_server, cut into pieces anyhow: the lines and
// their commands are those of the bytes as a whole.
#include <cstddef>
#include <cstdint>
#include <cstdlib>
#include <string>
#include <string_view>
#include <vector>

#include "kv_server/command.h"
#include "kv_server/line_reader.h"
#include "kv_server/one_line.h"

namespace {

using kv_server::LineReader;
using Lines = std::vector<std::string>;

void check(bool holds) {
  if (!holds) std::abort();
}

// What is understood is made of parts of the line, in their order.
void check_command(std::string_view line) {
  const auto command = kv_server::parse_command(line);
  if (!command.has_value()) return;
  check(line.find(kv_server::command_name(command->kind)) !=
        std::string_view::npos);
  const char* at = line.data();
  for (const std::string_view word :
       {command->bucket, command->key, command->value}) {
    if (word.empty()) continue;
    check(word.data() > at);
    at = word.data() + word.size();
  }
  check(at <= line.data() + line.size());
  check(!command->bucket.empty());
}

void read(LineReader& reader, Lines& lines) {
  while (const auto line = reader.next()) {
    check(!line->too_long || line->text.empty());
    check_command(line->text);
    lines.push_back(line->too_long ? "\n" : std::string(line->text));
  }
  reader.save();
}

}  // namespace

extern "C" int LLVMFuzzerTestOneInput(const std::uint8_t* data,
                                      std::size_t size) {
  if (size < 2) return 0;
  const std::size_t max_bytes = data[0];
  const std::size_t piece_bytes = 1 + data[1] % 32U;
  const std::string bytes(reinterpret_cast<const char*>(data) + 2, size - 2);

  Lines whole;
  LineReader of_whole(max_bytes);
  of_whole.feed(bytes);
  read(of_whole, whole);

  Lines cut;
  LineReader of_pieces(max_bytes);
  for (std::size_t at = 0; at < bytes.size(); at += piece_bytes) {
    const std::string piece = bytes.substr(at, piece_bytes);
    of_pieces.feed(piece);
    read(of_pieces, cut);
  }
  check(whole == cut);

  for (const char byte : kv_server::one_line(bytes)) {
    check(byte >= ' ' && byte <= '~');
  }
  return 0;
}
