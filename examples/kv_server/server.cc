#include "kv_server/server.h"

#include <spdlog/spdlog.h>

#include <asio/error.hpp>
#include <asio/post.hpp>
#include <asio/signal_set.hpp>
#include <asio/socket_base.hpp>
#include <utility>

namespace kv_server {
namespace {

using asio::ip::tcp;
using Clock = std::chrono::steady_clock;

// Connections beyond the limit that are told so at one time; others are closed
// without a word.
constexpr std::size_t kMostRefusals = 256;
// Connections that are taken in one go.
constexpr int kMostAtOnce = 64;
// After the system had nothing to make a connection of.
constexpr std::chrono::milliseconds kPause{100};
constexpr std::chrono::seconds kBetweenWarnings{10};

absl::Status failure(const std::string& what, const asio::error_code& error) {
  return absl::UnavailableError(what + ": " + error.message());
}

std::string text_of(const tcp::endpoint& endpoint) {
  const std::string host = endpoint.address().to_string();
  return (endpoint.address().is_v6() ? "[" + host + "]" : host) + ":" +
         std::to_string(endpoint.port());
}

}  // namespace

Server::Server(std::size_t threads, std::shared_ptr<Service> service)
    : service_(std::move(service)), workers_(threads) {}

absl::StatusOr<std::unique_ptr<Server>> Server::listen(
    const Options& options, std::shared_ptr<Service> service) {
  asio::error_code error;
  const asio::ip::address address =
      asio::ip::make_address(options.address, error);
  if (error) {
    return absl::InvalidArgumentError("\"" + options.address +
                                      "\" is no address to listen on");
  }
  const tcp::endpoint endpoint(address, options.port);
  std::unique_ptr<Server> server(
      new Server(options.threads, std::move(service)));
  tcp::acceptor& acceptor = server->acceptor_;
  acceptor.open(endpoint.protocol(), error);
  if (!error)
    acceptor.set_option(asio::socket_base::reuse_address(true), error);
  if (!error) acceptor.bind(endpoint, error);
  if (!error) acceptor.listen(asio::socket_base::max_listen_connections, error);
  if (!error) acceptor.non_blocking(true, error);
  if (error) return failure("can't listen on " + text_of(endpoint), error);
  return server;
}

Server::~Server() { drain(Clock::now()); }

std::string Server::endpoint() const {
  asio::error_code error;
  return text_of(acceptor_.local_endpoint(error));
}

void Server::run() {
  for (Worker& worker : workers_) {
    worker.thread = std::thread([loop = worker.loop] { loop->run(); });
  }
  asio::signal_set signals(context_, SIGTERM, SIGINT);
  signals.async_wait([this](asio::error_code error, int number) {
    if (error) return;
    spdlog::info("{}: answering what was read", strsignal(number));
    acceptor_.close(error);
    context_.stop();
  });
  wait_for_clients();
  context_.run();
}

void Server::wait_for_clients() {
  acceptor_.async_wait(asio::socket_base::wait_read,
                       [this](asio::error_code error) {
                         if (!error) take_clients();
                       });
}

void Server::take_clients() {
  for (int i = 0; i < kMostAtOnce; ++i) {
    Worker& worker = workers_[next_worker_++ % workers_.size()];
    asio::error_code error;
    tcp::socket socket = acceptor_.accept(worker.loop->context(), error);
    if (!error) {
      take(std::move(socket), worker);
      continue;
    }
    if (error == asio::error::connection_aborted) continue;
    if (error == asio::error::would_block) break;
    warn("can't take connections: " + error.message());
    pause_.expires_after(kPause);
    return pause_.async_wait([this](asio::error_code stopped) {
      if (!stopped) wait_for_clients();
    });
  }
  wait_for_clients();
}

void Server::take(tcp::socket socket, Worker& worker) {
  const std::size_t limit = service_->limits.connections;
  const std::size_t open =
      service_->connections.load(std::memory_order_relaxed);
  if (open >= limit) {
    warn(std::to_string(limit) + " connections, the limit: others are refused");
  }
  if (open >= limit + kMostRefusals) return;
  auto session = std::make_shared<Session>(service_, worker.loop, worker.set,
                                           std::move(socket));
  worker.loop->post([session = std::move(session), limit, open] {
    if (open < limit) {
      session->start();
    } else {
      session->refuse("too many connections: " + std::to_string(limit) +
                      " is the limit");
    }
  });
}

void Server::warn(const std::string& what) {
  if (Clock::now() < next_warning_) return;
  next_warning_ = Clock::now() + kBetweenWarnings;
  spdlog::warn("{}", what);
}

void Server::drain(Clock::time_point deadline) {
  for (Worker& worker : workers_) {
    if (!worker.thread.joinable()) continue;
    worker.loop->post([loop = worker.loop, set = worker.set, deadline] {
      set->draining = true;
      if (set->sessions.empty()) return loop->finish();
      auto bound =
          std::make_shared<asio::steady_timer>(loop->context(), deadline);
      bound->async_wait([bound, set](asio::error_code /*none*/) {
        const auto sessions = set->sessions;
        spdlog::warn("{} connections are cut off", sessions.size());
        for (const auto& session : sessions) session->close();
      });
      const auto sessions = set->sessions;
      for (const auto& session : sessions) session->drain();
    });
  }
  for (Worker& worker : workers_) {
    if (worker.thread.joinable()) worker.thread.join();
  }
}

}  // namespace kv_server
