// Channel: the way to one node, and what waits for its connection.
#ifndef KV_RPC_CHANNEL_H_
#define KV_RPC_CHANNEL_H_

#include <grpcpp/client_context.h>

#include <atomic>
#include <cstdint>
#include <list>
#include <memory>
#include <random>
#include <string>

#include "absl/base/thread_annotations.h"
#include "absl/status/status.h"
#include "absl/status/statusor.h"
#include "absl/strings/string_view.h"
#include "base/clock.h"
#include "base/mutex.h"
#include "kv/node_name.h"
#include "kv/stats.h"
#include "rpc/link.h"

namespace kv::internal {

// Something that is to leave over the channel.
class Departure {
 public:
  virtual ~Departure() = default;
  virtual Clock::time_point deadline() const = 0;
  // One of these is called, once. go(): there is a connection, so from now on
  // it may arrive. stay(): it never left.
  virtual void go() = 0;
  virtual void stay(absl::Status why) = 0;
};

// gRPC does not tell of a call that failed whether it ever left: what could be
// asked (the call's peer address) is gone when a call ends by its deadline or a
// cancel. So calls are given to gRPC only once there is a connection, and wait
// here until then.
//
// That there is one, and whose, and that there is none any more and why, is
// told by a greeting, a call that lasts as long as the connection. A connection
// that is lost is made again at once, and calls wait for it as if nothing had
// happened. If that fails, or takes much longer than the first time (a frozen
// peer still takes connections), the peer is down, and calls fail at once until
// there is a connection again.
//
// With TLS a new link takes an old one's place from time to time, so that
// certificates count which have come since. gRPC's servers can end connections
// by age, too, but a call that leaves at that moment is lost.
//
// Safe from any thread.
class Channel : public std::enable_shared_from_this<Channel> {
 public:
  static std::shared_ptr<Channel> open(const NodeName& name,
                                       std::shared_ptr<Io> io,
                                       const ChannelOptions& options);
  ~Channel();

  Io& io() { return *io_; }
  // To start one call on.
  std::shared_ptr<Link> link() const;
  // Each call needs it, before it leaves.
  void sign(grpc::ClientContext& context) const {
    internal::sign(options_, context);
  }

  // Whether a call can leave at once. Connects if there is no connection.
  bool ready();

  // stay() with kUnavailable at once while the peer is down, else when that
  // turns out; with kDeadlineExceeded.
  void depart(std::shared_ptr<Departure> departure);
  // stay() with `why` if it still waits.
  void call_back(const Departure& departure, const absl::Status& why);

  // Waits for a connection. kUnavailable, kDeadlineExceeded.
  absl::Status connect(Clock::time_point deadline);
  bool connected() const;
  // State and last error, in a PeerStats that has nothing else.
  PeerStats report() const;

  // It is not wanted any more: the listener hears that the peer is down.
  void close();

 private:
  using Waiting = std::list<std::shared_ptr<Departure>>;
  enum class Phase {
    kNew,   // nothing has been tried, or the first attempt goes on
    kUp,    // connected
    kLost,  // was, and is about to be again
    kDown,  // is not, and calls need not wait
  };
  // What to do once the lock is not held any more.
  struct Actions;

  class Wake;

  Channel(const NodeName& name, std::shared_ptr<Io> io,
          const ChannelOptions& options, std::shared_ptr<Link> link);

  // What becomes of the greeting with this number.
  void greeted(std::uint64_t number, std::uint64_t incarnation);
  void ended(std::uint64_t number, const absl::Status& why);
  void tick();
  void act(Actions actions);

  bool is_up() const ABSL_EXCLUSIVE_LOCKS_REQUIRED(mutex_);
  void want(Actions& actions) ABSL_EXCLUSIVE_LOCKS_REQUIRED(mutex_);
  void set_phase(Phase phase) ABSL_EXCLUSIVE_LOCKS_REQUIRED(mutex_);
  void set_up(Actions& actions) ABSL_EXCLUSIVE_LOCKS_REQUIRED(mutex_);
  void set_lost(Actions& actions) ABSL_EXCLUSIVE_LOCKS_REQUIRED(mutex_);
  void set_down(absl::string_view cause, Actions& actions)
      ABSL_EXCLUSIVE_LOCKS_REQUIRED(mutex_);
  void tell_down(const absl::Status& reason)
      ABSL_EXCLUSIVE_LOCKS_REQUIRED(mutex_);
  void start_greeting(Actions& actions) ABSL_EXCLUSIVE_LOCKS_REQUIRED(mutex_);
  void start_renewal(Actions& actions) ABSL_EXCLUSIVE_LOCKS_REQUIRED(mutex_);
  void greet_later(std::chrono::milliseconds pause)
      ABSL_EXCLUSIVE_LOCKS_REQUIRED(mutex_);
  void renew_later(double share) ABSL_EXCLUSIVE_LOCKS_REQUIRED(mutex_);
  void wake_up_at(Clock::time_point time) ABSL_EXCLUSIVE_LOCKS_REQUIRED(mutex_);

  const NodeName name_;
  const std::shared_ptr<Io> io_;
  const ChannelOptions options_;
  Link* const only_link_;           // where it is never replaced, else nullptr
  std::atomic<bool> tried_{false};  // to greet

  mutable Mutex mutex_;
  std::shared_ptr<Link> link_ ABSL_GUARDED_BY(mutex_);
  std::shared_ptr<Link> new_link_ ABSL_GUARDED_BY(mutex_);  // connecting
  Phase phase_ ABSL_GUARDED_BY(mutex_) = Phase::kNew;
  bool closed_ ABSL_GUARDED_BY(mutex_) = false;
  // Greetings are numbered. The one that is under way over link_, and the one
  // over new_link_; 0 if there is none. What others say is void.
  std::uint64_t number_ ABSL_GUARDED_BY(mutex_) = 0;
  std::uint64_t new_number_ ABSL_GUARDED_BY(mutex_) = 0;
  std::uint64_t last_number_ ABSL_GUARDED_BY(mutex_) = 0;
  absl::Status reason_ ABSL_GUARDED_BY(mutex_);  // of kDown
  // kUp, but it does not let this node in.
  bool refused_ ABSL_GUARDED_BY(mutex_) = false;
  absl::Status last_failure_ ABSL_GUARDED_BY(mutex_);
  Clock::time_point last_failure_time_ ABSL_GUARDED_BY(mutex_);
  Waiting waiting_ ABSL_GUARDED_BY(mutex_);

  Clock::time_point attempt_ ABSL_GUARDED_BY(mutex_);  // its beginning
  Clock::duration connect_took_ ABSL_GUARDED_BY(mutex_){0};
  std::minstd_rand random_ ABSL_GUARDED_BY(mutex_);

  // When to do what, or max(). One wake, for the first of them.
  Clock::time_point give_up_at_ ABSL_GUARDED_BY(mutex_);
  Clock::time_point renew_at_ ABSL_GUARDED_BY(mutex_);
  Clock::time_point greet_at_ ABSL_GUARDED_BY(mutex_);
  Clock::time_point wake_at_ ABSL_GUARDED_BY(mutex_);
  std::shared_ptr<Wake> wake_ ABSL_GUARDED_BY(mutex_);
};

}  // namespace kv::internal

#endif  // KV_RPC_CHANNEL_H_
