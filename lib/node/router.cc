#include "kv/router.h"

#include <algorithm>
#include <memory>
#include <optional>
#include <ostream>
#include <utility>

#include "absl/strings/str_cat.h"
#include "base/blocking.h"
#include "base/outcome_mark.h"
#include "base/semaphore.h"
#include "data/builtin.h"
#include "exec/batch.h"
#include "exec/current_op.h"
#include "node/call.h"
#include "node/call_checks.h"
#include "node/core.h"

namespace kv {
namespace internal {
namespace {

// Where the thread that made a call waits for its answer.
class Waiter {
 public:
  Done done() {
    return [this](Response&& response) {
      response.call = nullptr;  // the node may end before this thread wakes
      response_ = std::move(response);
      answered_.post();
    };
  }

  Response wait() {
    answered_.wait();
    return std::move(response_);
  }

 private:
  Semaphore answered_;
  Response response_;  // before post() of the one thread, then of the other
};

// Where a call goes: a node, or nullopt where the table decides.
using Destination = std::optional<NodeName>;

// The trace that a call belongs to.
std::optional<TraceContext> trace_of(const Core& core,
                                     const CallOptions& options) {
  if (options.traceparent.has_value()) return options.traceparent;
  if (const CurrentOp* const current = CurrentOp::get()) {
    return current->trace();
  }
  if (core.tracer().on()) return core.tracer().parent();
  return std::nullopt;
}

// Makes the call, if its names and sizes are as they must be.
template <typename T>
absl::Status aim(const Core& core, const Target& target, const T& op,
                 const CallOptions& options, Clock::time_point now,
                 Request& request, Destination& destination) {
  request.bucket = std::string(target.bucket);
  request.bucket_id = target.bucket_id;
  request.op.template emplace<T>(op);
  request.here = target.kind != Target::Kind::kBucket;
  request.max_hops = std::min(options.max_hops, kMostHops);
  request.want_trace = options.trace != nullptr;
  request.want_out = options.out != nullptr;
  request.trace = trace_of(core, options);
  request.deadline = deadline_after(now, options.timeout);
  if (const CurrentOp* const current = CurrentOp::get()) {
    request.held = current->held();
    request.deadline = std::min(request.deadline, current->deadline());
  }
  if (request.here) {
    auto node = NodeName::parse(target.node);
    if (!node.ok()) return not_run(std::move(node).status());
    if (node->port() == 0) {
      return not_run(absl::InvalidArgumentError(
          absl::StrCat("nobody can dial port 0 of ", node->str())));
    }
    destination = *std::move(node);
  }
  if (target.kind == Target::Kind::kRef && target.bucket_id == 0) {
    return not_run(
        absl::InvalidArgumentError("the BucketRef refers to nothing"));
  }
  return check_names(core.limits(), request);
}

// A call that an operation of the host makes is cancelled with it.
std::shared_ptr<Call> belongs_to_current_op(std::shared_ptr<Call> call) {
  const CurrentOp* const current = CurrentOp::get();
  if (current != nullptr) current->adopt()(call);
  return call;
}

// What the caller wants beside the result.
void deliver(const CallOptions& options, std::vector<Hop> hops,
             const std::string& out) {
  if (options.trace != nullptr) options.trace->hops = std::move(hops);
  if (options.out != nullptr) *options.out << out;
}

const absl::Status& status_of(const absl::Status& result) { return result; }
template <typename T>
const absl::Status& status_of(const absl::StatusOr<T>& result) {
  return result.status();
}

template <typename T>
void trace_now(const Core& core, const Target& target, const T& op,
               const CallOptions& options, const absl::Status& status,
               Clock::time_point begun) {
  Request request;
  request.bucket = std::string(target.bucket);
  request.op.template emplace<T>(op);
  core.tracer().tell_at_once(Span::Kind::kCall, request,
                             trace_of(core, options), status, begun);
}

// Has one return, so that the result is made where it is wanted.
template <typename T>
std::optional<typename T::Result> run_and_note(Core& core, const Target& target,
                                               const T& op,
                                               const CallOptions& options) {
  CallMeter::AtOnce meter(core.meter(), kPlaceOf<T>, CallPath::kLocal);
  const bool traced = core.tracer().on();
  const auto begun = traced ? Clock::now() : Clock::time_point();
  auto result = run_builtin_now(core.home(), {target.bucket}, op);
  if (result.has_value()) {
    meter.ended(status_of(*result));
    if (!result->ok()) core.note_limit(status_of(*result));
    if (traced) trace_now(core, target, op, options, status_of(*result), begun);
  }
  return result;
}

// The result, if the bucket is here and free: without a Call, and without
// memory or a lock that a user of another bucket touches.
template <typename T>
std::optional<typename T::Result> run_now(Core& core, const Target& target,
                                          const T& op,
                                          const CallOptions& options) {
  if constexpr (kNeedsBucket<T>) {
    if (target.kind != Target::Kind::kBucket || options.trace != nullptr ||
        options.timeout.count() <= 0 || core.calls().closed() ||
        !check_bucket_name(core.limits(), target.bucket).ok() ||
        !check_sizes(core.limits(), op).ok()) {
      return std::nullopt;
    }
    const TableCell::View& view = core.table().view();
    if (view.self == nullptr || view.table.find(target.bucket) != view.self) {
      return std::nullopt;
    }
    return run_and_note(core, target, op, options);
  } else {
    return std::nullopt;
  }
}

}  // namespace
}  // namespace internal

using internal::Batch;
using internal::Call;
using internal::Response;

Router::Shared::Shared(Router& router)
    : batch_(std::make_unique<Batch>(router.core_.limits().args_bytes)) {}

Router::Shared::~Shared() { batch_->send(); }

std::shared_ptr<internal::Runner> Router::runner() { return core_.callbacks(); }

absl::StatusOr<NodeName> Router::owner_of(std::string_view bucket) const {
  absl::Status status = check_bucket_name(core_.limits(), bucket);
  if (!status.ok()) return status;
  const RoutingTable& table = core_.table().view().table;
  const NodeName* const owner = table.find(bucket);
  if (owner == nullptr) return internal::no_entry(bucket, table);
  return *owner;
}

template <typename T>
typename T::Result Router::run_erased(const Target& target, const T& op,
                                      const CallOptions& options) {
  auto now = internal::run_now(core_, target, op, options);
  if (now.has_value()) return *std::move(now);
  const internal::Clock::time_point begun = internal::Clock::now();
  internal::Request request;
  internal::Destination destination;
  absl::Status aimed =
      internal::aim(core_, target, op, options, begun, request, destination);
  if (!aimed.ok()) {
    core_.note(request.op, CallPath::kLocal, aimed, std::nullopt);
    return aimed;
  }
  const internal::BlockingRegion region;
  if (!region.allowed()) {
    return internal::not_run(region.refusal());
  }
  internal::Waiter waiter;
  internal::belongs_to_current_op(Call::start(
      core_.shared_from_this(), std::move(request), std::move(destination),
      begun, waiter.done(), /*batch=*/nullptr));
  Response response = waiter.wait();
  internal::deliver(options, std::move(response.hops), response.out);
  return internal::to_result<T>(std::move(response.answer));
}

template <typename T>
std::shared_ptr<internal::Cancellable> Router::start_erased(
    const Target& target, const T& op, const CallOptions& options,
    Shared* shared, std::shared_ptr<internal::Sink<typename T::Result>> sink) {
  auto now = internal::run_now(core_, target, op, options);
  if (now.has_value()) {
    sink->complete(*std::move(now), nullptr, nullptr);
    return nullptr;
  }
  const internal::Clock::time_point begun = internal::Clock::now();
  internal::Request request;
  internal::Destination destination;
  absl::Status aimed =
      internal::aim(core_, target, op, options, begun, request, destination);
  if (!aimed.ok()) {
    core_.note(request.op, CallPath::kLocal, aimed, std::nullopt);
    sink->complete(std::move(aimed), nullptr, nullptr);
    return nullptr;
  }
  internal::Done done;
  if (options.trace == nullptr && options.out == nullptr) {
    done = [sink = std::move(sink)](Response&& response) {
      sink->complete(internal::to_result<T>(std::move(response.answer)),
                     nullptr, std::move(response.call));
    };
  } else {
    done = [sink = std::move(sink), options](Response&& response) {
      sink->complete(
          internal::to_result<T>(std::move(response.answer)),
          [options, hops = std::move(response.hops),
           out = std::move(response.out)] {
            internal::deliver(options, hops, out);
          },
          std::move(response.call));
    };
  }
  return internal::belongs_to_current_op(
      Call::start(core_.shared_from_this(), std::move(request),
                  std::move(destination), begun, std::move(done),
                  shared == nullptr ? nullptr : shared->batch_.get()));
}

#define KV_INSTANTIATE(T)                                                    \
  template KV_EXPORT T::Result Router::run_erased(const Target&, const T&,   \
                                                  const CallOptions&);       \
  template KV_EXPORT std::shared_ptr<internal::Cancellable>                  \
  Router::start_erased(const Target&, const T&, const CallOptions&, Shared*, \
                       std::shared_ptr<internal::Sink<T::Result>>);
using internal::TypedApply;  // NOLINT(misc-unused-using-decls)
KV_BUCKET_OPS(KV_INSTANTIATE)
KV_NODE_OPS(KV_INSTANTIATE)
#undef KV_INSTANTIATE

}  // namespace kv
