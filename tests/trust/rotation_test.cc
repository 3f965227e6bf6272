// Certificates that are replaced while calls go on.
#include <kv/kv.h>

#include <atomic>
#include <chrono>
#include <string>
#include <thread>
#include <utility>

#include "cluster/two_nodes.h"
#include "trust/authority.h"
#include "trust/traffic.h"

namespace {

using kv_tests::Authority;
using kv_tests::eventually;
using kv_tests::read_file;
using kv_tests::start_node;
using kv_tests::Traffic;
using kv_tests::write_file;

// The key first: for a moment it does not fit, which harms no connection.
void replace(const kv::Tls& old, const kv::Tls& by) {
  write_file(old.key, read_file(by.key));
  write_file(old.certificate, read_file(by.certificate));
}

kv::NodeOptions quick(kv::Tls tls) {
  tls.refresh = std::chrono::seconds(1);
  tls.max_connection_age = std::chrono::seconds(2);
  kv::NodeOptions options;
  options.tls = std::move(tls);
  return options;
}

// Whether the node shows a certificate from `authority` to new connections.
bool shows(const kv::Node& node, const Authority& authority) {
  return kv_tests::run_command(
      "openssl s_client -verify_return_error -CAfile " +
      authority.certificate() + " -connect " +
      std::string(node.name().address()) + " </dev/null");
}

// A node gets to know certificates of `by` and its own authority, then is given
// one of `by`, then forgets its own: no call is lost on the way, and in the end
// only `by` counts.
TEST(RotationTest, AnAuthorityIsReplacedAndNoCallIsLost) {
  Authority before;
  Authority after;
  const kv::Tls foo_tls = before.issue("foo");
  const kv::Tls bar_tls = before.issue("bar");
  const auto foo = start_node("foo", quick(foo_tls));
  const auto bar = start_node("bar", quick(bar_tls));
  // Whether a node with such a certificate, which believes both, gets in.
  const auto gets_in = [&](Authority& authority) {
    kv::Tls tls = kv_tests::as_text(authority.issue("guest"));
    tls.ca = read_file(before.certificate()) + read_file(after.certificate());
    kv::NodeOptions options;
    options.tls = tls;
    return start_node("guest", options)
        ->router()
        .call(bar->name(), kv::Whoami{})
        .ok();
  };
  const auto believe = [&](const std::string& authorities) {
    write_file(foo_tls.ca, authorities);
    write_file(bar_tls.ca, authorities);
  };
  const Traffic traffic(*foo, bar->name(), 8);
  ASSERT_TRUE(traffic.advances());
  EXPECT_TRUE(gets_in(before));
  EXPECT_FALSE(gets_in(after));

  believe(read_file(before.certificate()) + read_file(after.certificate()));
  EXPECT_TRUE(eventually([&] { return gets_in(after); }));
  EXPECT_TRUE(gets_in(before));
  replace(foo_tls, after.issue("foo"));
  replace(bar_tls, after.issue("bar"));
  EXPECT_TRUE(eventually([&] { return shows(*bar, after); }));
  EXPECT_TRUE(eventually([&] { return shows(*foo, after); }));
  believe(read_file(after.certificate()));
  EXPECT_TRUE(eventually([&] { return !gets_in(before); }));
  EXPECT_TRUE(gets_in(after));
  EXPECT_TRUE(traffic.advances());
}

TEST(RotationTest, TheLogTellsOfNewCertificates) {
  Authority authority;
  const kv::Tls tls = authority.issue("foo");
  std::atomic<int> told{0};
  kv::NodeOptions options = quick(tls);
  options.log = [&](const kv::LogEntry& entry) {
    if (entry.message.find("certificates were replaced") == 0) ++told;
  };
  const auto foo = start_node("foo", options);
  EXPECT_EQ(told, 0);
  replace(tls, authority.issue("foo"));
  EXPECT_TRUE(eventually([&] { return told > 0; }));
}

// Connections are replaced: calls on their way are not lost, nor is an
// operation that takes longer than a connection may last.
TEST(RotationTest, NoCallIsLostWithTheConnectionThatHasReachedItsAge) {
  Authority authority;
  const auto foo = start_node("foo", quick(authority.issue("foo")));
  const auto bar = start_node("bar", quick(authority.issue("bar")));
  ASSERT_TRUE(bar->define("Wait",
                          [](kv::OpContext& context, std::string_view) {
                            std::this_thread::sleep_for(
                                std::chrono::seconds(6));
                            return absl::StatusOr<std::string>(
                                context.cancelled() ? "cancelled" : "done");
                          })
                  .ok());
  const Traffic traffic(*foo, bar->name(), 16);
  const auto slow = foo->router().call(bar->name(), kv::Apply{"Wait"},
                                       kv_tests::within(kv_tests::kLong));
  ASSERT_TRUE(slow.ok()) << slow.status();
  EXPECT_EQ(*slow, "done");
}

}  // namespace
