// One connection of a client.
#ifndef KV_SERVER_SESSION_H_
#define KV_SERVER_SESSION_H_

#include <asio/ip/tcp.hpp>
#include <asio/steady_timer.hpp>
#include <cstddef>
#include <memory>
#include <string>
#include <string_view>
#include <unordered_set>

#include "kv_server/conversation.h"
#include "kv_server/line_reader.h"
#include "kv_server/loop.h"
#include "kv_server/service.h"

namespace kv_server {

class Session;

// The connections of one loop, for its thread alone.
struct SessionSet {
  std::unordered_set<std::shared_ptr<Session>> sessions;
  bool draining = false;  // the loop finishes with the last one
};

// Reads requests and sends answers. Not read from while its conversation has no
// room, so that a client which does not read its answers has to wait, too.
// Holds no memory for a client that says nothing.
//
// Belongs to the thread of its loop, and to the set until it is closed.
class Session : public std::enable_shared_from_this<Session> {
 public:
  Session(std::shared_ptr<Service> service, std::shared_ptr<Loop> loop,
          std::shared_ptr<SessionSet> set, asio::ip::tcp::socket socket);
  Session(const Session&) = delete;
  Session& operator=(const Session&) = delete;

  void start();
  // Instead of start(): says why, and ends.
  void refuse(std::string_view why);
  // Answers what has come so far, reads no more, and ends.
  void drain();
  void close();

 private:
  // What can be done now, and then waits for what is missing.
  void work();
  void take_lines();
  bool send();  // false: closed
  void wait_for_more();
  void wait_to_read();
  void wait_to_send();
  void readable();
  bool receive();  // false: closed
  void discard();
  // All is said: ends so that the client reads it before it hears of the end.
  void end();
  void linger();

  const std::shared_ptr<Service> service_;
  const std::shared_ptr<Loop> loop_;
  const std::shared_ptr<SessionSet> set_;
  asio::ip::tcp::socket socket_;
  const std::shared_ptr<Conversation> conversation_;
  LineReader lines_;
  std::unique_ptr<asio::steady_timer> lingering_;  // waits for the client's end
  bool has_lines_ = false;                         // lines_ may have whole ones
  bool half_closed_ = false;                       // the client sends no more
  bool draining_ = false;
  bool waits_to_read_ = false;
  bool waits_to_send_ = false;
};

}  // namespace kv_server

#endif  // KV_SERVER_SESSION_H_
