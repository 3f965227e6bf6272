// The beginning and the end of a server: flags that are wrong, SIGTERM, death.
#include <gtest/gtest.h>

#include <algorithm>
#include <atomic>
#include <csignal>
#include <string>
#include <thread>
#include <vector>

#include "cluster/sockets.h"
#include "kv_server/server_process.h"

namespace kv_tests {
namespace {

using KvServerEndTest = TwoServers;

TEST_F(KvServerEndTest, SigtermAnswersWhatWasReadUnderLoad) {
  Client setup(foo_->port());
  setup.ask("CREATE hello\r\nCREATE world\r\n", 2);
  std::atomic<std::size_t> busy{0};
  std::vector<std::thread> threads;
  std::vector<std::string> heard(8);
  for (std::string& answers : heard) {
    threads.emplace_back([this, &busy, &answers] {
      Client client(foo_->port());
      std::string batch;
      for (int i = 0; i < 10; ++i)
        batch += "PUT hello a 1\r\nPUT world a 1\r\n";
      const std::size_t lines = 20;
      for (;;) {
        if (client.send_while_taken(batch, kLong) < batch.size()) break;
        const std::string part = client.lines(lines);
        answers += part;
        if (std::count(part.begin(), part.end(), '\n') != 20) break;
        busy.fetch_add(1);
      }
    });
  }
  EXPECT_TRUE(eventually([&] { return busy.load() > 100; }));
  foo_->signal(SIGTERM);
  EXPECT_EQ(foo_->wait(), 0) << foo_->log();
  for (std::thread& thread : threads) thread.join();
  for (std::string answers : heard) {  // whole ones, and of requests that ran
    while (answers.substr(0, 4) == "OK\r\n") answers.erase(0, 4);
    EXPECT_EQ(answers, "");
  }
}

TEST_F(KvServerEndTest, SigtermAnswersAllOfALongPipeline) {
  Client client(foo_->port());
  client.ask("CREATE world\r\n");
  bar_->signal(SIGSTOP);
  std::string requests;
  for (int i = 0; i < 300; ++i) {
    requests += "PUT world a" + std::to_string(i) + " 1\r\nGET world a0\r\n";
  }
  client.send(requests + "\n");
  Client other(foo_->port());  // its answer says that the requests were read
  other.ask("\n");
  foo_->signal(SIGTERM);
  EXPECT_TRUE(eventually(
      [&] { return foo_->log().find("answering") != std::string::npos; }));
  bar_->signal(SIGCONT);
  const std::string answers = client.rest();
  EXPECT_EQ(std::count(answers.begin(), answers.end(), '\n'), 901) << answers;
  EXPECT_EQ(answers.find("ERROR"), std::string::npos) << answers;
  EXPECT_EQ(foo_->wait(), 0) << foo_->log();
}

TEST_F(KvServerEndTest, ClientsThatDoNotReadAreCutOffAtTheBound) {
  start_both({"--drain_timeout=2s"});
  Client client(foo_->port());
  client.ask("CREATE hello\r\nPUT hello a " + std::string(60000, 'v') + "\r\n",
             2);
  std::string gets;
  for (int i = 0; i < 1000; ++i) gets += "GET hello a\r\n";
  client.send_while_taken(gets, milliseconds(200));
  const auto begin = Clock::now();
  foo_->signal(SIGTERM);
  EXPECT_EQ(foo_->wait(), 0) << foo_->log();
  EXPECT_LT(Clock::now() - begin, seconds(5));
  EXPECT_NE(foo_->log().find("1 connections are cut off"), std::string::npos)
      << foo_->log();
}

TEST_F(KvServerEndTest, SigtermEndsIdleConnectionsAndTakesNoMore) {
  Client idle(foo_->port());
  idle.ask("CREATE hello\r\n");
  idle.send("PUT hello a");
  foo_->signal(SIGTERM);
  EXPECT_EQ(idle.rest(), "");
  EXPECT_EQ(foo_->wait(), 0) << foo_->log();
}

TEST_F(KvServerEndTest, AKilledNodeIsUnreachableAndItsReturnIsNoticed) {
  Client client(foo_->port());
  client.ask("CREATE shopping\r\nPUT shopping milk 1\r\nCREATE hello\r\n", 3);
  bar_->signal(SIGKILL);
  ASSERT_TRUE(bar_->wait().has_value());
  const std::string error = "ERROR " + bar_name_ + " is unreachable";
  // The first may have left before the connection was known to be broken.
  EXPECT_EQ(client.ask("GET shopping milk\r\n").substr(0, 6), "ERROR ");
  EXPECT_TRUE(eventually([&] {
    return client.ask("GET shopping milk\r\n").substr(0, error.size()) == error;
  }));
  EXPECT_EQ(client.ask("PUT hello a 1\r\n"), "OK\r\n");

  bar_ = start(bar_name_);
  ASSERT_NE(bar_, nullptr);
  EXPECT_TRUE(eventually(
      [&] { return client.ask("GET shopping milk\r\n") == "NOT FOUND\r\n"; }));
  EXPECT_EQ(client.ask("CREATE shopping\r\nPUT shopping milk 2\r\n", 2),
            "OK\r\nOK\r\n");
}

TEST_F(KvServerEndTest, ANodeThatDiesUnderAPipelineLeavesOneAnswerForEach) {
  Client client(foo_->port());
  client.ask("CREATE shopping\r\nCREATE world\r\nCREATE hello\r\n", 3);
  bar_->signal(SIGSTOP);
  std::string requests;
  for (int i = 0; i < 100; ++i) {
    requests += "PUT shopping a 1\r\nPUT world a 1\r\nPUT hello a 1\r\n";
  }
  client.send(requests);
  bar_->signal(SIGKILL);
  for (int i = 0; i < 100; ++i) {
    EXPECT_EQ(client.line().substr(0, 6), "ERROR ");
    EXPECT_EQ(client.line().substr(0, 6), "ERROR ");
    EXPECT_EQ(client.line(), "OK\r\n");
  }
}

TEST_F(KvServerEndTest, WhatIsWrongAtTheStartIsNamedInOneLine) {
  const std::string name = "--name=" + Socket::bound().name("foo");
  const std::string table = "--table=" + table_;
  const std::string taken = std::to_string(foo_->port());
  const std::vector<std::pair<Flags, std::string>> starts = {
      {{}, "--name is missing"},
      {{name}, "--table is missing"},
      {{"--name=foo", table}, "foo"},
      {{name, "--table=a..m"}, "a..m"},
      {{name, "--table=m..a " + foo_name_}, "line 1"},
      {{name, table, "--port=" + taken}, "127.0.0.1:" + taken},
      {{name, table, "--port=70000"}, "--port"},
      {{"--name=" + foo_name_, table, "--port=0"}, foo_name_.substr(4)},
      {{name, table, "--port=0", "--address=nowhere"}, "nowhere"},
      {{"--name=foo@0.0.0.0:4001", table}, "insecure"},
      {{name, table, "stray"}, "stray"},
      {{name, table, "--log_level=loud"}, "--log_level"}};
  for (const auto& [flags, cause] : starts) {
    const auto server = ServerProcess::spawn(flags);
    const auto status = server->wait();
    ASSERT_TRUE(status.has_value());
    EXPECT_EQ(*status, 1);
    const std::string log = server->log();
    // Beside what the node logs, if it came so far.
    const std::string error = "kv_server: ";
    const std::size_t at = log.find(error);
    ASSERT_NE(at, std::string::npos) << log;
    EXPECT_EQ(log.find(error, at + 1), std::string::npos) << log;
    EXPECT_NE(log.substr(at, log.find('\n', at) - at).find(cause),
              std::string::npos)
        << log;
  }
}

}  // namespace
}  // namespace kv_tests
