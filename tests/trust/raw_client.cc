#include "trust/raw_client.h"

#include <chrono>
#include <condition_variable>
#include <mutex>
#include <vector>

#include "cluster/two_nodes.h"

namespace kv_tests {
namespace {

grpc::ByteBuffer to_buffer(const std::string& bytes) {
  const grpc::Slice slice(bytes);
  return {&slice, 1};
}

std::string to_bytes(const grpc::ByteBuffer& buffer) {
  std::vector<grpc::Slice> slices;
  if (buffer.Valid()) (void)buffer.Dump(&slices);
  std::string bytes;
  for (const grpc::Slice& it : slices) {
    bytes.append(reinterpret_cast<const char*>(it.begin()), it.size());
  }
  return bytes;
}

}  // namespace

RawClient::RawClient(
    const kv::NodeName& node,
    const std::shared_ptr<grpc::ChannelCredentials>& credentials)
    : channel_(grpc::CreateChannel(std::string(node.address()), credentials)) {}

RawClient::Answer RawClient::whoami(const Metadata& metadata) {
  // RouteRequest{whoami{}, here, max_hops = 1}
  return call("/kvroute.v1.Peer/Route",
              std::string("\xb2\x01\x00\x18\x01\x20\x01", 7), metadata);
}

RawClient::Answer RawClient::call(const std::string& method,
                                  const std::string& request,
                                  const Metadata& metadata) {
  grpc::GenericStub stub(channel_);
  grpc::ClientContext context;
  context.set_deadline(std::chrono::system_clock::now() + kLong);
  for (const auto& [key, value] : metadata) context.AddMetadata(key, value);
  const grpc::ByteBuffer sent = to_buffer(request);
  grpc::ByteBuffer received;
  grpc::Status status;
  Event done;
  stub.UnaryCall(&context, method, grpc::StubOptions(), &sent, &received,
                 [&](grpc::Status result) {
                   status = std::move(result);
                   done.set();
                 });
  EXPECT_TRUE(done.wait(2 * kLong));
  Answer answer{status.error_code(), status.error_message(), "", ""};
  const auto& trailers = context.GetServerTrailingMetadata();
  const auto executed = trailers.find("kvroute-executed");
  if (executed != trailers.end()) {
    answer.executed.assign(executed->second.data(), executed->second.size());
  }
  answer.bytes = to_bytes(received);
  return answer;
}

RawStream::RawStream(const kv::NodeName& node, const std::string& method,
                     const RawClient::Metadata& metadata)
    : stub_(grpc::CreateChannel(std::string(node.address()),
                                grpc::InsecureChannelCredentials())) {
  context_.set_deadline(std::chrono::system_clock::now() + kLong);
  for (const auto& [key, value] : metadata) context_.AddMetadata(key, value);
  stream_ = stub_.PrepareCall(&context_, method, &queue_);
  stream_->StartCall(nullptr);
  EXPECT_TRUE(done());
}

RawStream::~RawStream() {
  context_.TryCancel();
  if (!finished_) finish();
  queue_.Shutdown();
}

bool RawStream::write(const std::string& bytes) {
  stream_->Write(to_buffer(bytes), nullptr);
  return done();
}

void RawStream::no_more() {
  stream_->WritesDone(nullptr);
  EXPECT_TRUE(done());
}

std::optional<std::string> RawStream::read() {
  grpc::ByteBuffer received;
  stream_->Read(&received, nullptr);
  if (!done()) return std::nullopt;
  return to_bytes(received);
}

grpc::Status RawStream::finish() {
  grpc::Status status;
  stream_->Finish(&status, nullptr);
  done();
  finished_ = true;
  return status;
}

bool RawStream::done() {
  void* tag = nullptr;
  bool ok = false;
  return queue_.Next(&tag, &ok) && ok;
}

}  // namespace kv_tests
