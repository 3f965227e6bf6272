// kv::Router: runs an operation where its bucket lives.
#ifndef KV_ROUTER_H_
#define KV_ROUTER_H_

#include <chrono>
#include <functional>
#include <memory>
#include <optional>
#include <string>
#include <string_view>
#include <type_traits>
#include <utility>
#include <vector>

#include "absl/status/statusor.h"
#include "kv/bucket_ref.h"
#include "kv/call_options.h"
#include "kv/export.h"
#include "kv/internal/task_state.h"
#include "kv/node_name.h"
#include "kv/ops.h"
#include "kv/task.h"

namespace kv {

namespace internal {
class Batch;
class Core;
// What a call is aimed at. Borrows its text for the length of the call that it
// is given to.
struct Target {
  std::string_view bucket = {};  // empty: none
  std::string_view node = {};    // empty: the table decides
  std::uint64_t bucket_id = 0;   // 0: whichever bucket has the name
  enum class Kind { kBucket, kRef, kNode } kind = Kind::kBucket;
};

// What travels for an operation: itself, or what it says as its Op::Erased.
template <typename Op, typename = void>
struct ErasedOp {
  using Type = Op;
  static const Op& erase(const Op& op) { return op; }
  static typename Op::Result typed(typename Op::Result result) {
    return result;
  }
};
template <typename Op>
struct ErasedOp<Op, std::void_t<typename Op::Erased>> {
  using Type = typename Op::Erased;
  static const Type& erase(const Op& op) { return op.erased(); }
  static typename Op::Result typed(typename Type::Result result) {
    return Op::typed(std::move(result));
  }
};
}  // namespace internal

// Belongs to a Node, and lives as long. Safe from any thread.
//
// route() runs `op` on the calling thread if the table says that the bucket
// lives here, else by one call to the peer that the table names, which looks at
// its own table and may pass it on. The op's own errors come back unchanged,
// and outcome(status) tells of each failure whether it ran.
//
// kInvalidArgument, not_run: an empty or over-long bucket name, key or value; a
//   bad node.
// kOutOfRange, not_run: no entry of the table holds the bucket.
// kNotFound, ran: the owner has no such bucket.
// kUnimplemented, not_run: the owner has not defined this op.
// kAborted, not_run: tables that send the call in a circle (after a wait of
//   some ms for one to be mended), more than max_hops, a stale ref, or an op
//   that would wait for its own bucket.
// kUnavailable, not_run or unknown: the peer can't be reached, or the
//   connection broke.
// kDeadlineExceeded, not_run or unknown: the time is up.
// kResourceExhausted, not_run: a limit of this node or that one.
// kInternal, ran: the op threw.
// kCancelled, not_run or unknown: cancelled, or the node is stopping.
//
// A call that may have run is never sent again by the library. Calls to a peer
// that others are on their way to travel together. Two calls that are under way
// at once may overtake each other: await the first where their order matters.
class KV_EXPORT Router {
 public:
  explicit Router(internal::Core& core) : core_(core) {}  // made by Node
  Router(const Router&) = delete;
  Router& operator=(const Router&) = delete;

  // By bucket; waits for the result.
  template <typename Op>
  typename Op::Result route(std::string_view bucket, const Op& op,
                            const CallOptions& options = {}) {
    return run(to_bucket(bucket), op, options);
  }
  template <typename Op>
  typename Op::Result route(const BucketRef& ref, const Op& op,
                            const CallOptions& options = {}) {
    return run(to_ref(ref), op, options);
  }
  // By node, whatever the table says: for operations that need no bucket
  // (Whoami, Buckets, Apply, those of kv/admin_ops.h and of the host).
  template <typename Op>
  typename Op::Result call(std::string_view node, const Op& op,
                           const CallOptions& options = {}) {
    return run(to_node(node), op, options);
  }

  // The same without waiting.
  template <typename Op>
  Task<typename Op::Value> async(std::string_view bucket, const Op& op,
                                 const CallOptions& options = {}) {
    return start(to_bucket(bucket), op, options);
  }
  template <typename Op>
  Task<typename Op::Value> async(const BucketRef& ref, const Op& op,
                                 const CallOptions& options = {}) {
    return start(to_ref(ref), op, options);
  }
  template <typename Op>
  Task<typename Op::Value> async_call(std::string_view node, const Op& op,
                                      const CallOptions& options = {}) {
    return start(to_node(node), op, options);
  }

  // The same with a callback, called once, on a callback thread of the node,
  // where it may block, or where Task::then() says; it must not throw. Nothing
  // cancels the call but its deadline and the end of the node.
  template <typename Op>
  void async(std::string_view bucket, const Op& op,
             Callback<typename Op::Value> callback,
             const CallOptions& options = {}) {
    start(to_bucket(bucket), op, std::move(callback), options);
  }
  template <typename Op>
  void async(const BucketRef& ref, const Op& op,
             Callback<typename Op::Value> callback,
             const CallOptions& options = {}) {
    start(to_ref(ref), op, std::move(callback), options);
  }
  template <typename Op>
  void async_call(std::string_view node, const Op& op,
                  Callback<typename Op::Value> callback,
                  const CallOptions& options = {}) {
    start(to_node(node), op, std::move(callback), options);
  }

