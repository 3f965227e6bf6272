// A gRPC client that is no kvroute node: it sends what no node would.
#ifndef KV_TESTS_TRUST_RAW_CLIENT_H_
#define KV_TESTS_TRUST_RAW_CLIENT_H_

#include <grpcpp/grpcpp.h>
#include <kv/kv.h>

#include <map>
#include <memory>
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

}  // namespace kv_tests

#endif  // KV_TESTS_TRUST_RAW_CLIENT_H_
