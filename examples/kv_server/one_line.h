// Bytes of any kind as one line for people.
#ifndef KV_SERVER_ONE_LINE_H_
#define KV_SERVER_ONE_LINE_H_

#include <string>
#include <string_view>

namespace kv_server {

// `text` in printable ASCII, other bytes as \xHH; cut after 4096 bytes.
std::string one_line(std::string_view text);

}  // namespace kv_server

#endif  // KV_SERVER_ONE_LINE_H_
