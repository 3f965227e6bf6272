// Channel: a gRPC channel to one node, and what waits for its connection.
#ifndef KV_RPC_CHANNEL_H_
#define KV_RPC_CHANNEL_H_

#include <grpcpp/alarm.h>
#include <grpcpp/channel.h>
#include <grpcpp/client_context.h>

#include <chrono>
#include <cstddef>
#include <list>
#include <memory>
#include <string>

#include "absl/base/thread_annotations.h"
#include "absl/status/status.h"
#include "base/clock.h"
#include "base/mutex.h"
#include "kv/node_name.h"
#include "kvroute/v1/kvroute.grpc.pb.h"
#include "rpc/credentials.h"

namespace kv::internal {

struct ChannelOptions {
  std::chrono::milliseconds connect_timeout{5000};
  std::size_t max_message_bytes = 0;
  Credentials credentials;
  std::string cookie;  // empty: none is sent
};

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
// here until then. Safe from any thread.
class Channel : public std::enable_shared_from_this<Channel> {
 public:
  Channel(const NodeName& name, const ChannelOptions& options);

  ::kvroute::v1::Peer::Stub& stub() { return *stub_; }
  // Says who calls. Each call needs it, before it leaves.
  void sign(grpc::ClientContext& context) const;

  // stay() with kUnavailable at once where the last attempt to connect failed
  // and the next is not due, else when it fails; with kDeadlineExceeded.
  void depart(std::shared_ptr<Departure> departure);
  // stay() with `why` if it still waits.
  void call_back(const Departure& departure, const absl::Status& why);

  // Waits for a connection. kUnavailable, kDeadlineExceeded.
  absl::Status connect(Clock::time_point deadline);
  bool connected() const;

 private:
  using Waiting = std::list<std::shared_ptr<Departure>>;

  absl::Status unreachable() const;
  void look();
  void look_later() ABSL_EXCLUSIVE_LOCKS_REQUIRED(mutex_);

  const NodeName name_;
  const std::string cookie_;
  const std::shared_ptr<grpc::Channel> channel_;
  const std::unique_ptr<::kvroute::v1::Peer::Stub> stub_;

  Mutex mutex_;
  Waiting waiting_ ABSL_GUARDED_BY(mutex_);
  std::chrono::milliseconds pause_ ABSL_GUARDED_BY(mutex_){0};
  bool looking_ ABSL_GUARDED_BY(mutex_) = false;  // alarm_ will call look()
  std::unique_ptr<grpc::Alarm> alarm_ ABSL_GUARDED_BY(mutex_);
};

// As gRPC wants it; never past the end of time.
gpr_timespec to_gpr(Clock::time_point deadline);

}  // namespace kv::internal

#endif  // KV_RPC_CHANNEL_H_
