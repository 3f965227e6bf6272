// A gRPC client that is no kvroute node: it sends what no node would.
#ifndef KV_TESTS_TRUST_RAW_CLIENT_H_
#define KV_TESTS_TRUST_RAW_CLIENT_H_

#include <grpcpp/generic/generic_stub.h>
#include <grpcpp/grpcpp.h>
#include <kv/kv.h>

#include <map>
#include <memory>
#include <optional>
#include <string>

namespace kv_tests {

class RawClient {
 public:
  using Metadata = std::multimap<std::string, std::string>;
  struct Answer {
    grpc::StatusCode code;
    std::string message;
    std::string executed;  // what the trailing metadata say
    std::string bytes;
  };

  RawClient(const kv::NodeName& node,
            const std::shared_ptr<grpc::ChannelCredentials>& credentials);

  // Asks for the node's name, or calls another method.
  Answer whoami(const Metadata& metadata = {});
  Answer call(const std::string& method, const std::string& request,
              const Metadata& metadata = {});

 private:
  std::shared_ptr<grpc::Channel> channel_;
};

// A call whose two sides may say more than one message each.
class RawStream {
 public:
  RawStream(const kv::NodeName& node, const std::string& method,
            const RawClient::Metadata& metadata = {});
  // Ends it, if nobody has.
  ~RawStream();
  RawStream(const RawStream&) = delete;
  RawStream& operator=(const RawStream&) = delete;

  // False: it has ended.
  bool write(const std::string& bytes);
  void no_more();
  // nullopt: it has ended.
  std::optional<std::string> read();
  grpc::Status finish();

 private:
  bool done();

  grpc::GenericStub stub_;
  grpc::CompletionQueue queue_;
  grpc::ClientContext context_;
  std::unique_ptr<grpc::GenericClientAsyncReaderWriter> stream_;
  bool finished_ = false;
};

}  // namespace kv_tests

#endif  // KV_TESTS_TRUST_RAW_CLIENT_H_
