// Who gets in through TLS, and who does not.
#include <kv/kv.h>

#include <atomic>
#include <chrono>
#include <functional>
#include <memory>
#include <optional>
#include <string>
#include <utility>

#include "cluster/two_nodes.h"
#include "trust/authority.h"
#include "trust/raw_client.h"
#include "trust/traffic.h"

namespace {

using absl::StatusCode;
using kv_tests::Authority;
using kv_tests::expect_failure;
using kv_tests::kLong;
using kv_tests::RawClient;
using kv_tests::start_node;
using kv_tests::Traffic;
using kv_tests::within;

std::string uri_of(const std::string& name) {
  return "URI:spiffe://kvroute.test/" + name;
}

// bar takes the calls of foo; traffic from foo to bar goes on all the while.
class TlsTest : public ::testing::Test {
 protected:
  void SetUp() override {
    bar_options_.tls = authority_.issue("bar");
    bar_options_.allowed_peers = {"spiffe://kvroute.test/foo", "10.1.2.3",
                                  "*.kvroute.test"};
    bar_ = start_node("bar", bar_options_);
    kv::NodeOptions options;
    options.tls = authority_.issue("foo", "IP:127.0.0.1," + uri_of("foo"));
    foo_ = start_node("foo", options);
    ASSERT_TRUE(foo_ != nullptr && bar_ != nullptr);
    ASSERT_TRUE(bar_->define("Count",
                             [this](kv::OpContext&, std::string_view) {
                               ++runs_;
                               return absl::StatusOr<std::string>("");
                             })
                    .ok());
    traffic_.emplace(*foo_, bar_->name());
    ASSERT_TRUE(traffic_->advances());
  }
  void TearDown() override { EXPECT_EQ(runs_, 0); }

  static std::unique_ptr<kv::Node> start(std::optional<kv::Tls> tls) {
    kv::NodeOptions options;
    options.tls = std::move(tls);
    return start_node("stranger", options);
  }
  static absl::Status call(kv::Node& from, const kv::NodeName& to) {
    return from.router().call(to, kv::Apply{"Count"}, within(kLong)).status();
  }
  // Refused before there was a connection, in either direction.
  void expect_no_way(std::optional<kv::Tls> tls) {
    const auto stranger = start(std::move(tls));
    ASSERT_NE(stranger, nullptr);
    expect_failure(call(*stranger, bar_->name()), StatusCode::kUnavailable,
                   kv::Outcome::kNotRun, bar_->name().str());
    expect_failure(call(*foo_, stranger->name()), StatusCode::kUnavailable,
                   kv::Outcome::kNotRun, stranger->name().str());
    EXPECT_TRUE(traffic_->advances());
  }
  absl::Status call_with_certificate_for(const std::string& names) {
    return call(*start(authority_.issue("other", "IP:127.0.0.1," + names)),
                bar_->name());
  }