  // `op` on each of `buckets`, with one call to each owner; the results in the
  // order of the buckets, each with an error of its own. `options` hold for
  // each; its trace and out are not used.
  template <typename Op>
  std::vector<typename Op::Result> route_all(
      const std::vector<std::string>& buckets, const Op& op,
      const CallOptions& options = {}) {
    std::vector<Task<typename Op::Value>> tasks;
    tasks.reserve(buckets.size());
    {
      Shared shared(*this);
      for (const std::string& bucket : buckets) {
        tasks.push_back(start(to_bucket(bucket), op, options, &shared));
      }
    }
    return await_all(tasks, kForever);  // each ends at its own deadline
  }

  // The node that this node's table names for `bucket`. kOutOfRange,
  // kInvalidArgument.
  absl::StatusOr<NodeName> owner_of(std::string_view bucket) const;

 private:
  using Target = internal::Target;
  static constexpr std::chrono::nanoseconds kForever =
      std::chrono::nanoseconds::max();

  static Target to_bucket(std::string_view bucket) {
    return {bucket, {}, 0, Target::Kind::kBucket};
  }
  static Target to_ref(const BucketRef& ref) {
    return {ref.name(), ref.node(), ref.id(), Target::Kind::kRef};
  }
  static Target to_node(std::string_view node) {
    return {{}, node, 0, Target::Kind::kNode};
  }

  // Calls that are begun while it lives leave together when it ends, those to
  // one node in one message.
  class KV_EXPORT Shared {
   public:
    explicit Shared(Router& router);
    ~Shared();
    Shared(const Shared&) = delete;
    Shared& operator=(const Shared&) = delete;

   private:
    friend class Router;
    std::unique_ptr<internal::Batch> batch_;
  };

  template <typename Op>
  typename Op::Result run(const Target& target, const Op& op,
                          const CallOptions& options) {
    using Erased = internal::ErasedOp<Op>;
    if constexpr (std::is_same_v<typename Erased::Type, Op>) {
      return run_erased(target, op, options);
    } else {
      return Erased::typed(run_erased(target, Erased::erase(op), options));
    }
  }
  template <typename Op>
  Task<typename Op::Value> start(const Target& target, const Op& op,
                                 const CallOptions& options,
                                 Shared* shared = nullptr) {
    using Erased = internal::ErasedOp<Op>;
    auto state = std::make_shared<State<Op>>(runner());
    state->set_work(
        start_erased(target, Erased::erase(op), options, shared, state));
    return Task<typename Op::Value>(std::move(state));
  }
  template <typename Op>
  void start(const Target& target, const Op& op,
             Callback<typename Op::Value> callback,
             const CallOptions& options) {
    start_erased(
        target, internal::ErasedOp<Op>::erase(op), options, nullptr,
        std::make_shared<CallbackState<Op>>(runner(), std::move(callback)));
  }

  // Takes what travelled for `Op`, and gives the task what `Op` promises.
  template <typename Op>
  class State final
      : public internal::TaskState<typename Op::Value>,
        public internal::Sink<typename internal::ErasedOp<Op>::Type::Result> {
   public:
    using internal::TaskState<typename Op::Value>::TaskState;

   private:
    using Erased = internal::ErasedOp<Op>;
    void complete(typename Erased::Type::Result&& result, internal::Job deliver,
                  std::shared_ptr<internal::Cancellable> /*call*/) override {
      this->finish_with(Erased::typed(std::move(result)), std::move(deliver));
    }
  };
  // The same for a callback.
  template <typename Op>
  class CallbackState final
      : public internal::Sink<typename internal::ErasedOp<Op>::Type::Result>,
        public std::enable_shared_from_this<CallbackState<Op>> {
   public:
    CallbackState(std::shared_ptr<internal::Runner> runner,
                  Callback<typename Op::Value> callback)
        : runner_(std::move(runner)), callback_(std::move(callback)) {}

   private:
    using Erased = internal::ErasedOp<Op>;
    void complete(typename Erased::Type::Result&& result, internal::Job deliver,
                  std::shared_ptr<internal::Cancellable> call) override {
      result_.emplace(std::move(result));
      deliver_ = std::move(deliver);
      call_ = std::move(call);
      run_on(runner_, [self = this->shared_from_this()] { self->run(); });
    }
    // What is the host's dies here, whoever else keeps this.
    void run() {
      call_ = nullptr;
      const Callback<typename Op::Value> callback = std::move(callback_);
      internal::Job deliver = std::move(deliver_);
      callback_ = nullptr;
      deliver_ = nullptr;
      typename Op::Result result = Erased::typed(*std::move(result_));
      result_.reset();
      if (deliver) deliver();
      callback(std::move(result));
    }

    const std::shared_ptr<internal::Runner> runner_;
    Callback<typename Op::Value> callback_;
    std::optional<typename Erased::Type::Result> result_;
    internal::Job deliver_;
    std::shared_ptr<internal::Cancellable> call_;
  };

  // Defined in lib/node/router.cc for the operations of kv/ops.h and
  // TypedApply.
  template <typename Op>
  typename Op::Result run_erased(const Target& target, const Op& op,
                                 const CallOptions& options);
  template <typename Op>
  std::shared_ptr<internal::Cancellable> start_erased(
      const Target& target, const Op& op, const CallOptions& options,
      Shared* shared,
      std::shared_ptr<internal::Sink<typename Op::Result>> sink);
  std::shared_ptr<internal::Runner> runner();

  internal::Core& core_;
};

}  // namespace kv

#endif  // KV_ROUTER_H_
