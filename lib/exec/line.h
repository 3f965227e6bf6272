// Line: the way to one peer, and the calls that share trips on it.
#ifndef KV_EXEC_LINE_H_
#define KV_EXEC_LINE_H_

#include <atomic>
#include <chrono>
#include <cstddef>
#include <cstdint>
#include <list>
#include <memory>
#include <optional>
#include <string>
#include <vector>

#include "absl/base/thread_annotations.h"
#include "absl/status/status.h"
#include "base/clock.h"
#include "base/mutex.h"
#include "exec/ack_window.h"
#include "exec/crowd.h"
#include "exec/throttle.h"
#include "exec/timers.h"
#include "kv/internal/task_state.h"
#include "kv/node_name.h"
#include "peer/peer.h"

namespace kv::internal {

// A call that goes to a peer. The Line calls it from any thread, without a
// lock.
class Passenger {
 public:
  virtual ~Passenger() = default;

  // Stays as it is until answered().
  virtual const Request& request() const = 0;
  // The same for the peer, which may have it for longer: its operation stays as
  // it is as long as it is shared.
  virtual std::shared_ptr<const Request> share_request() = 0;

  // From now on it may arrive. 0: nobody wants the answer any more, so it must
  // not leave. Else a number for left(). `at_peer` ends it, if that is known.
  virtual std::uint64_t leave(std::shared_ptr<Cancellable> at_peer) = 0;
  // What ends the call that left with that number; possibly after answered().
  virtual void left(std::uint64_t number,
                    std::shared_ptr<Cancellable> at_peer) = 0;
  // Once.
  virtual void answered(Response&& response) = 0;
  // Its deadline has passed.
  virtual void expired() = 0;
  // It does not leave, since too many wait to leave for the peer.
  virtual void kept_back(const NodeName& peer) = 0;

 private:
  friend class Line;
  using Queue = std::list<std::shared_ptr<Passenger>>;
  // Guarded by the line. Where it waits, or nullptr, and since when.
  Queue* waits_in_ = nullptr;
  Queue::iterator place_;
  std::size_t bytes_ = 0;
  Clock::time_point since_;
};

// A call that finds nobody on the way goes at once, by itself. Others go
// together as one message, in the order in which they came: when no trip is
// under way any more, or before that when they are as many as those that are
// away and as can be expected to come, so that peer and caller both have work.
// So the more calls there are, the more each trip carries; no timer makes one
// wait.
//
// A trip is over soon whatever it carries: the receiver answers what it can
// answer at once and hands the rest back, which then goes by itself, as do
// operations of the host and large ones from the beginning.
//
// Of operations of hosts that come faster than gRPC and the peer can take them
// in, so many leave as the AckWindow lets, and the others wait here: inside
// gRPC neither node would see them. When there are too many of them (see Crowd)
// the first, which have waited longest, are kept back. Safe from any thread.
class Line : public std::enable_shared_from_this<Line> {
 public:
  struct Options {
    std::size_t max_trips = 4;
    std::size_t max_trip_ops = 1024;
    std::size_t max_trip_bytes = 256 * 1024;
    std::size_t max_calls = 16384;
    Clock::duration max_delay = std::chrono::milliseconds(5);  // see Crowd
  };

  // `peers` and `timers` outlive the line and its calls.
  Line(NodeName name, Peers& peers, Timers& timers, const Options& options);
  Line(const Line&) = delete;
  Line& operator=(const Line&) = delete;

  void send(std::shared_ptr<Passenger> passenger);
  // All in one trip, which ends with its last call, however long that takes.
  void send_together(std::vector<std::shared_ptr<Passenger>> passengers);
  // It waits no more, if it waits for a trip.
  void withdraw(Passenger& passenger);

  // Of the calls that go this way, whose maker asks it.
  Throttle& throttle() { return throttle_; }
  const NodeName& name() const { return name_; }
  // A call that was sent with it has ended.
  void note(const absl::Status& status);

  // Calls that have left and are not answered, calls that wait, and those that
  // have ended: with an answer of their own or without, the last of which said
  // that.
  struct Load {
    NodeName name = {};
    std::size_t away = 0;
    std::size_t waiting = 0;
    std::uint64_t answered = 0;
    std::uint64_t failed = 0;
    std::string last_failure = {};
    Clock::time_point last_failure_time = {};
  };
  Load load() const;

 private:
  class Trip;
  using Queue = Passenger::Queue;