  Authority authority_;
  std::atomic<int> runs_{0};
  kv::NodeOptions bar_options_;
  std::unique_ptr<kv::Node> foo_;
  std::unique_ptr<kv::Node> bar_;
  std::optional<Traffic> traffic_;
};

TEST_F(TlsTest, TextsDoAsFilesDo) {
  const kv::Tls files =
      authority_.issue("texts", "IP:127.0.0.1,DNS:a.kvroute.test");
  const auto node = start(kv_tests::as_text(files));
  ASSERT_NE(node, nullptr);
  EXPECT_TRUE(node->router().call(bar_->name(), kv::Whoami{}).ok());
  EXPECT_TRUE(foo_->router().call(node->name(), kv::Whoami{}).ok());
}

TEST_F(TlsTest, WithoutACertificateThereIsNoWayIn) {
  grpc::experimental::TlsChannelCredentialsOptions options;
  options.set_certificate_provider(
      std::make_shared<grpc::experimental::StaticDataCertificateProvider>(
          kv_tests::read_file(authority_.certificate())));
  options.watch_root_certs();
  RawClient client(bar_->name(), grpc::experimental::TlsCredentials(options));
  EXPECT_EQ(client.whoami().code, grpc::StatusCode::UNAVAILABLE);
}

TEST_F(TlsTest, AnExpiredCertificateIsNone) {
  expect_no_way(authority_.issue("old", "IP:127.0.0.1," + uri_of("foo"), 0));
}

TEST_F(TlsTest, ACertificateFromAnotherAuthorityIsNone) {
  Authority other;
  expect_no_way(other.issue("foo", "IP:127.0.0.1," + uri_of("foo")));
}

TEST_F(TlsTest, ACertificateFromTheRightAuthorityForAnotherHostIsNone) {
  const auto stranger = start(authority_.issue("stray", "DNS:example.org"));
  expect_failure(call(*foo_, stranger->name()), StatusCode::kUnavailable,
                 kv::Outcome::kNotRun, stranger->name().str());
}

TEST_F(TlsTest, PlaintextAndTlsDoNotMeet) { expect_no_way(std::nullopt); }

TEST_F(TlsTest, ANameThatIsNotAllowedIsDenied) {
  for (const char* names :
       {"DNS:kvroute.test", "DNS:a.b.kvroute.test", "DNS:*.kvroute.test",
        "DNS:a.kvroute.test.example.org", "URI:spiffe://kvroute.test/foo/",
        "URI:spiffe://kvroute.test/Foo", "IP:10.1.2.4", "DNS:10.1.2.3",
        "email:foo@kvroute.test"}) {
    expect_failure(call_with_certificate_for(names),
                   StatusCode::kPermissionDenied, kv::Outcome::kNotRun,
                   "allowed_peers");
  }
}

TEST_F(TlsTest, ANameThatIsAllowedIsNot) {
  for (const char* names : {"DNS:A.KVROUTE.test", "IP:10.1.2.3",
                            "DNS:example.org,URI:spiffe://kvroute.test/foo"}) {
    EXPECT_EQ(call_with_certificate_for(names), absl::OkStatus()) << names;
    EXPECT_EQ(runs_.exchange(0), 1);
  }
}

TEST_F(TlsTest, APeersNameMayBeAnotherThanItsHost) {
  kv::Tls tls = authority_.issue("one", "DNS:one.kvroute.test");
  tls.peer_name = "one.kvroute.test";
  const auto one = start(tls);
  const auto other = start(tls);
  EXPECT_TRUE(one->router().call(other->name(), kv::Whoami{}).ok());
  expect_failure(call(*one, bar_->name()), StatusCode::kUnavailable,
                 kv::Outcome::kNotRun, bar_->name().str());
}

TEST_F(TlsTest, WithoutClientCertificatesOnlyTheCalleeIsSure) {
  kv::Tls tls = authority_.issue("open");
  tls.require_client_certificate = false;
  const auto open = start(tls);
  Authority other;
  kv::Tls believes = other.issue("believer");
  kv_tests::write_file(believes.ca,
                       kv_tests::read_file(authority_.certificate()));
  const auto believer = start(believes);
  EXPECT_TRUE(believer->router().call(open->name(), kv::Whoami{}).ok());
  expect_failure(call(*believer, bar_->name()), StatusCode::kUnavailable,
                 kv::Outcome::kNotRun);
}

TEST_F(TlsTest, WithTlsANodeMayListenAnywhere) {
  kv::NodeOptions options;
  options.tls = authority_.issue("every", "IP:127.0.0.1,IP:::1");
  const auto v4 = start_node("every@0.0.0.0:0", options);
  EXPECT_TRUE(foo_->router()
                  .call("every@127.0.0.1:" + std::to_string(v4->name().port()),
                        kv::Whoami{})
                  .ok());
  const auto v6 = start_node("every@[::1]:0", options);
  EXPECT_TRUE(foo_->router().call(v6->name(), kv::Whoami{}).ok());
}

using Change = std::function<void(kv::NodeOptions&)>;

TEST_F(TlsTest, WhatCannotWorkIsRefusedAtTheStartAndNamed) {
  const kv::Tls good = authority_.issue("good");
  const kv::Tls other = authority_.issue("another");
  kv_tests::write_file(authority_.directory() + "/empty", "");
  const struct {
    const char* part;
    StatusCode code;
    Change change;
  } cases[] = {
      {"Tls::ca", StatusCode::kInvalidArgument,
       [](auto& options) { options.tls->ca.clear(); }},
      {"Tls::certificate", StatusCode::kInvalidArgument,
       [](auto& options) { options.tls->certificate.clear(); }},
      {"Tls::key", StatusCode::kNotFound,
       [](auto& options) { options.tls->key += ".gone"; }},
      {"Tls::ca", StatusCode::kInvalidArgument,
       [](auto& options) { options.tls->ca = options.tls->key; }},
      {"Tls::key", StatusCode::kInvalidArgument,
       [](auto& options) { options.tls->key = options.tls->ca; }},
      {"Tls::key", StatusCode::kInvalidArgument,
       [&](auto& options) {
         options.tls->key = authority_.directory() + "/empty";
       }},
      {"another certificate", StatusCode::kInvalidArgument,
       [&](auto& options) { options.tls->key = other.key; }},
      {"mixed", StatusCode::kInvalidArgument,
       [](auto& options) {
         options.tls->certificate =
             kv_tests::read_file(options.tls->certificate);
       }},
      {"Tls::refresh", StatusCode::kInvalidArgument,
       [](auto& options) { options.tls->refresh = std::chrono::seconds(0); }},
      {"Tls::max_connection_age", StatusCode::kInvalidArgument,
       [](auto& options) {
         options.tls->max_connection_age = std::chrono::hours(10000);
       }},
      {"allowed_peers", StatusCode::kInvalidArgument,
       [](auto& options) { options.allowed_peers = {"a.*.example.org"}; }},
      {"allowed_peers", StatusCode::kInvalidArgument,
       [](auto& options) {
         options.allowed_peers = {"example.org"};
         options.tls->require_client_certificate = false;
       }},
      {"allowed_peers", StatusCode::kInvalidArgument,
       [](auto& options) {
         options.allowed_peers = {"example.org"};
         options.tls.reset();
       }},
  };
  for (const auto& it : cases) {
    kv::NodeOptions options;
    options.name = "foo@127.0.0.1:0";
    options.tls = good;
    it.change(options);
    const absl::Status status = kv::Node::start(options).status();
    EXPECT_EQ(status.code(), it.code) << status;
    EXPECT_NE(std::string(status.message()).find(it.part), std::string::npos)
        << status << " lacks " << it.part;
  }
}

}  // namespace
