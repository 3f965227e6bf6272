#include "echo.h"

#include <grpcpp/grpcpp.h>

#include <condition_variable>
#include <iostream>
#include <mutex>
#include <optional>
#include <utility>
#include <vector>

#include "echo.grpc.pb.h"
#include "fail.h"
#include "shape.h"

namespace kv_bench {
namespace {

using kvbench::EchoReply;
using kvbench::EchoRequest;

// What kvroute's message holds beside name, key and value: the path, as foo
// begins it, and three bytes for hops and the kind of operation.
constexpr char kPath[] = "foo@127.0.0.1:40001...";

void answer(const EchoRequest& request, EchoReply& reply) {
  static const std::string kBytes(kLargeBytes, 'v');
  reply.set_value(kBytes.data(), request.answer_bytes());
}

class SyncService final : public kvbench::Echo::Service {
  grpc::Status Call(grpc::ServerContext* /*context*/,
                    const EchoRequest* request, EchoReply* reply) override {
    answer(*request, *reply);
    return grpc::Status::OK;
  }
};

class CallbackService final : public kvbench::Echo::CallbackService {
  grpc::ServerUnaryReactor* Call(grpc::CallbackServerContext* context,
                                 const EchoRequest* request,
                                 EchoReply* reply) override {
    answer(*request, *reply);
    grpc::ServerUnaryReactor* const reactor = context->DefaultReactor();
    reactor->Finish(grpc::Status::OK);
    return reactor;
  }
};

EchoRequest request_of(const EchoShape& shape) {
  EchoRequest request;
  request.set_bucket(kRemoteBucket);
  request.set_key(key(0));
  request.set_path(kPath);
  request.set_value(std::string(shape.value_bytes, 'v'));
  request.set_answer_bytes(static_cast<std::uint32_t>(shape.answer_bytes));
  return request;
}

void check_reply(const grpc::Status& status, const EchoReply& reply,
                 const EchoRequest& request) {
  if (!status.ok()) fail(status.error_message());
  if (reply.value().size() != request.answer_bytes()) fail("a short answer");
}

}  // namespace

int say_grpc_version() {
  std::cout << grpc::Version() << std::endl;
  return 0;
}

int serve_echo(const std::string& form) {
  SyncService sync;
  CallbackService callback;
  grpc::ServerBuilder builder;
  int port = 0;
  builder.AddListeningPort("127.0.0.1:0", grpc::InsecureServerCredentials(),
                           &port);
  if (form == "sync") {
    builder.RegisterService(&sync);
  } else {
    builder.RegisterService(&callback);
  }
  const std::unique_ptr<grpc::Server> server = builder.BuildAndStart();
  if (server == nullptr) fail("no gRPC server");
  std::cout << "127.0.0.1:" << port << std::endl;
  for (std::string line; std::getline(std::cin, line);) {
  }
  return 0;
}

struct EchoClient::Parts {
  explicit Parts(const std::string& address)
      : stub(kvbench::Echo::NewStub(grpc::CreateChannel(
            address, grpc::InsecureChannelCredentials()))) {}

  const std::unique_ptr<kvbench::Echo::Stub> stub;
};

EchoClient::EchoClient(const std::string& server_form)
    : server_({"serve-echo", server_form}),
      parts_(std::make_unique<Parts>(server_.address())) {}

EchoClient::~EchoClient() = default;

BlockingOp EchoClient::sync_call(const EchoShape& shape) {
  return [request = request_of(shape), stub = parts_->stub.get()] {
    grpc::ClientContext context;
    EchoReply reply;
    const grpc::Status status = stub->Call(&context, request, &reply);
    check_reply(status, reply, request);
  };
}

BlockingOp EchoClient::waiting_call(const EchoShape& shape) {
  return [request = request_of(shape), stub = parts_->stub.get()] {
    grpc::ClientContext context;
    EchoReply reply;
    std::mutex mutex;
    std::condition_variable ended;
    std::optional<grpc::Status> status;
    stub->async()->Call(&context, &request, &reply, [&](grpc::Status result) {
      const std::lock_guard<std::mutex> lock(mutex);
      status = std::move(result);
      ended.notify_one();
    });
    std::unique_lock<std::mutex> lock(mutex);
    ended.wait(lock, [&] { return status.has_value(); });
    check_reply(*status, reply, request);
  };
}

AsyncOp EchoClient::async_call(const EchoShape& shape, std::size_t slots) {
  struct Slot {
    std::optional<grpc::ClientContext> context;
    EchoReply reply;
    Done done;
  };
  return [request = request_of(shape), stub = parts_->stub.get(),
          each = std::make_shared<std::vector<Slot>>(slots)](std::size_t index,
                                                             Done done) {
    Slot& slot = (*each)[index];
    slot.context.emplace();
    slot.done = std::move(done);
    stub->async()->Call(&*slot.context, &request, &slot.reply,
                        [&request, &slot](const grpc::Status& status) {
                          check_reply(status, slot.reply, request);
                          const Done next = std::move(slot.done);
                          next();
                        });
  };
}

}  // namespace kv_bench
