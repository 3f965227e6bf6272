#include "kv_server/conversation.h"

#include <kv/outcome.h>
#include <spdlog/spdlog.h>

#include <algorithm>
#include <utility>

#include "kv_server/answer.h"
#include "kv_server/one_line.h"

namespace kv_server {
namespace {

using Kind = Command::Kind;

void log_route(Kind kind, std::string_view bucket, const kv::Trace* trace) {
  if (trace == nullptr) return;
  std::string way;
  for (const kv::Hop& hop : trace->hops) {
    if (!way.empty()) way += " -> ";
    way += hop.node.str();
  }
  spdlog::info("{} \"{}\" went {}", command_name(kind), one_line(bucket), way);
}

// Of requests that failed together and have not run: is each to try for itself?
bool try_one_by_one(const absl::Status& failure) {
  return absl::IsUnimplemented(failure) ||
         (absl::IsResourceExhausted(failure) &&
          kv::outcome(failure) == kv::Outcome::kNotRun);
}

}  // namespace

Conversation::Conversation(std::shared_ptr<Service> service,
                           std::shared_ptr<Loop> loop)
    : service_(std::move(service)), loop_(std::move(loop)) {
  service_->connections.fetch_add(1, std::memory_order_relaxed);
}

Conversation::~Conversation() {
  service_->connections.fetch_sub(1, std::memory_order_relaxed);
}

bool Conversation::has_room() const {
  const Limits& limits = service_->limits;
  const std::size_t expected = answers_.expected();
  if (expected == 0) return answers_.bytes() < limits.connection_bytes;
  const bool crowded =
      service_->calls_under_way.load(std::memory_order_relaxed) >= limits.calls;
  return !crowded && expected < limits.connection_requests &&
         answers_.bytes() + request_bytes_ + expected * usual_answer_ <
             limits.connection_bytes;
}

void Conversation::request(const LineReader::Line& line) {
  if (line.too_long) return answers_.add(error_answer("line too long"));
  const std::optional<Command> command = parse_command(line.text);
  if (!command.has_value()) return answers_.add(kUnknownCommand);
  const auto queue = queues_.find(command->bucket);
  if (queue == queues_.end()) {
    start(*command, std::nullopt);
    return;
  }
  queue->second.push_back({command->kind, std::string(command->key),
                           std::string(command->value), answers_.expect()});
  request_bytes_ += queue->second.back().bytes();
}

bool Conversation::start(const Command& command, std::optional<Ticket> ticket) {
  const auto create = [](const auto& result) { return answer_to(result); };
  const auto get = [](const auto& result) { return answer_to_get(result); };
  const auto del = [](const auto& result) { return answer_to_delete(result); };
  std::string key(command.key);
  switch (command.kind) {
    case Kind::kCreate:
      return start(command, kv::Create{}, create, ticket);
    case Kind::kGet:
      return start(command, kv::Get{std::move(key)}, get, ticket);
    case Kind::kPut:
      return start(command, kv::Put{std::move(key), std::string(command.value)},
                   create, ticket);
    case Kind::kDelete:
      return start(command, kv::Delete{std::move(key)}, del, ticket);
  }
  return true;
}

template <typename Op, typename ToAnswer>
bool Conversation::start(const Command& command, const Op& op,
                         ToAnswer to_answer, std::optional<Ticket> ticket) {
  Call<Op> started = call(command.bucket, op);
  if (started.task.ready()) {
    std::string answer = to_answer(started.task.await());
    log_route(command.kind, command.bucket, started.trace.get());
    if (ticket.has_value()) {
      settle(*ticket, std::move(answer));
    } else {
      answers_.add(answer);
    }
    return true;
  }
  if (!ticket.has_value()) {
    ticket = answers_.expect();
    queues_.try_emplace(std::string(command.bucket));
  }
  const std::size_t bytes = command.key.size() + command.value.size();
  request_bytes_ += bytes;
  await(std::string(command.bucket), std::move(started),
        [this, kind = command.kind, to_answer, bytes, at = *ticket](
            const std::string& bucket, const typename Op::Result& result,
            const kv::Trace* trace) {
          log_route(kind, bucket, trace);
          request_bytes_ -= bytes;
          settle(at, to_answer(result));
        });
  return false;
}

void Conversation::go_on(const std::string& bucket) {
  const auto queue = queues_.find(bucket);
  while (!queue->second.empty()) {
    if (!start_next(queue->first, queue->second)) return;
  }
  queues_.erase(queue);
}

bool Conversation::start_next(const std::string& bucket, Queue& queue) {
  Requests requests;
  do {
    request_bytes_ -= queue.front().bytes();
    requests.push_back(std::move(queue.front()));
    queue.pop_front();
  } while (can_join(requests.back()) && !queue.empty() &&
           can_join(queue.front()));
  if (requests.size() > 1) return start_together(bucket, std::move(requests));
  const Request& request = requests.front();
  return start({request.kind, bucket, request.key, request.value},
               request.ticket);
}

bool Conversation::can_join(const Request& request) {
  return !request.alone && can_travel_together(request.kind, request.bytes());
}

bool Conversation::start_together(const std::string& bucket,
                                  Requests requests) {
  BatchRequest batch;
  std::size_t bytes = 0;
  for (const Request& request : requests) {
    add_to_batch(request.kind, request.key, request.value, batch);
    bytes += request.bytes();
  }
  auto started = call(bucket, kBatch(std::move(batch)));
  if (started.task.ready()) {
    auto result = started.task.await();
    log(bucket, requests, started.trace.get());
    settle(bucket, std::move(requests), std::move(result));
    return true;
  }
  request_bytes_ += bytes;
  await(bucket, std::move(started),
        [this, bytes, requests = std::move(requests)](
            const std::string& at, absl::StatusOr<BatchReply> result,
            const kv::Trace* trace) mutable {
          log(at, requests, trace);
          request_bytes_ -= bytes;
          settle(at, std::move(requests), std::move(result));
        });
  return false;
}

void Conversation::log(std::string_view bucket, const Requests& requests,
                       const kv::Trace* trace) {
  for (const Request& request : requests)
    log_route(request.kind, bucket, trace);
}

template <typename Op>
Conversation::Call<Op> Conversation::call(std::string_view bucket,
                                          const Op& op) {
  Call<Op> call;
  kv::CallOptions options;
  options.timeout = service_->timeout;
  if (service_->log_routes) {
    call.trace = std::make_shared<kv::Trace>();
    options.trace = call.trace.get();
  }
  call.task = service_->router.async(bucket, op, options);
  return call;
}

template <typename Op, typename Then>
void Conversation::await(std::string bucket, Call<Op> call, Then then) {
  service_->calls_under_way.fetch_add(1, std::memory_order_relaxed);
  call.task.then([self = shared_from_this(), bucket = std::move(bucket),
                  trace = std::move(call.trace),
                  then = std::move(then)](typename Op::Result result) mutable {
    Loop& loop = *self->loop_;
    loop.post([self = std::move(self), bucket = std::move(bucket),
               trace = std::move(trace), then = std::move(then),
               result = std::move(result)]() mutable {
      self->service_->calls_under_way.fetch_sub(1, std::memory_order_relaxed);
      then(bucket, std::move(result), trace.get());
      self->go_on(bucket);
      if (self->listener_ == nullptr || std::exchange(self->told_, true))
        return;
      Loop& here = *self->loop_;
      here.after_jobs([self = std::move(self)] {
        self->told_ = false;
        if (self->listener_ != nullptr) self->listener_();
      });
    });
  });
}

void Conversation::settle(const std::string& bucket, Requests requests,
                          absl::StatusOr<BatchReply> result) {
  const absl::Status& status = result.status();
  std::size_t answered = 0;
  if (result.ok()) {
    for (std::string& answer : *result->mutable_answers()) {
      if (answered == requests.size()) break;
      settle(requests[answered++].ticket, std::move(answer));
    }
  } else if (!try_one_by_one(status)) {
    for (const Request& request : requests) {
      settle(request.ticket, answer_to_failure(status));
    }
    return;
  }
  // The others go on from here. Without any answer the first is too large.
  Queue& queue = queues_.find(bucket)->second;
  for (std::size_t i = requests.size(); i > answered; --i) {
    Request& request = requests[i - 1];
    request.alone = !result.ok() || i == 1;
    request_bytes_ += request.bytes();
    queue.push_front(std::move(request));
  }
}

void Conversation::settle(Ticket ticket, std::string answer) {
  usual_answer_ = std::max(answer.size(), usual_answer_ - usual_answer_ / 16);
  answers_.fill(ticket, std::move(answer));
}

}  // namespace kv_server
