// Calls with the right cookie, with a wrong one, and without.
#include <kv/kv.h>
#include <sys/stat.h>
#include <unistd.h>

#include <atomic>
#include <cstdio>
#include <optional>
#include <string>
#include <vector>

#include "cluster/sockets.h"
#include "cluster/two_nodes.h"
#include "trust/authority.h"
#include "trust/raw_client.h"
#include "trust/traffic.h"

namespace {

using absl::StatusCode;
using kv_tests::expect_failure;
using kv_tests::RawClient;
using kv_tests::start_node;
using kv_tests::Traffic;

// Any bytes will do.
const std::string kCookie("monster\n\0\xff", 10);

kv::NodeOptions with_cookie(const std::string& cookie) {
  kv::NodeOptions options;
  options.cookie = cookie;
  return options;
}

class CookieTest : public ::testing::Test {
 protected:
  void SetUp() override {
    foo_ = start_node("foo", with_cookie(kCookie));
    bar_ = start_node("bar", with_cookie(kCookie));
    ASSERT_TRUE(bar_->define("Count",
                             [this](kv::OpContext&, std::string_view) {
                               ++runs_;
                               return absl::StatusOr<std::string>("");
                             })
                    .ok());
    traffic_.emplace(*foo_, bar_->name());
  }
  void TearDown() override { EXPECT_EQ(runs_, 0); }

  void expect_refused(const std::string& cookie) {
    const auto stranger = start_node("stranger", with_cookie(cookie));
    const absl::Status status =
        stranger->router().call(bar_->name(), kv::Apply{"Count"}).status();
    expect_failure(status, StatusCode::kUnauthenticated, kv::Outcome::kNotRun,
                   "cookie");
    EXPECT_EQ(status.ToString().find("monster"), std::string::npos);
    EXPECT_TRUE(traffic_->advances());
  }

  std::atomic<int> runs_{0};
  std::unique_ptr<kv::Node> foo_;
  std::unique_ptr<kv::Node> bar_;
  std::optional<Traffic> traffic_;
};

TEST_F(CookieTest, AWrongOneIsRefused) {
  expect_refused("monsters");
  expect_refused("m");
  expect_refused(kCookie.substr(0, 9));
  expect_refused(kCookie + "x");
  expect_refused(kCookie + kCookie);
}

TEST_F(CookieTest, NoneIsRefused) { expect_refused(""); }

TEST_F(CookieTest, TripsOfSeveralAreRefusedToo) {
  const auto stranger = start_node("stranger", with_cookie("wrong"));
  ASSERT_TRUE(
      stranger->set_table(kv_tests::table_of({{"a..z", bar_->name()}})).ok());
  for (const auto& result : stranger->router().route_all(
           std::vector<std::string>{"a", "b", "c"}, kv::Apply{"Count"})) {
    expect_failure(result.status(), StatusCode::kUnauthenticated,
                   kv::Outcome::kNotRun, "cookie");
  }
}

TEST_F(CookieTest, ANodeThatWantsNoneTakesAny) {
  const auto open = start_node("open");
  EXPECT_TRUE(foo_->router().call(open->name(), kv::Whoami{}).ok());
}

// What the caller is told, byte by byte.
TEST_F(CookieTest, ARefusalSaysThatNothingRanAndNoSecret) {
  RawClient client(bar_->name(), grpc::InsecureChannelCredentials());
  const std::string key = "kvroute-cookie-bin";
  EXPECT_EQ(client.whoami({{key, kCookie}}).code, grpc::StatusCode::OK);
  const std::vector<RawClient::Metadata> wrong = {
      {},
      {{key, ""}},
      {{key, "guess"}},
      {{key, kCookie}, {key, kCookie}},
      {{key, "guess"}, {key, kCookie}},
      {{"kvroute-cookie", "monster"}}};
  for (const RawClient::Metadata& metadata : wrong) {
    const RawClient::Answer answer = client.whoami(metadata);
    EXPECT_EQ(answer.code, grpc::StatusCode::UNAUTHENTICATED);
    EXPECT_EQ(answer.executed, "no");
    EXPECT_NE(answer.message, "");
    EXPECT_EQ(answer.message.find("monster"), std::string::npos);
    EXPECT_EQ(answer.message.find("guess"), std::string::npos);
  }
}

class CookieFileTest : public ::testing::Test {
 protected:
  ~CookieFileTest() override { std::remove(path_.c_str()); }

