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
#include "exec/line.h"
#include "exec/timers.h"
#include "kv/internal/task_state.h"
#include "node/call_set.h"
#include "node/core.h"
#include "node/tracer.h"
#include "peer/peer.h"

namespace kv::internal {

// Decides where the operation runs, and runs it here or passes it on, without
// holding a thread while it waits for a bucket or a peer. Ends once: with the
// answer, a failure, its deadline, or a cancel. Safe from any thread.
class Call final : public CallSet::Entry,
                   public Passenger,
                   public std::enable_shared_from_this<Call> {
 public:
  // Calls `done` once, possibly before it returns. `destination`: where it goes
  // whatever the table says. `begun`: now. `batch`: what it leaves with if it
  // has to go to a peer at once, or nullptr. The caller has checked names and
  // sizes.
  static std::shared_ptr<Call> start(std::shared_ptr<Core> core,
                                     Request&& request,
                                     std::optional<NodeName> destination,
                                     Clock::time_point begun, Done done,
                                     Batch* batch);
  // The same for a call that a peer has sent, which is checked.
  static std::shared_ptr<Call> receive(std::shared_ptr<Core> core,
                                       Request request, Done done);
  // As Receiver::answer_now.
  static std::optional<Response> answer_now(Core& core, const Request& request);

  enum class From { kHere, kPeer };
  Call(std::shared_ptr<Core> core, Request&& request,
       std::optional<NodeName> destination, Clock::time_point begun,
       Done&& done, From from)
      : core_(std::move(core)),
        destination_(std::move(destination)),
        from_(from),
        begun_(begun),
        large_(taken_if_large(request)),
        small_(std::move(request)),
        done_(std::move(done)) {}

  void cancel() override;

  // For whoever runs the operation:

  Core& core() const { return *core_; }
  const Request& request() const override { return request_; }
  std::shared_ptr<const Request> share_request() override {
    if (large_ != nullptr) return large_;
    return {shared_from_this(), &request_};
  }
  bool ended() const;
  // `inner` is cancelled if this call is given up: by a cancel or its deadline.
  void adopt(const std::shared_ptr<Cancellable>& inner);
  // False: the call has ended, so the operation must not begin.
  bool begin();
  // After begin(), for the observer: it runs, since `begun` or from now on.
  void run_begins(std::optional<Clock::time_point> begun = std::nullopt);
  // After begin(): it could not begin after all. False: the call has ended.
  bool take_back_begin();
  // The node has too much to do.
  void refuse_for_load(absl::Status status);
  // A failure carries its outcome: unmarked, it is the operation's own.
  void complete(Answer answer, std::string out = {});

 private:
  class BuiltinTurn;
  class HostOpTurn;
  struct TracedHop {
    Hop hop;
    Clock::time_point arrived = Clock::now();
  };
  // What is left to do for a call that has just ended.
  struct Ending {
    Done done;
    bool away = false;
    std::unique_ptr<TracedHop> hop;
    std::unique_ptr<const OpenSpan> part;
    Line* line = nullptr;
    std::uint32_t round = 0;
    std::shared_ptr<Cancellable> at_peer;
    std::optional<Timers::Id> timer;
    std::shared_ptr<StoredBucket> bucket;
    std::uint64_t ticket = 0;
  };

  // Ends a call that was not let in.
  void turn_away(absl::Status status);

  // What the observer hears: the call as a whole, and one part at a time.
  void trace_whole();
  void trace_part(Span::Kind kind, const NodeName* peer,
                  std::optional<Clock::time_point> begun = std::nullopt);
  void end_part(const absl::Status& status);

  // Where it runs: call.cc.
  void advance(Batch* batch, Clock::time_point now);

  // Running it on this node: call_here.cc.
  void run_here();
  void look_for_bucket_again();
  // A message that has left may still share the request, so that nothing may be
  // taken from it.
  bool may_be_shared() const { return looks_ > 0; }
  Op op_to_run() {
    return may_be_shared() ? request_.op : std::move(request_.op);
  }
  void run_builtin();
  void run_host_op(const std::string& name);
  absl::Status check_not_held() const;
  void wait_for_turn(std::shared_ptr<StoredBucket> bucket,
                     std::shared_ptr<Turn> turn);
  void watch_deadline();

  // On its way to a peer: call_there.cc.
  void forward(const NodeName& node, Batch* batch);
  bool make_ready_to_travel();
  bool wait_and_look_again(const absl::Status& status);
  absl::Status enter(Line& line, std::uint32_t& round) const;
  void leave(Line& line) const;
  std::string way_to(const NodeName& next) const;
  std::uint64_t leave(std::shared_ptr<Cancellable> at_peer) override;
  void left(std::uint64_t number,
            std::shared_ptr<Cancellable> at_peer) override;
  void answered(Response&& response) override;
  void expired() override;
  void kept_back(const NodeName& peer) override;

  // How it ends.
  void refuse(absl::Status status, bool look_again = false);
  void give_up(absl::Status status);
  bool end(Ending& ending);  // false: it has ended already
  void answer(Ending& ending, Response&& response);
  void note(const Ending& ending, const absl::Status& status);

  const std::shared_ptr<Core> core_;
  const std::optional<NodeName> destination_;
  const From from_;
  const Clock::time_point begun_;
  std::unique_ptr<const OpenSpan> whole_;  // null: there is no observer
  Shares::Place place_at_peer_;  // if it has come from one, until it ends

  // Of the thread that decides: one at a time.
  // A large one may have to outlive the call, since a message that leaves
  // slowly shares it, and the call itself must not outlive its node.
  static constexpr std::size_t kLarge = 64 * 1024;
  static std::shared_ptr<Request> taken_if_large(Request& request) {
    if (size_of(request) < kLarge) return nullptr;
    return std::make_shared<Request>(std::move(request));
  }
  const std::shared_ptr<Request> large_;  // nullptr: it is a small one
  Request small_;
  Request& request_ = large_ == nullptr ? small_ : *large_;
  int looks_ = 0;

  mutable Mutex mutex_;
  Done done_ ABSL_GUARDED_BY(mutex_);          // null: it has ended
  bool away_ ABSL_GUARDED_BY(mutex_) = false;  // sent to a peer, or begun here
  std::unique_ptr<TracedHop> hop_ ABSL_GUARDED_BY(mutex_);  // if wanted
  std::unique_ptr<const OpenSpan> part_ ABSL_GUARDED_BY(mutex_);
  // The line that it has entered, and what keeps that for as long as this call
  // lives: to let go of it sooner would be to write where others read.
  Line* line_ ABSL_GUARDED_BY(mutex_) = nullptr;
  std::shared_ptr<Line> keeps_line_ ABSL_GUARDED_BY(mutex_);
  std::uint32_t round_ ABSL_GUARDED_BY(mutex_) = 0;  // of the line's throttle
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