  bool may_share(const Request& request, std::size_t bytes) const;
  // A call that goes by itself: the next one waits for a trip, or does not; the
  // latter also for those that the window is for.
  enum class Single { kAlone, kBeside, kOp };
  void send_single(std::shared_ptr<Passenger> passenger, Single how);
  void wait_in(Queue& queue, const std::shared_ptr<Passenger>& passenger)
      ABSL_EXCLUSIVE_LOCKS_REQUIRED(mutex_);
  void wait_for_trip(const std::shared_ptr<Passenger>& passenger,
                     std::size_t bytes) ABSL_EXCLUSIVE_LOCKS_REQUIRED(mutex_);
  // The first of a queue, whose place is free then.
  std::shared_ptr<Passenger> take_first(Queue& queue)
      ABSL_EXCLUSIVE_LOCKS_REQUIRED(mutex_);
  std::size_t expected() const ABSL_EXCLUSIVE_LOCKS_REQUIRED(mutex_);
  bool worth_a_trip() const ABSL_EXCLUSIVE_LOCKS_REQUIRED(mutex_);
  std::shared_ptr<Trip> next_trip() ABSL_EXCLUSIVE_LOCKS_REQUIRED(mutex_);
  void depart(const std::shared_ptr<Trip>& trip);
  void arrived(Trip& trip, std::size_t place, Response&& response);
  void end_of(Trip& trip);

  // Operations of hosts.
  void send_op(std::shared_ptr<Passenger> passenger);
  void depart_op(std::shared_ptr<Passenger> passenger, bool ask);
  std::vector<std::shared_ptr<Passenger>> take_late(Clock::time_point now)
      ABSL_EXCLUSIVE_LOCKS_REQUIRED(mutex_);
  bool first_is_late(Clock::time_point now) const
      ABSL_EXCLUSIVE_LOCKS_REQUIRED(mutex_);
  void ask_for_acknowledgement(const NodeName* sender);
  void acknowledged(bool answered, Clock::time_point asked);
  void let_ops_leave();
  void op_ended(bool ran);

  // Deadlines of calls that wait here, and of those that share a trip with
  // others: the trip itself has the last one of them.
  void watch(Clock::time_point deadline) ABSL_EXCLUSIVE_LOCKS_REQUIRED(mutex_);
  void look_at_deadlines();

  const NodeName name_;
  Peers& peers_;
  Timers& timers_;
  const Options options_;
  Throttle throttle_;

  mutable Mutex mutex_;
  Queue waiting_ ABSL_GUARDED_BY(mutex_);  // none, unless a trip is under way
  std::size_t waiting_bytes_ ABSL_GUARDED_BY(mutex_) = 0;
  Queue ops_ ABSL_GUARDED_BY(mutex_);  // that the window keeps here
  AckWindow window_ ABSL_GUARDED_BY(mutex_);
  Crowd crowd_ ABSL_GUARDED_BY(mutex_);
  bool ops_depart_ ABSL_GUARDED_BY(mutex_) = false;     // a thread sees to it
  Clock::time_point heard_at_ ABSL_GUARDED_BY(mutex_);  // of the peer, by them
  // The calls that ask for acknowledgements. Once all operations that are away
  // have ended there is nothing to acknowledge, and they end too.
  std::vector<std::weak_ptr<Cancellable>> questions_ ABSL_GUARDED_BY(mutex_);
  std::size_t ops_away_ ABSL_GUARDED_BY(mutex_) = 0;  // also in beside_
  Queue spare_ ABSL_GUARDED_BY(mutex_);  // places of nobody, to be used again
  // Calls under way by themselves: because they found nobody on the way, or
  // because they never share a trip.
  std::size_t alone_ ABSL_GUARDED_BY(mutex_) = 0;
  std::size_t beside_ ABSL_GUARDED_BY(mutex_) = 0;
  std::size_t trips_ ABSL_GUARDED_BY(mutex_) = 0;  // of those under way, fast
  std::size_t away_ ABSL_GUARDED_BY(mutex_) = 0;   // the calls they carry
  // How many calls share trips or wait for one when there are most of them;
  // falls slowly when there are fewer.
  std::size_t level_ ABSL_GUARDED_BY(mutex_) = 0;
  std::list<std::shared_ptr<Trip>> under_way_ ABSL_GUARDED_BY(mutex_);
  std::optional<Timers::Id> timer_ ABSL_GUARDED_BY(mutex_);

  std::atomic<std::uint64_t> answered_{0};
  std::atomic<std::uint64_t> failed_{0};
  mutable Mutex failure_mutex_;
  std::string last_failure_ ABSL_GUARDED_BY(failure_mutex_);
  Clock::time_point last_failure_time_ ABSL_GUARDED_BY(failure_mutex_);
};

}  // namespace kv::internal

#endif  // KV_EXEC_LINE_H_
