// Call: one call, from its arrival at this node to its answer.
#ifndef KV_NODE_CALL_H_
#define KV_NODE_CALL_H_

#include <cstddef>
#include <cstdint>
#include <memory>
#include <optional>
#include <string>
#include <utility>
#include <vector>

#include "absl/base/thread_annotations.h"
#include "absl/status/status.h"
#include "base/mutex.h"
#include "data/stored_bucket.h"
#include "exec/batch.h"
#include "exec/timers.h"
#include "kv/internal/task_state.h"
#include "node/call_set.h"
#include "node/core.h"
#include "peer/peer.h"

namespace kv::internal {

// Decides where the operation runs, and runs it here or passes it on, without
// holding a thread while it waits for a bucket or a peer. Ends once: with the
// answer, a failure, its deadline, or a cancel. Safe from any thread.
class Call final : public Cancellable,
                   public std::enable_shared_from_this<Call> {
 public:
  // Calls `done` once, possibly before it returns. `destination`: where it goes
  // whatever the table says. `batch`: what it leaves with, if it has to go to a
  // peer at once. The caller has checked names and sizes.
  static std::shared_ptr<Call> start(std::shared_ptr<Core> core,
                                     Request request,
                                     std::optional<NodeName> destination,
                                     Done done, Batch* batch = nullptr);
  // The same for a call that a peer has sent, which is checked.
  static std::shared_ptr<Call> receive(std::shared_ptr<Core> core,
                                       Request request, Done done);

  Call(std::shared_ptr<Core> core, Request request,
       std::optional<NodeName> destination, Done done)
      : core_(std::move(core)),
        destination_(std::move(destination)),
        request_(std::move(request)),
        done_(std::move(done)) {}

  void cancel() override;

  // For whoever runs the operation:

  Core& core() const { return *core_; }
  const Request& request() const { return request_; }
  bool ended() const;
  // `inner` is cancelled if this call is given up: by a cancel or its deadline.
  void adopt(const std::shared_ptr<Cancellable>& inner);
  // False: the call has ended, so the operation must not begin.
  bool begin();
  // After begin(): it could not begin after all. False: the call has ended.
  bool take_back_begin();
  // A failure carries its outcome: unmarked, it is the operation's own.
  void complete(Answer answer, std::string out = {});

 private:
  class BuiltinTurn;
  class HostOpTurn;
  // What is left to do for a call that has just ended.
  struct Ending;

  // Ends a call that was not let in.
  void turn_away(absl::Status status);

  // Where it runs: call.cc.
  void advance(Batch* batch = nullptr);
  void forward(const NodeName& node, Batch* batch);
  bool make_ready_to_travel();
  void sent(std::uint64_t number, std::shared_ptr<Cancellable> at_peer);
  void answered(Response response);
  bool wait_and_look_again();
  std::string way_to(const NodeName& next) const;

  // Running it on this node: call_here.cc.
  void run_here();
  void look_for_bucket_again();
  void run_builtin();
  void run_host_op(const std::string& name);
  absl::Status check_not_held() const;
  void wait_for_turn(std::shared_ptr<StoredBucket> bucket,
                     std::shared_ptr<Turn> turn);
  void watch_deadline();

  // How it ends.
  void refuse(absl::Status status, bool look_again = false);
  void give_up(absl::Status status);
  std::optional<Ending> end();  // nullopt: it has ended already
  void answer(Ending ending, Response response);

  const std::shared_ptr<Core> core_;
  const std::optional<NodeName> destination_;
  const Clock::time_point arrived_ = Clock::now();
  CallSet::Place place_;

  // Of the thread that decides: one at a time.
  Request request_;
  int looks_ = 0;

  mutable Mutex mutex_;
  Done done_ ABSL_GUARDED_BY(mutex_);          // null: it has ended
  bool away_ ABSL_GUARDED_BY(mutex_) = false;  // sent to a peer, or begun here
  Hop hop_ ABSL_GUARDED_BY(mutex_);
  std::uint64_t sends_ ABSL_GUARDED_BY(mutex_) = 0;
  std::shared_ptr<Cancellable> at_peer_ ABSL_GUARDED_BY(mutex_);
  std::vector<std::weak_ptr<Cancellable>> inner_ ABSL_GUARDED_BY(mutex_);
  bool given_up_ ABSL_GUARDED_BY(mutex_) = false;
  std::optional<Timers::Id> timer_ ABSL_GUARDED_BY(mutex_);
  // Where it waits for its turn.
  std::shared_ptr<StoredBucket> bucket_ ABSL_GUARDED_BY(mutex_);
  std::uint64_t ticket_ ABSL_GUARDED_BY(mutex_) = 0;
};

}  // namespace kv::internal

#endif  // KV_NODE_CALL_H_
