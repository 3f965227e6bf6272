// The requests of one connection, from the line to the answer.
#ifndef KV_SERVER_CONVERSATION_H_
#define KV_SERVER_CONVERSATION_H_

#include <kv/call_options.h>
#include <kv/task.h>

#include <cstddef>
#include <deque>
#include <functional>
#include <map>
#include <memory>
#include <optional>
#include <string>
#include <string_view>
#include <vector>

#include "absl/status/statusor.h"
#include "kv_server/answer_queue.h"
#include "kv_server/batch.h"
#include "kv_server/command.h"
#include "kv_server/line_reader.h"
#include "kv_server/loop.h"
#include "kv_server/service.h"

namespace kv_server {

// Every request is routed. Those for different buckets are under way at the
// same time, those for one bucket one after the other: two calls may overtake
// each other on their way, so the next leaves when the one before is answered.
// What has queued up for a bucket by then leaves together. Answers come in the
// order of the requests.
//
// Belongs to the thread of its loop. Calls under way keep it alive.
class Conversation : public std::enable_shared_from_this<Conversation> {
 public:
  Conversation(std::shared_ptr<Service> service, std::shared_ptr<Loop> loop);
  ~Conversation();
  Conversation(const Conversation&) = delete;
  Conversation& operator=(const Conversation&) = delete;

  // Whether the limits of the connection allow for a request more.
  bool has_room() const;
  void request(const LineReader::Line& line);

  AnswerQueue& answers() { return answers_; }
  // Called when answers have come later than request() returned; null: nobody
  // listens any more.
  void on_answers(std::function<void()> listener) {
    listener_ = std::move(listener);
  }

 private:
  using Ticket = AnswerQueue::Ticket;
  // One that waits for its turn.
  struct Request {
    Command::Kind kind;
    std::string key;
    std::string value;
    Ticket ticket;
    bool alone = false;  // not together with others

    std::size_t bytes() const { return key.size() + value.size(); }
  };
  using Requests = std::vector<Request>;
  using Queue = std::deque<Request>;
  template <typename Op>
  struct Call {
    kv::Task<typename Op::Value> task;
    std::shared_ptr<kv::Trace> trace;  // null: not wanted
  };

  // All of these: whether the answer is there, and go_on() is not to be waited
  // for.
  bool start(const Command& command, std::optional<Ticket> ticket);
  template <typename Op, typename ToAnswer>
  bool start(const Command& command, const Op& op, ToAnswer to_answer,
             std::optional<Ticket> ticket);
  bool start_next(const std::string& bucket, Queue& queue);
  bool start_together(const std::string& bucket, Requests requests);
  static bool can_join(const Request& request);

  template <typename Op>
  Call<Op> call(std::string_view bucket, const Op& op);
  // `then(bucket, result, trace)` on the loop's thread, and then go_on(bucket).
  template <typename Op, typename Then>
  void await(std::string bucket, Call<Op> call, Then then);

  static void log(std::string_view bucket, const Requests& requests,
                  const kv::Trace* trace);
  // What each gets, unless it has to try again.
  void settle(const std::string& bucket, Requests requests,
              absl::StatusOr<BatchReply> result);
  void settle(Ticket ticket, std::string answer);
  // The call of this bucket is answered: what has waited for that may leave.
  void go_on(const std::string& bucket);

  const std::shared_ptr<Service> service_;
  const std::shared_ptr<Loop> loop_;
  std::function<void()> listener_;
  bool told_ = false;  // the listener will be called
  AnswerQueue answers_;
  // The buckets that have a call under way, and the requests behind it.
  std::map<std::string, Queue, std::less<>> queues_;
  std::size_t request_bytes_ = 0;
  std::size_t usual_answer_ = 0;  // what answers under way may come to, each
};

}  // namespace kv_server

#endif  // KV_SERVER_CONVERSATION_H_
