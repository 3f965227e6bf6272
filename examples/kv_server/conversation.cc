#include "kv_server/conversation.h"

#include <kv/outcome.h>
#include <spdlog/spdlog.h>

#include <algorithm>
#include <type_traits>
#include <utility>

#include "kv_server/answer.h"

namespace kv_server {
namespace {

using Kind = Command::Kind;

void log_route(Kind kind, std::string_view bucket, const kv::Trace& trace) {
  std::string way;
  for (const kv::Hop& hop : trace.hops) {
    if (!way.empty()) way += " -> ";
    way += hop.node.str();
  }
  spdlog::info("{} \"{}\" went {}", command_name(kind), one_line(bucket), way);
}

bool can_be_joined(Kind kind) {
  return kind == Kind::kGet || kind == Kind::kPut;
}

// Of requests that failed together: not because of one among them, or of their
// sum? And is it safe to send them again?
bool try_one_by_one(Kind kind, const absl::Status& failure) {
  const bool of_size =
      absl::IsResourceExhausted(failure) || absl::IsInvalidArgument(failure);
  return of_size &&
         (kind == Kind::kGet || kv::outcome(failure) == kv::Outcome::kNotRun);
}

const absl::Status& status_of(const absl::Status& result) { return result; }
template <typename T>
const absl::Status& status_of(const absl::StatusOr<T>& result) {
  return result.status();
}

std::string answer_of(const kv::PutMany::Result& result, std::size_t) {
  return answer_to(result);
}
std::string answer_of(const kv::GetMany::Result& result, std::size_t index) {
  if (index < result->size()) return answer_to_get((*result)[index]);
  return error_answer("the owner has answered with too few values");
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
    if (started.trace != nullptr) {
      log_route(command.kind, command.bucket, *started.trace);
    }
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
  await(command.kind, std::string(command.bucket), std::move(started),
        [this, to_answer, bytes, at = *ticket](const auto& result) {
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
  const Kind kind = queue.front().kind;
  Requests requests;
  do {
    request_bytes_ -= queue.front().bytes();
    requests.push_back(std::move(queue.front()));
    queue.pop_front();
  } while (can_be_joined(kind) && !requests.front().alone && !queue.empty() &&
           queue.front().kind == kind && !queue.front().alone);

  if (requests.size() == 1) {
    const Request& request = requests.front();
    return start({kind, bucket, request.key, request.value}, request.ticket);
  }
  if (kind == Kind::kGet) {
    kv::GetMany op;
    for (const Request& request : requests) op.keys.push_back(request.key);
    return start_together(bucket, op, std::move(requests));
  }
  kv::PutMany op;
  for (const Request& request : requests) {
    op.pairs.emplace_back(request.key, request.value);
  }
  return start_together(bucket, op, std::move(requests));
}

template <typename Op>
bool Conversation::start_together(const std::string& bucket, const Op& op,
                                  Requests requests) {
  Call<Op> started = call(bucket, op);
  const Kind kind = requests.front().kind;
  if (started.task.ready()) {
    const auto result = started.task.await();
    if (started.trace != nullptr) log_route(kind, bucket, *started.trace);
    settle(bucket, std::move(requests), result);
    return true;
  }
  std::size_t bytes = 0;
  for (const Request& request : requests) bytes += request.bytes();
  request_bytes_ += bytes;
  await(kind, bucket, std::move(started),
        [this, bucket, bytes,
         requests = std::move(requests)](const auto& result) mutable {
          request_bytes_ -= bytes;
          settle(bucket, std::move(requests), result);
        });
  return false;
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
void Conversation::await(Kind kind, std::string bucket, Call<Op> call,
                         Then then) {
  service_->calls_under_way.fetch_add(1, std::memory_order_relaxed);
  call.task.then([self = shared_from_this(), kind, bucket = std::move(bucket),
                  trace = std::move(call.trace),
                  then = std::move(then)](typename Op::Result result) mutable {
    Loop& loop = *self->loop_;
    loop.post([self = std::move(self), kind, bucket = std::move(bucket),
               trace = std::move(trace), then = std::move(then),
               result = std::move(result)]() mutable {
      self->service_->calls_under_way.fetch_sub(1, std::memory_order_relaxed);
      if (trace != nullptr) log_route(kind, bucket, *trace);
      then(result);
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

template <typename Result>
void Conversation::settle(const std::string& bucket, Requests requests,
                          const Result& result) {
  const absl::Status& status = status_of(result);
  if (try_one_by_one(requests.front().kind, status)) {
    Queue& queue = queues_.find(bucket)->second;
    for (; !requests.empty(); requests.pop_back()) {
      requests.back().alone = true;
      request_bytes_ += requests.back().bytes();
      queue.push_front(std::move(requests.back()));
    }
    return;
  }
  for (std::size_t i = 0; i < requests.size(); ++i) {
    settle(requests[i].ticket,
           status.ok() ? answer_of(result, i) : answer_to_failure(status));
  }
}

void Conversation::settle(Ticket ticket, std::string answer) {
  usual_answer_ = std::max(answer.size(), usual_answer_ - usual_answer_ / 16);
  answers_.fill(ticket, std::move(answer));
}

}  // namespace kv_server
