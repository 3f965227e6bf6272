// Answers in the order of their requests, whichever comes first.
#ifndef KV_SERVER_ANSWER_QUEUE_H_
#define KV_SERVER_ANSWER_QUEUE_H_

#include <cstddef>
#include <cstdint>
#include <optional>
#include <string>
#include <string_view>
#include <vector>

namespace kv_server {

// What a connection has to send: the answers that are there, joined, up to the
// first that is not. Not thread-safe.
class AnswerQueue {
 public:
  using Ticket = std::uint64_t;

  // An answer that is there already.
  void add(std::string_view answer);
  // A place for one that comes later ...
  Ticket expect();
  // ... and now it has come. REQUIRES: once for each ticket.
  void fill(Ticket ticket, std::string answer);

  // Places that are not filled.
  std::size_t expected() const { return expected_; }
  // All bytes that are not sent, also those that wait for others.
  std::size_t bytes() const { return waiting_bytes_ + to_send().size(); }

  std::string_view to_send() const {
    return std::string_view(ready_).substr(sent_);
  }
  void sent(std::size_t bytes);

  // Connections share the memory that each needs for a moment only. Neither
  // does anything while something is to be sent.
  void borrow_memory(std::string& lent);
  void give_memory_back(std::string& lent);

 private:
  using Slots = std::vector<std::optional<std::string>>;

  void move_up();

  std::string ready_;
  std::size_t sent_ = 0;  // of ready_
  // The first is expected: what comes before is ready. Those before `first_`
  // are done with.
  Slots slots_;
  std::size_t first_ = 0;
  Ticket first_ticket_ = 0;  // that of slots_[first_]
  std::size_t expected_ = 0;
  std::size_t waiting_bytes_ = 0;
};

}  // namespace kv_server

#endif  // KV_SERVER_ANSWER_QUEUE_H_
