// kv::Router: runs an operation where its bucket lives.
#ifndef KV_ROUTER_H_
#define KV_ROUTER_H_

#include <functional>
#include <string_view>

#include "kv/bucket_ref.h"
#include "kv/call_options.h"
#include "kv/export.h"
#include "kv/ops.h"
#include "kv/task.h"

namespace kv {

namespace internal {
class Core;
// What a call is aimed at. Borrows its text for the length of the call that it
// is given to.
struct Target {
  std::string_view bucket = {};  // empty: none
  std::string_view node = {};    // empty: the table decides
  std::uint64_t bucket_id = 0;   // 0: whichever bucket has the name
  enum class Kind { kBucket, kRef, kNode } kind = Kind::kBucket;
};
}  // namespace internal

// Belongs to a Node, and lives as long. Safe from any thread.
//
// route() runs `op` on the calling thread if the table says that the bucket
// lives here, else by one call to the peer that the table names, which looks at
// its own table and may pass it on. The op's own errors come back unchanged,
// and outcome(status) tells of each failure whether it ran:
//
//   kInvalidArgument    an empty or over-long bucket name, key or value; a bad
//   node      not_run kOutOfRange         no entry of the table holds the
//   bucket                           not_run kNotFound           the owner has
//   no such bucket                                         ran kUnimplemented
//   the owner has not defined this op                                not_run
//   kAborted            tables that send the call in a circle (after a wait of
//   some      not_run
//                       ms for one to be mended), more than max_hops, a stale
//                       ref, or an op that would wait for its own bucket
//   kUnavailable        the peer can't be reached, or the connection broke
//   not_run, unknown kDeadlineExceeded   the time is up not_run, unknown
//   kResourceExhausted  a limit of this node or that one not_run kInternal the
//   op threw                                                         ran
//   kCancelled          cancelled, or the node is stopping not_run, unknown
//
// A call that may have run is never sent again by the library.
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
  // (Whoami, Apply).
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

  // The same with a callback, called once, on a callback thread of the node.
  // Nothing cancels it but the deadline and the end of the node.
  template <typename Op>
  void async(std::string_view bucket, const Op& op,
             Callback<typename Op::Value> callback,
             const CallOptions& options = {}) {
    start(to_bucket(bucket), op, options).then(std::move(callback));
  }
  template <typename Op>
  void async(const BucketRef& ref, const Op& op,
             Callback<typename Op::Value> callback,
             const CallOptions& options = {}) {
    start(to_ref(ref), op, options).then(std::move(callback));
  }
  template <typename Op>
  void async_call(std::string_view node, const Op& op,
                  Callback<typename Op::Value> callback,
                  const CallOptions& options = {}) {
    start(to_node(node), op, options).then(std::move(callback));
  }

 private:
  using Target = internal::Target;
  static Target to_bucket(std::string_view bucket) {
    return {bucket, {}, 0, Target::Kind::kBucket};
  }
  static Target to_ref(const BucketRef& ref) {
    return {ref.name(), ref.node(), ref.id(), Target::Kind::kRef};
  }
  static Target to_node(std::string_view node) {
    return {{}, node, 0, Target::Kind::kNode};
  }

  // Defined in lib/node/router.cc for the operations of kv/ops.h.
  template <typename Op>
  typename Op::Result run(const Target& target, const Op& op,
                          const CallOptions& options);
  template <typename Op>
  Task<typename Op::Value> start(const Target& target, const Op& op,
                                 const CallOptions& options);

  internal::Core& core_;
};

}  // namespace kv

#endif  // KV_ROUTER_H_
