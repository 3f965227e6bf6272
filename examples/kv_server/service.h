// What all connections of the server share.
#ifndef KV_SERVER_SERVICE_H_
#define KV_SERVER_SERVICE_H_

#include <kv/router.h>

#include <atomic>
#include <chrono>
#include <cstddef>

namespace kv_server {

// The limits of one connection and of all. Each is the reason why no client can
// make the server hold more than that for it.
struct Limits {
  // Of a line, without its end.
  std::size_t line_bytes = std::size_t{64} * 1024;
  // Requests of a connection that wait for their answers, ...
  std::size_t connection_requests = 512;
  // ... and bytes held for it: requests under way, and answers that it has not
  // read. At either it is not read from. What comes last may go beyond.
  std::size_t connection_bytes = std::size_t{256} * 1024;
  // Calls that all connections have under way. Past them each connection has
  // one at a time: there is always room for one more client, since the node
  // takes NodeOptions::max_calls.
  std::size_t calls = std::size_t{32} * 1024;
  std::size_t connections = std::size_t{16} * 1024;
};

struct Service {
  explicit Service(kv::Router& the_router) : router(the_router) {}

  kv::Router& router;  // outlives the connections' calls
  Limits limits = {};
  std::chrono::nanoseconds timeout = std::chrono::seconds(5);  // of a call
  bool log_routes = false;

  std::atomic<std::size_t> calls_under_way{0};
  // Those that are open, and those whose calls have not ended.
  std::atomic<std::size_t> connections{0};
};

}  // namespace kv_server

#endif  // KV_SERVER_SERVICE_H_
