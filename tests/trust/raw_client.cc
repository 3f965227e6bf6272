#include "trust/raw_client.h"

#include <grpcpp/generic/generic_stub.h>

#include <chrono>
#include <condition_variable>
#include <mutex>
#include <vector>

#include "cluster/two_nodes.h"

namespace kv_tests {

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
  const grpc::Slice slice(request);
  const grpc::ByteBuffer sent(&slice, 1);
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
  std::vector<grpc::Slice> slices;
  if (received.Valid()) (void)received.Dump(&slices);
  for (const grpc::Slice& it : slices) {
    answer.bytes.append(reinterpret_cast<const char*>(it.begin()), it.size());
  }
  return answer;
}

}  // namespace kv_tests
