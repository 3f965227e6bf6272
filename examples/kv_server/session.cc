#include "kv_server/session.h"

#include <netinet/in.h>
#include <netinet/tcp.h>
#include <sys/socket.h>

#include <asio/buffer.hpp>
#include <asio/error.hpp>
#include <asio/post.hpp>
#include <chrono>
#include <utility>

#include "kv_server/answer.h"

namespace kv_server {
namespace {

// A client that takes no answers for so long has gone.
constexpr std::chrono::milliseconds kStalled = std::chrono::minutes(5);
// How long a client may take to end its side after it was sent the last answer.
constexpr std::chrono::seconds kLinger{1};
// Then the other connections of the loop have their turn.
constexpr int kMostRounds = 8;

void set_options(asio::ip::tcp::socket& socket) {
  asio::error_code ignored;  // a connection that is broken shows it later
  socket.non_blocking(true, ignored);
  socket.set_option(asio::ip::tcp::no_delay(true), ignored);
  socket.set_option(asio::socket_base::keep_alive(true), ignored);
  const auto stalled = static_cast<unsigned>(kStalled.count());
  setsockopt(socket.native_handle(), IPPROTO_TCP, TCP_USER_TIMEOUT, &stalled,
             sizeof(stalled));
}

}  // namespace

Session::Session(std::shared_ptr<Service> service, std::shared_ptr<Loop> loop,
                 std::shared_ptr<SessionSet> set, asio::ip::tcp::socket socket)
    : service_(std::move(service)),
      loop_(std::move(loop)),
      set_(std::move(set)),
      socket_(std::move(socket)),
      conversation_(std::make_shared<Conversation>(service_, loop_)),
      lines_(service_->limits.line_bytes) {}

void Session::start() {
  set_->sessions.insert(shared_from_this());
  set_options(socket_);
  conversation_->on_answers([weak = weak_from_this()] {
    if (const std::shared_ptr<Session> self = weak.lock()) self->work();
  });
  if (set_->draining) draining_ = true;
  wait_for_more();
}

void Session::refuse(std::string_view why) {
  conversation_->answers().add(error_answer(why));
  draining_ = true;
  start();
}

void Session::drain() {
  if (waits_to_read_ && lingering_ == nullptr && !receive()) return;
  draining_ = true;
  work();
}

void Session::close() {
  const std::shared_ptr<Session> self = shared_from_this();
  conversation_->on_answers(nullptr);
  lingering_ = nullptr;
  asio::error_code ignored;
  socket_.close(ignored);
  set_->sessions.erase(self);
  if (set_->draining && set_->sessions.empty()) loop_->finish();
}

void Session::work() {
  if (!socket_.is_open() || lingering_ != nullptr) return;
  std::string& memory = loop_->answer_memory();
  conversation_->answers().borrow_memory(memory);
  int rounds = 0;
  do {
    take_lines();
    if (!send()) return;
  } while (has_lines_ && conversation_->has_room() && ++rounds < kMostRounds);
  lines_.save();
  conversation_->answers().give_memory_back(memory);
  wait_for_more();
}

void Session::take_lines() {
  while (has_lines_ && conversation_->has_room()) {
    const std::optional<LineReader::Line> line = lines_.next();
    if (line.has_value()) {
      conversation_->request(*line);
    } else {
      has_lines_ = false;
    }
  }
}

bool Session::send() {
  AnswerQueue& answers = conversation_->answers();
  while (!waits_to_send_ && !answers.to_send().empty()) {
    const std::string_view bytes = answers.to_send();
    asio::error_code error;
    const std::size_t sent =
        socket_.write_some(asio::buffer(bytes.data(), bytes.size()), error);
    if (error == asio::error::would_block) {
      wait_to_send();
    } else if (error) {
      close();
      return false;
    }
    answers.sent(sent);
  }
  return true;
}

void Session::wait_for_more() {
  const AnswerQueue& answers = conversation_->answers();
  const bool all_sent = answers.to_send().empty();
  if (!all_sent && !waits_to_send_) {
    wait_to_send();  // the first answers of a connection
  } else if (has_lines_) {
    // It is the next one's turn. Without room it's the client's, or answers
    // have to come.
    if (conversation_->has_room()) {
      asio::post(loop_->context(),
                 [self = shared_from_this()] { self->work(); });
    }
  } else if (!half_closed_ && !draining_) {
    if (conversation_->has_room()) wait_to_read();
  } else if (all_sent && answers.expected() == 0) {
    end();
  }
}

void Session::wait_to_read() {
  if (std::exchange(waits_to_read_, true)) return;
  socket_.async_wait(asio::socket_base::wait_read,
                     [self = shared_from_this()](asio::error_code error) {
                       self->waits_to_read_ = false;
                       if (!error) self->readable();
                     });
}

void Session::wait_to_send() {
  waits_to_send_ = true;
  socket_.async_wait(asio::socket_base::wait_write,
                     [self = shared_from_this()](asio::error_code error) {
                       self->waits_to_send_ = false;
                       if (!error) self->work();
                     });
}

void Session::readable() {
  if (!socket_.is_open()) return;
  if (lingering_ != nullptr) return discard();
  if (!draining_ && receive()) work();
}

bool Session::receive() {
  auto& piece = loop_->piece();
  asio::error_code error;
  const std::size_t count = socket_.read_some(asio::buffer(piece), error);
  if (error == asio::error::eof) {
    half_closed_ = true;
  } else if (error && error != asio::error::would_block) {
    close();
    return false;
  }
  lines_.feed({piece.data(), count});
  has_lines_ = true;
  return true;
}

void Session::discard() {
  asio::error_code error;
  socket_.read_some(asio::buffer(loop_->piece()), error);
  if (error && error != asio::error::would_block) return close();
  wait_to_read();
}

void Session::end() {
  if (half_closed_) return close();
  // What the client has sent and we have not read would make close() a reset,
  // which takes unread answers from the client.
  asio::error_code error;
  socket_.shutdown(asio::ip::tcp::socket::shutdown_send, error);
  if (error) return close();
  linger();
}

void Session::linger() {
  lingering_ = std::make_unique<asio::steady_timer>(loop_->context(), kLinger);
  lingering_->async_wait([self = shared_from_this()](asio::error_code error) {
    if (!error) self->close();
  });
  wait_to_read();
}

}  // namespace kv_server