  absl::Status start(const std::string& text, mode_t mode) {
    kv_tests::write_file(path_, text);
    EXPECT_EQ(chmod(path_.c_str(), mode), 0);
    kv::NodeOptions options;
    options.name = "foo@127.0.0.1:0";
    options.cookie_file = path_;
    auto node = kv::Node::start(options);
    if (!node.ok()) return node.status();
    const auto other = start_node("bar", with_cookie("monster"));
    return other->router().call((*node)->name(), kv::Whoami{}).status();
  }
  void expect_refused(const absl::Status& status, StatusCode code,
                      const std::string& part) {
    EXPECT_EQ(status.code(), code) << status;
    for (const std::string& it : {part, path_}) {
      EXPECT_NE(status.ToString().find(it), std::string::npos) << status;
    }
    EXPECT_EQ(status.ToString().find("monster"), std::string::npos) << status;
  }

  const std::string path_ =
      ::testing::TempDir() + "kvroute-cookie-" + std::to_string(getpid());
};

TEST_F(CookieFileTest, HoldsTheCookieWithOrWithoutALineBreak) {
  EXPECT_EQ(start("monster", 0600), absl::OkStatus());
  EXPECT_EQ(start("monster\n", 0400), absl::OkStatus());
  EXPECT_EQ(start("monster\r\n", 0700), absl::OkStatus());
  EXPECT_TRUE(absl::IsUnauthenticated(start("monster\n\n", 0600)));
}

TEST_F(CookieFileTest, ThatOthersHaveRightsToIsRefused) {
  for (const mode_t mode : {0640, 0620, 0610, 0604, 0602, 0601, 0644, 0666}) {
    expect_refused(start("monster", mode), StatusCode::kFailedPrecondition,
                   "chmod 0600");
  }
}

TEST_F(CookieFileTest, ThatIsEmptyOrTooLongIsRefused) {
  for (const char* text : {"", "\n", "\r\n"}) {
    expect_refused(start(text, 0600), StatusCode::kInvalidArgument, "empty");
  }
  EXPECT_TRUE(
      absl::IsUnauthenticated(start(std::string(1024, 'x') + "\r\n", 0600)));
  expect_refused(start(std::string(1025, 'x'), 0600),
                 StatusCode::kInvalidArgument, "limit");
  expect_refused(start(std::string(100000, 'x'), 0600),
                 StatusCode::kInvalidArgument, "limit");
}

TEST_F(CookieFileTest, ThatIsNotThereOrNoFileIsRefused) {
  kv::NodeOptions options;
  options.name = "foo@127.0.0.1:0";
  options.cookie_file = path_;
  expect_refused(kv::Node::start(options).status(), StatusCode::kNotFound,
                 "opened");
  ASSERT_EQ(mkdir(path_.c_str(), 0700), 0);
  expect_refused(kv::Node::start(options).status(),
                 StatusCode::kFailedPrecondition, "regular");
  ASSERT_EQ(rmdir(path_.c_str()), 0);
  ASSERT_EQ(mkfifo(path_.c_str(), 0600), 0);
  expect_refused(kv::Node::start(options).status(),
                 StatusCode::kFailedPrecondition, "regular");
}

TEST_F(CookieFileTest, OfAnotherUserIsRefused) {
  kv_tests::write_file(path_, "monster");
  ASSERT_EQ(chmod(path_.c_str(), 0600), 0);
  // Where this user may not give files away, one that is another's.
  const bool given = chown(path_.c_str(), geteuid() + 1, getegid()) == 0;
  kv::NodeOptions options;
  options.name = "foo@127.0.0.1:0";
  options.cookie_file = given ? path_ : "/etc/passwd";
  const absl::Status status = kv::Node::start(options).status();
  EXPECT_EQ(status.code(), StatusCode::kFailedPrecondition) << status;
  EXPECT_NE(status.ToString().find("belongs to user"), std::string::npos)
      << status;
}

TEST(CookieOptionTest, IsNamedWhereItMakesNoSense) {
  for (const auto& [cookie, file] :
       std::vector<std::pair<std::string, std::string>>{
           {std::string(1025, 'x'), ""}, {"x", "file"}}) {
    kv::NodeOptions options;
    options.name = "foo@127.0.0.1:0";
    options.cookie = cookie;
    options.cookie_file = file;
    const absl::Status status = kv::Node::start(options).status();
    EXPECT_EQ(status.code(), StatusCode::kInvalidArgument) << status;
    EXPECT_NE(status.ToString().find("NodeOptions::cookie"), std::string::npos)
        << status;
  }
}

}  // namespace
