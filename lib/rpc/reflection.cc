#include "rpc/reflection.h"

#include <google/protobuf/descriptor.pb.h>
#include <grpcpp/impl/rpc_method.h>
#include <grpcpp/impl/rpc_service_method.h>
#include <grpcpp/server_context.h>
#include <grpcpp/support/async_stream.h>

#include <utility>

#include "rpc/descriptors.h"

namespace kv::internal {
namespace {

using google::protobuf::FileDescriptorProto;
using google::protobuf::FileDescriptorSet;
using grpc::internal::RpcMethod;
using grpc::internal::RpcServiceMethod;

// Conversations at a time, each with one question after the other.
constexpr std::size_t kMaxConversations = 64;

constexpr char kHealth[] = "grpc.health.v1.Health";

}  // namespace

// Reads a question and writes its answer, until the caller has no more. One
// event at a time is under way. Deletes itself.
class Reflection::Conversation final : public IoEvent {
 public:
  static void expect(Reflection& reflection, Io& io,
                     grpc::ServerCompletionQueue& queue) {
    if (!io.enter()) return;
    auto* const it = new Conversation(reflection, io, queue);
    reflection.RequestAsyncBidiStreaming(0, &it->context_, &it->stream_, &queue,
                                         &queue, it->tag());
  }
  void cancel() { context_.TryCancel(); }

 private:
  enum class Step { kCome, kRead, kWritten, kEnded };

  Conversation(Reflection& reflection, Io& io,
               grpc::ServerCompletionQueue& queue)
      : reflection_(reflection), io_(io), queue_(queue) {}
  ~Conversation() override { io_.leave(); }

  void* tag() { return static_cast<IoEvent*>(this); }

  void ended(bool ok) override {
    switch (step_) {
      case Step::kCome:
        if (ok) return begin();
        delete this;  // the server stops, and nobody came
        return;
      case Step::kRead:
        if (!ok) return end(grpc::Status::OK);
        step_ = Step::kWritten;
        stream_.Write(reflection_.answer(request_), tag());
        return;
      case Step::kWritten:
        if (!ok) return end(grpc::Status::CANCELLED);
        return read();
      case Step::kEnded:
        if (known_) reflection_.remove(place_);
        delete this;
        return;
    }
  }

  void begin() {
    expect(reflection_, io_, queue_);
    const absl::Status admitted = reflection_.doorkeeper_.check(context_);
    if (!admitted.ok()) {
      return end({static_cast<grpc::StatusCode>(admitted.code()),
                  std::string(admitted.message())});
    }
    known_ = reflection_.add(*this, place_);
    if (!known_) {
      return end({grpc::StatusCode::RESOURCE_EXHAUSTED,
                  "too many ask, or the node is stopping"});
    }
    read();
  }
  void read() {
    step_ = Step::kRead;
    stream_.Read(&request_, tag());
  }
  void end(const grpc::Status& status) {
    step_ = Step::kEnded;
    stream_.Finish(status, tag());
  }

  Reflection& reflection_;
  Io& io_;
  grpc::ServerCompletionQueue& queue_;
  Step step_ = Step::kCome;
  bool known_ = false;  // to reflection_, at place_
  Place place_;
  grpc::ServerContext context_;
  Request request_;
  grpc::ServerAsyncReaderWriter<Reply, Request> stream_{&context_};
};

Reflection::Reflection(Doorkeeper doorkeeper, bool with_health)
    : doorkeeper_(std::move(doorkeeper)) {
  AddMethod(new RpcServiceMethod(
      "/grpc.reflection.v1alpha.ServerReflection/ServerReflectionInfo",
      RpcMethod::BIDI_STREAMING, nullptr));
  MarkMethodAsync(0);

  FileDescriptorSet files;
  const MutexLock lock(mutex_);
  files.ParseFromArray(kDescriptors, static_cast<int>(kDescriptorsBytes));
  for (const FileDescriptorProto& file : files.file()) {
    const std::string bytes = file.SerializeAsString();
    files_.AddCopy(bytes.data(), static_cast<int>(bytes.size()));
    for (const auto& service : file.service()) {
      std::string name = file.package() + "." + service.name();
      if (with_health || name != kHealth) services_.push_back(std::move(name));
    }
  }
}

void Reflection::serve(
    Io& io, const std::vector<grpc::ServerCompletionQueue*>& queues) {
  for (grpc::ServerCompletionQueue* const queue : queues) {
    Conversation::expect(*this, io, *queue);
  }
}

void Reflection::stop() {
  const MutexLock lock(mutex_);
  stopped_ = true;
  for (Conversation* const it : conversations_) it->cancel();
}

Reflection::Reply Reflection::answer(const Request& request) {
  Reply reply;
  reply.set_valid_host(request.host());
  *reply.mutable_original_request() = request;
  FileDescriptorProto file;
  bool found = false;
  const MutexLock lock(mutex_);
  switch (request.request_case()) {
    case Request::kListServices:
      for (const std::string& service : services_) {
        reply.mutable_list_services_response()->add_service()->set_name(
            service);
      }
      return reply;
    case Request::kFileByFilename:
      found = files_.FindFileByName(request.file_by_filename(), &file);
      break;
    case Request::kFileContainingSymbol:
      found = files_.FindFileContainingSymbol(request.file_containing_symbol(),
                                              &file);
      break;
    case Request::kFileContainingExtension:
    case Request::kAllExtensionNumbersOfType:
      break;  // proto3 has none
    case Request::REQUEST_NOT_SET:
      reply.mutable_error_response()->set_error_code(
          grpc::StatusCode::INVALID_ARGUMENT);
      reply.mutable_error_response()->set_error_message("it asks nothing");
      return reply;
  }
  if (found) {
    reply.mutable_file_descriptor_response()->add_file_descriptor_proto(
        file.SerializeAsString());
  } else {
    reply.mutable_error_response()->set_error_code(grpc::StatusCode::NOT_FOUND);
    reply.mutable_error_response()->set_error_message("there is none");
  }
  return reply;
}

bool Reflection::add(Conversation& conversation, Place& place) {
  const MutexLock lock(mutex_);
  if (stopped_ || conversations_.size() >= kMaxConversations) return false;
  place = conversations_.insert(conversations_.end(), &conversation);
  return true;
}

void Reflection::remove(Place place) {
  const MutexLock lock(mutex_);
  conversations_.erase(place);
}

}  // namespace kv::internal
