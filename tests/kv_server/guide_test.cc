// The guide's own conversations, through one node about buckets of another.
#include <gtest/gtest.h>

#include <string>

#include "kv_server/server_process.h"

namespace kv_tests {
namespace {

using KvServerGuideTest = TwoServers;

// KVServerTest, "server interaction".
TEST_F(KvServerGuideTest, ServerInteraction) {
  Client client(foo_->port());
  EXPECT_EQ(client.ask("UNKNOWN shopping\r\n"), "UNKNOWN COMMAND\r\n");
  EXPECT_EQ(client.ask("GET shopping eggs\r\n"), "NOT FOUND\r\n");
  EXPECT_EQ(client.ask("CREATE shopping\r\n"), "OK\r\n");
  EXPECT_EQ(client.ask("PUT shopping eggs 3\r\n"), "OK\r\n");
  EXPECT_EQ(client.ask("GET shopping eggs\r\n"), "3\r\n");
  EXPECT_EQ(client.line(), "OK\r\n");
  EXPECT_EQ(client.ask("DELETE shopping eggs\r\n"), "OK\r\n");
  EXPECT_EQ(client.ask("GET shopping eggs\r\n"), "\r\n");
  EXPECT_EQ(client.line(), "OK\r\n");
}

TEST_F(KvServerGuideTest, ConversationOfTheFirstChapter) {
  Client client(foo_->port());
  EXPECT_EQ(client.ask("CREATE shopping\r\n"), "OK\r\n");
  EXPECT_EQ(client.ask("PUT shopping milk 1\r\n"), "OK\r\n");
  EXPECT_EQ(client.ask("PUT shopping eggs 3\r\n"), "OK\r\n");
  EXPECT_EQ(client.ask("GET shopping milk\r\n", 2), "1\r\nOK\r\n");
  EXPECT_EQ(client.ask("DELETE shopping eggs\r\n"), "OK\r\n");
}

TEST_F(KvServerGuideTest, AMissingBucketIsNotFoundForEveryCommandThatNeedsIt) {
  Client client(foo_->port());
  for (const std::string bucket : {"hello", "world"}) {
    EXPECT_EQ(client.ask("PUT " + bucket + " a 1\r\n"), "NOT FOUND\r\n");
    EXPECT_EQ(client.ask("GET " + bucket + " a\r\n"), "NOT FOUND\r\n");
    EXPECT_EQ(client.ask("DELETE " + bucket + " a\r\n"), "NOT FOUND\r\n");
  }
}

TEST_F(KvServerGuideTest, AClientMayConnectToAnyNode) {
  Client at_foo(foo_->port());
  Client at_bar(bar_->port());
  for (const std::string bucket : {"hello", "world"}) {
    EXPECT_EQ(at_foo.ask("CREATE " + bucket + "\r\n"), "OK\r\n");
    EXPECT_EQ(at_bar.ask("CREATE " + bucket + "\r\n"), "OK\r\n");
    EXPECT_EQ(at_foo.ask("PUT " + bucket + " a 1\r\n"), "OK\r\n");
    EXPECT_EQ(at_bar.ask("GET " + bucket + " a\r\n", 2), "1\r\nOK\r\n");
    EXPECT_EQ(at_bar.ask("PUT " + bucket + " b 2\r\n"), "OK\r\n");
    EXPECT_EQ(at_foo.ask("GET " + bucket + " b\r\n", 2), "2\r\nOK\r\n");
  }
}

TEST_F(KvServerGuideTest, ALoneNewlineEndsARequest) {
  Client client(foo_->port());
  EXPECT_EQ(client.ask("CREATE shopping\n"), "OK\r\n");
  EXPECT_EQ(client.ask("PUT shopping milk 1\nGET shopping milk\r\n", 3),
            "OK\r\n1\r\nOK\r\n");
}

TEST_F(KvServerGuideTest, WordsAreSplitAsInElixir) {
  Client client(foo_->port());
  EXPECT_EQ(client.ask("\t CREATE \u3000 shopping\u2003\u0085\r\n"), "OK\r\n");
  EXPECT_EQ(client.ask("PUT shopping mi\u00a0lk 1\r\n"), "OK\r\n");
  EXPECT_EQ(client.ask("GET shopping mi\u00a0lk\r\n", 2), "1\r\nOK\r\n");
  EXPECT_EQ(client.ask("\r\n"), "UNKNOWN COMMAND\r\n");
  EXPECT_EQ(client.ask("create shopping\r\n"), "UNKNOWN COMMAND\r\n");
  EXPECT_EQ(client.ask("PUT shopping milk 1 2\r\n"), "UNKNOWN COMMAND\r\n");
}

TEST_F(KvServerGuideTest,
       WhereNoEntryMatchesTheErrorSaysSoAndTheConnectionStays) {
  Client client(foo_->port());
  const std::string table = "[a..m " + foo_name_ + ", n..z " + bar_name_ + "]";
  EXPECT_EQ(client.ask("GET 0 milk\r\n"),
            "ERROR could not find entry for \"0\" in table " + table + "\r\n");
  EXPECT_EQ(client.ask(std::string("CREATE \0\x01\xff\"\r\n", 13)),
            "ERROR could not find entry for \"\\x00\\x01\\xff\\\"\" in table " +
                table + "\r\n");
  EXPECT_EQ(client.ask("CREATE hello\r\n"), "OK\r\n");
}

TEST_F(KvServerGuideTest, ANameThatIsTooLongIsAnError) {
  Client client(foo_->port());
  const std::string answer =
      client.ask("CREATE " + std::string(2000, 'a') + "\r\n");
  EXPECT_EQ(answer.substr(0, 6), "ERROR ") << answer;
  EXPECT_EQ(client.ask("CREATE a\r\n"), "OK\r\n");
}

TEST_F(KvServerGuideTest, AnOwnerWithoutRoomFailsToCreateTheBucket) {
  start_both({"--max_buckets=1"});
  Client client(foo_->port());
  for (const std::string bucket : {"hello", "world"}) {
    EXPECT_EQ(client.ask("CREATE " + bucket + "\r\n"), "OK\r\n");
    EXPECT_EQ(client.ask("CREATE " + bucket + "2\r\n"),
              "FAILED TO CREATE BUCKET\r\n");
    EXPECT_EQ(client.ask("CREATE " + bucket + "\r\n"), "OK\r\n");
  }
}

TEST_F(KvServerGuideTest, TheWayOfARequestIsLoggedIfWanted) {
  start_both({"--log_routes"});
  Client client(foo_->port());
  EXPECT_EQ(client.ask("CREATE shopping\r\nCREATE hello\r\n", 2),
            "OK\r\nOK\r\n");
  const std::string log = foo_->log();
  EXPECT_NE(log.find("CREATE \"shopping\" went " + foo_name_ + " -> " +
                     bar_name_ + "\n"),
            std::string::npos)
      << log;
  EXPECT_NE(log.find("CREATE \"hello\" went " + foo_name_ + "\n"),
            std::string::npos)
      << log;
}

}  // namespace
}  // namespace kv_tests
