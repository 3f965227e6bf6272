// Takes connections and shares them out to threads.
#ifndef KV_SERVER_SERVER_H_
#define KV_SERVER_SERVER_H_

#include <asio/io_context.hpp>
#include <asio/ip/tcp.hpp>
#include <asio/steady_timer.hpp>
#include <chrono>
#include <cstddef>
#include <cstdint>
#include <memory>
#include <string>
#include <thread>
#include <vector>

#include "absl/status/status.h"
#include "absl/status/statusor.h"
#include "kv_server/loop.h"
#include "kv_server/service.h"
#include "kv_server/session.h"

namespace kv_server {

// Owns its threads. Not thread-safe.
class Server {
 public:
  struct Options {
    std::string address;     // to listen on: "127.0.0.1"
    std::uint16_t port = 0;  // 0: any that is free
    std::size_t threads = 1;
  };

  // Listens when it returns. kInvalidArgument: no address. kUnavailable: it
  // can't be listened on.
  static absl::StatusOr<std::unique_ptr<Server>> listen(
      const Options& options, std::shared_ptr<Service> service);
  // Closes all connections.
  ~Server();
  Server(const Server&) = delete;
  Server& operator=(const Server&) = delete;

  std::string endpoint() const;  // "127.0.0.1:4040"

  // Serves until SIGTERM or SIGINT. Then takes no more connections; the second
  // signal has its usual effect.
  void run();
  // Answers what was read and ends the connections, those that are left over at
  // `deadline` at once.
  void drain(std::chrono::steady_clock::time_point deadline);

 private:
  struct Worker {
    std::shared_ptr<Loop> loop = std::make_shared<Loop>();
    std::shared_ptr<SessionSet> set = std::make_shared<SessionSet>();
    std::thread thread;
  };

  Server(std::size_t threads, std::shared_ptr<Service> service);
  void wait_for_clients();
  void take_clients();
  void take(asio::ip::tcp::socket socket, Worker& worker);
  void warn(const std::string& what);  // now and then: clients can cause it

  const std::shared_ptr<Service> service_;
  std::vector<Worker> workers_;
  std::size_t next_worker_ = 0;
  asio::io_context context_{1};
  asio::ip::tcp::acceptor acceptor_{context_};
  asio::steady_timer pause_{context_};
  std::chrono::steady_clock::time_point next_warning_;
};

}  // namespace kv_server

#endif  // KV_SERVER_SERVER_H_
