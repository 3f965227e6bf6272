// kv_server --metrics_port, as Prometheus sees it.
#include <gtest/gtest.h>

#include <cstdint>
#include <string>

#include "kv_server/server_process.h"

namespace kv_tests {
namespace {

using KvServerMetricsTest = TwoServers;

std::uint16_t metrics_port(const ServerProcess& server) {
  const std::string log = server.log();
  const std::string before = "metrics on 127.0.0.1:";
  const std::size_t at = log.find(before);
  EXPECT_NE(at, std::string::npos) << log;
  if (at == std::string::npos) return 0;
  return static_cast<std::uint16_t>(std::stoi(log.substr(at + before.size())));
}

TEST_F(KvServerMetricsTest, RequestsShowAtTheMetricsPort) {
  start_both({"--metrics_port=0"});
  Client client(foo_->port());
  EXPECT_EQ(client.ask("CREATE shopping\r\n"), "OK\r\n");
  Client scraper(metrics_port(*foo_));
  scraper.send("GET /metrics HTTP/1.1\r\nHost: x\r\nConnection: close\r\n\r\n");
  const std::string page = scraper.rest();
  EXPECT_EQ(page.rfind("HTTP/1.1 200", 0), 0U) << page;
  EXPECT_NE(page.find("kvroute_calls_total{node=\"" + foo_name_ + "\""),
            std::string::npos)
      << page;
}

TEST_F(KvServerMetricsTest, APortThatIsTakenIsAnError) {
  const std::string port = std::to_string(foo_->port());
  const auto server =
      ServerProcess::spawn({"--name=baz@127.0.0.1:0", "--table=" + table_,
                            "--port=0", "--metrics_port=" + port});
  EXPECT_EQ(server->wait(), 1);
  EXPECT_NE(
      server->log().find("can't listen for Prometheus on 127.0.0.1:" + port),
      std::string::npos)
      << server->log();
}

}  // namespace
}  // namespace kv_tests
