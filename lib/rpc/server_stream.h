// ServerStream: a call that this node answers with one thing after another.
#ifndef KV_RPC_SERVER_STREAM_H_
#define KV_RPC_SERVER_STREAM_H_

#include <grpcpp/server_context.h>
#include <grpcpp/support/async_stream.h>

#include <memory>
#include <optional>
#include <utility>

#include "absl/base/thread_annotations.h"
#include "base/mutex.h"
#include "rpc/io.h"

namespace kv::internal {

// Expected, come, told what there is to tell, and ended. Keeps itself while
// gRPC has it. Its events come on the thread of its queue; tell() and end() are
// safe from any thread, and neither calls back.
template <typename Request, typename Reply>
class ServerStream
    : public std::enable_shared_from_this<ServerStream<Request, Reply>> {
 public:
  ServerStream(const ServerStream&) = delete;
  ServerStream& operator=(const ServerStream&) = delete;

  // What has not been told yet need not be any more.
  void tell(Reply reply) {
    const MutexLock lock(mutex_);
    next_ = std::move(reply);
    go_on();
  }
  // After what is to be told still.
  void end(const grpc::Status& status) {
    const MutexLock lock(mutex_);
    if (!end_.has_value()) end_ = status;
    go_on();
  }

 protected:
  explicit ServerStream(Io& io) : io_(io) {
    context_.AsyncNotifyWhenDone(&over_);
  }
  virtual ~ServerStream() = default;

  // It has come: expects the next one, and tells or ends this.
  virtual void begin() = 0;
  // There was one, which has ended.
  virtual void gone() = 0;

  // Before it is given to gRPC, after Io::enter().
  void keep() { self_ = this->shared_from_this(); }
  void* tag() { return static_cast<IoEvent*>(&step_); }

  Io& io_;
  grpc::ServerContext context_;
  Request request_;
  grpc::ServerAsyncWriter<Reply> writer_{&context_};

 private:
  // It has come, or something has been told, or its end.
  struct Step final : IoEvent {
    explicit Step(ServerStream& the_stream) : stream(the_stream) {}
    void ended(bool ok) override { stream.stepped(ok); }
    ServerStream& stream;
  };
  // The peer knows the end, or is not interested any more. Only of one that has
  // come.
  struct Over final : IoEvent {
    explicit Over(ServerStream& the_stream) : stream(the_stream) {}
    void ended(bool /*ok*/) override {
      stream.end(grpc::Status::CANCELLED);
      stream.drop_event();
    }
    ServerStream& stream;
  };

  void stepped(bool ok) {
    if (!come_) {
      if (!ok) return let_go();  // the server stops, and nobody came
      come_ = true;
      return begin();
    }
    {
      const MutexLock lock(mutex_);
      if (!finished_) {
        writing_ = false;
        if (!ok) next_ = std::nullopt;
        return go_on();
      }
    }
    drop_event();
  }

  void drop_event() {
    if (--events_ > 0) return;
    gone();
    let_go();
  }
  void let_go() {
    Io& io = io_;
    { const std::shared_ptr<ServerStream> self = std::move(self_); }
    io.leave();
  }

  void go_on() ABSL_EXCLUSIVE_LOCKS_REQUIRED(mutex_) {
    if (writing_ || finished_) return;
    if (next_.has_value()) {
      writing_ = true;
      writer_.Write(*std::exchange(next_, std::nullopt), tag());
    } else if (end_.has_value()) {
      finished_ = true;
      writer_.Finish(*end_, tag());
    }
  }

  Step step_{*this};
  Over over_{*this};
  bool come_ = false;  // as events_, of the queue's thread
  int events_ = 2;     // its end has been told, and it is over
  std::shared_ptr<ServerStream> self_;

  Mutex mutex_;
  std::optional<Reply> next_ ABSL_GUARDED_BY(mutex_);
  std::optional<grpc::Status> end_ ABSL_GUARDED_BY(mutex_);
  bool writing_ ABSL_GUARDED_BY(mutex_) = false;
  bool finished_ ABSL_GUARDED_BY(mutex_) = false;
};

}  // namespace kv::internal

#endif  // KV_RPC_SERVER_STREAM_H_
