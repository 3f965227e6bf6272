// Clients that mean harm, or know no better.
#include <gtest/gtest.h>
#include <sys/resource.h>

#include <algorithm>
#include <csignal>
#include <random>
#include <string>
#include <vector>

#include "fault/seed.h"
#include "kv_server/server_process.h"

namespace kv_tests {
namespace {

using KvServerHostileTest = TwoServers;

constexpr std::size_t kMebibyte = std::size_t{1024} * 1024;
constexpr std::size_t kLineBytes = std::size_t{64} * 1024;

TEST_F(KvServerHostileTest, ALineOverTheLimitIsToldAndSkipped) {
  Client client(foo_->port());
  client.ask("CREATE hello\r\n");
  const std::string put = "PUT hello a ";
  const std::string just_fits(kLineBytes - put.size(), 'x');
  EXPECT_EQ(client.ask(put + just_fits + "\r\n"), "OK\r\n");
  EXPECT_EQ(client.ask(put + just_fits + "y\r\n"), "ERROR line too long\r\n");
  EXPECT_EQ(client.ask("GET hello a\r\n", 2), just_fits + "\r\nOK\r\n");
}

TEST_F(KvServerHostileTest, ALineWithoutEndIsNotHeld) {
  Client client(foo_->port());
  const std::size_t before = foo_->resident_bytes();
  const std::string piece(kMebibyte, 'x');
  for (int i = 0; i < 100; ++i) client.send(piece);
  EXPECT_EQ(client.line(), "ERROR line too long\r\n");
  EXPECT_LT(foo_->resident_bytes(), before + 16 * kMebibyte);
  EXPECT_EQ(client.ask("\nCREATE hello\r\n"), "OK\r\n");
}

TEST_F(KvServerHostileTest, RequestsMayComeByteByByte) {
  Client client(foo_->port());
  for (const char byte : std::string("CREATE shopping\r\nGET shopping a\r\n")) {
    client.send({&byte, 1});
  }
  EXPECT_EQ(client.lines(3), "OK\r\n\r\nOK\r\n");
}

// Asks for `count` values of one bucket and reads nothing until the server
// takes no more requests.
void read_slowly(ServerProcess& server, const std::string& bucket) {
  Client client(server.port());
  const std::string value(60000, 'v');
  client.ask("CREATE " + bucket + "\r\nPUT " + bucket + " a " + value + "\r\n",
             2);
  const std::string get = "GET " + bucket + " a\r\n";
  std::string gets;
  while (gets.size() < 16 * kMebibyte) gets += get;
  const std::size_t before = server.resident_bytes();
  const std::size_t sent = client.send_while_taken(gets, milliseconds(500));
  EXPECT_LT(sent, gets.size());
  EXPECT_LT(server.resident_bytes(), before + 64 * kMebibyte);

  // It gets all its answers, once it reads them.
  for (std::size_t i = 0; i < std::min<std::size_t>(sent / get.size(), 2000);
       ++i) {
    ASSERT_EQ(client.lines(2), value + "\r\nOK\r\n") << i;
  }
}

TEST_F(KvServerHostileTest, AClientThatDoesNotReadIsNotReadFrom) {
  read_slowly(*foo_, "hello");
}

TEST_F(KvServerHostileTest, NorIfItsAnswersComeFromAnotherNode) {
  read_slowly(*foo_, "shopping");
}

TEST_F(KvServerHostileTest, ManyThatDoNotReadHoldUpNobody) {
  Client client(foo_->port());
  client.ask("CREATE hello\r\nPUT hello a " + std::string(60000, 'v') + "\r\n",
             2);
  std::string gets;
  for (int i = 0; i < 1000; ++i) gets += "GET hello a\r\n";
  std::vector<Client> silent;
  for (int i = 0; i < 100; ++i) {
    silent.emplace_back(foo_->port());
    silent.back().send_while_taken(gets, milliseconds(0));
  }
  EXPECT_EQ(client.ask("PUT hello b 1\r\nGET hello b\r\n", 3),
            "OK\r\n1\r\nOK\r\n");
  // 100 times what the server holds for one, and what the kernel does not
  // count.
  EXPECT_LT(foo_->resident_bytes(), 256 * kMebibyte);
}

TEST_F(KvServerHostileTest, AHalfClosedConnectionGetsItsLastAnswers) {
  for (const std::string bucket : {"hello", "world"}) {
    Client client(foo_->port());
    client.send("CREATE " + bucket + "\r\nPUT " + bucket + " a 1\r\nGET " +
                bucket + " a\r\nPUT " + bucket + " a 2");
    client.half_close();
    EXPECT_EQ(client.rest(), "OK\r\nOK\r\n1\r\nOK\r\n");
    // A request without its end was none.
    Client later(foo_->port());
    EXPECT_EQ(later.ask("GET " + bucket + " a\r\n", 2), "1\r\nOK\r\n");
  }
}

TEST_F(KvServerHostileTest, BytesOfAnyKindAreAnsweredLineByLine) {
  const std::uint32_t seed = kv::internal::test_seed();
  SCOPED_TRACE(kv::internal::shown(seed));
  std::mt19937 random(seed);
  for (int round = 0; round < 20; ++round) {
    std::string bytes;
    for (int i = 0; i < 100000; ++i) bytes += static_cast<char>(random() & 255);
    bytes += '\n';
    Client client(foo_->port());
    client.send(bytes);
    client.half_close();
    const std::string answers = client.rest();
    EXPECT_EQ(std::count(answers.begin(), answers.end(), '\n'),
              std::count(bytes.begin(), bytes.end(), '\n'));
  }
}

TEST_F(KvServerHostileTest, ClientsThatVanishLeaveNothingBehind) {
  Client setup(foo_->port());
  setup.ask("CREATE hello\r\nCREATE world\r\n", 2);
  std::string requests;
  for (int i = 0; i < 500; ++i) {
    requests += "PUT world a 1\r\nGET world a\r\nGET hello a\r\n";
  }
  for (int i = 0; i < 300; ++i) {
    Client client(foo_->port());
    client.send(requests);
    if (i % 2 == 0) client.reset();
  }
  EXPECT_EQ(setup.ask("PUT hello b 1\r\nPUT world b 1\r\n", 2), "OK\r\nOK\r\n");
  foo_->signal(SIGTERM);
  EXPECT_EQ(foo_->wait(), 0) << foo_->log();
}

TEST_F(KvServerHostileTest, TheLimitOnConnectionsIsTold) {
  start_both({"--max_connections=2"});
  Client first(foo_->port());
  {
    Client second(foo_->port());
    EXPECT_EQ(first.ask("\n"), "UNKNOWN COMMAND\r\n");
    EXPECT_EQ(second.ask("\n"), "UNKNOWN COMMAND\r\n");
    Client third(foo_->port());
    third.send("CREATE hello\r\n");
    EXPECT_EQ(third.rest(), "ERROR too many connections: 2 is the limit\r\n");
  }
  EXPECT_TRUE(eventually([&] {
    Client next(foo_->port());
    next.send("\n");
    return next.line() == "UNKNOWN COMMAND\r\n";
  }));
  EXPECT_EQ(first.ask("\n"), "UNKNOWN COMMAND\r\n");
}

// As many of 10,000 as this process may open files.
std::size_t many_connections() {
  rlimit files{};
  getrlimit(RLIMIT_NOFILE, &files);
  files.rlim_cur = files.rlim_max;
  setrlimit(RLIMIT_NOFILE, &files);
  constexpr std::size_t kOthers = 1000;  // kv_server leaves room for 512
  return std::min<std::size_t>(
      10000, std::max<std::size_t>(files.rlim_max, 2 * kOthers) - kOthers);
}

TEST_F(KvServerHostileTest, TenThousandIdleConnectionsCostLittle) {
  const std::size_t count = many_connections();
  const std::size_t before = foo_->resident_bytes();
  std::vector<Client> idle;
  for (std::size_t i = 0; i < count; ++i) idle.emplace_back(foo_->port());
  EXPECT_EQ(idle.back().ask("CREATE hello\r\n"), "OK\r\n");
  EXPECT_LT(foo_->resident_bytes(), before + count * 4096);
  for (Client& client : idle) {
    client.send("PUT hello a 1\r\nGET hello a\r\n");
  }
  for (Client& client : idle) {
    ASSERT_EQ(client.lines(3), "OK\r\n1\r\nOK\r\n");
  }
  EXPECT_LT(foo_->resident_bytes(), before + count * 4096);
  foo_->signal(SIGTERM);
  EXPECT_EQ(foo_->wait(), 0) << foo_->log();
}

}  // namespace
}  // namespace kv_tests
