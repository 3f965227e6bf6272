// Many requests on one connection, without waiting for the answers.
#include <gtest/gtest.h>

#include <csignal>
#include <map>
#include <random>
#include <string>
#include <thread>
#include <vector>

#include "cluster/sockets.h"
#include "fault/seed.h"
#include "kv_server/server_process.h"

namespace kv_tests {
namespace {

using KvServerPipelineTest = TwoServers;

// The guide's server, without a network.
class Model {
 public:
  std::string create(const std::string& bucket) {
    buckets_[bucket];
    return "OK\r\n";
  }
  std::string put(const std::string& bucket, const std::string& key,
                  const std::string& value) {
    if (buckets_.count(bucket) == 0) return "NOT FOUND\r\n";
    buckets_[bucket][key] = value;
    return "OK\r\n";
  }
  std::string get(const std::string& bucket, const std::string& key) {
    if (buckets_.count(bucket) == 0) return "NOT FOUND\r\n";
    const auto& pairs = buckets_[bucket];
    const auto it = pairs.find(key);
    return (it == pairs.end() ? "" : it->second) + "\r\nOK\r\n";
  }
  std::string del(const std::string& bucket, const std::string& key) {
    if (buckets_.count(bucket) == 0) return "NOT FOUND\r\n";
    buckets_[bucket].erase(key);
    return "OK\r\n";
  }

 private:
  std::map<std::string, std::map<std::string, std::string>> buckets_;
};

struct Script {
  std::string requests;
  std::string answers;
};

// Runs of one kind, too, about `buckets` of both nodes.
Script random_script(std::uint32_t seed, int length,
                     const std::vector<std::string>& buckets) {
  std::mt19937 random(seed);
  Model model;
  Script script;
  auto kind = random() % 8;
  for (int i = 0; i < length; ++i) {
    if (random() % 4 == 0) kind = random() % 8;
    const std::string& bucket = buckets[random() % buckets.size()];
    const std::string key = "key" + std::to_string(random() % 4);
    const std::string value = std::to_string(random());
    const std::string names = bucket + " " + key;
    if (kind == 0 && random() % 4 == 0) {
      script.requests += "CREATE " + bucket + "\r\n";
      script.answers += model.create(bucket);
    } else if (kind == 1) {
      script.requests += "DELETE " + names + "\n";
      script.answers += model.del(bucket, key);
    } else if (kind == 2 && random() % 4 == 0) {
      script.requests += "GET " + bucket + "\r\n";
      script.answers += "UNKNOWN COMMAND\r\n";
    } else if (kind <= 4) {
      script.requests += "PUT " + names + " " + value + "\r\n";
      script.answers += model.put(bucket, key, value);
    } else {
      script.requests += "GET " + names + "\r\n";
      script.answers += model.get(bucket, key);
    }
  }
  return script;
}

TEST_F(KvServerPipelineTest, AnswersComeInOrderAndABucketKeepsItsOrder) {
  const std::uint32_t seed = kv::internal::test_seed();
  SCOPED_TRACE(kv::internal::shown(seed));
  const Script script = random_script(
      seed, 20000, {"alpha", "beta", "hello", "new", "shopping", "world"});
  Client client(foo_->port());
  std::thread sender([&] {
    client.send(script.requests);
    client.half_close();
  });
  const std::string answers = client.rest();
  sender.join();
  EXPECT_TRUE(answers == script.answers);  // too long to be shown
}

TEST_F(KvServerPipelineTest, OneBucketOfAnotherNodeKeepsItsOrderToo) {
  const std::uint32_t seed = kv::internal::test_seed();
  SCOPED_TRACE(kv::internal::shown(seed));
  const Script script = random_script(seed, 3000, {"shopping"});
  Client client(foo_->port());
  client.send(script.requests);
  client.half_close();
  EXPECT_EQ(client.rest(), script.answers);
}

TEST_F(KvServerPipelineTest, RequestsForDifferentBucketsAreUnderWayAtOnce) {
  Client setup(foo_->port());
  setup.ask("CREATE hello\r\nCREATE world\r\n", 2);
  bar_->signal(SIGSTOP);
  Client client(foo_->port());
  client.send("PUT world a 1\r\nPUT hello a 1\r\nPUT hello b 2\r\n");
  // The second and the third have run though the first has not.
  EXPECT_TRUE(eventually(
      [&] { return setup.ask("GET hello b\r\n", 2) == "2\r\nOK\r\n"; }));
  EXPECT_TRUE(client.hears_nothing(milliseconds(0)));
  bar_->signal(SIGCONT);
  EXPECT_EQ(client.lines(3), "OK\r\nOK\r\nOK\r\n");
}

TEST_F(KvServerPipelineTest, AFrozenNodeHoldsUpNobodyElse) {
  Client setup(foo_->port());
  setup.ask("CREATE hello\r\nCREATE world\r\n", 2);
  bar_->signal(SIGSTOP);
  std::vector<Client> stuck;
  for (int i = 0; i < 50; ++i) {
    stuck.emplace_back(foo_->port());
    std::string requests;
    for (int j = 0; j < 1000; ++j) requests += "PUT world a 1\r\n";
    stuck.back().send(requests);
  }
  for (int i = 0; i < 100; ++i) {
    Client other(foo_->port());
    EXPECT_EQ(other.ask("PUT hello a 1\r\nGET hello a\r\n", 3),
              "OK\r\n1\r\nOK\r\n");
  }
  bar_->signal(SIGCONT);
}

TEST_F(KvServerPipelineTest, ValuesThatAreTooLargeForOneReplyAllCome) {
  Client client(foo_->port());
  const std::string value(60000, 'v');
  client.ask("CREATE shopping\r\nPUT shopping big " + value + "\r\n", 2);
  const int count = 400;  // 24 MB, far more than one reply has
  std::string requests;
  for (int i = 0; i < count; ++i) requests += "GET shopping big\r\n";
  client.send(requests);
  for (int i = 0; i < count; ++i) {
    ASSERT_EQ(client.lines(2), value + "\r\nOK\r\n") << i;
  }
}

TEST_F(KvServerPipelineTest, ARequestOverALimitHarmsNoneThatItTravelledWith) {
  start_both({"--max_line_bytes=200000"});
  Client client(foo_->port());
  client.ask("CREATE shopping\r\n");
  std::string requests;
  for (int i = 0; i < 9; ++i) {
    const std::string key = i == 5 ? std::string(70000, 'k') : "key";
    requests += "PUT shopping " + key + " " + std::to_string(i) + "\r\n";
  }
  client.send(requests + "GET shopping key\r\n");
  EXPECT_EQ(client.lines(5), "OK\r\nOK\r\nOK\r\nOK\r\nOK\r\n");
  EXPECT_EQ(client.line().substr(0, 6), "ERROR ");
  EXPECT_EQ(client.lines(5), "OK\r\nOK\r\nOK\r\n8\r\nOK\r\n");
}

TEST_F(KvServerPipelineTest, AnOwnerThatIsNoKvServerGetsThemOneByOne) {
  const std::uint32_t seed = kv::internal::test_seed();
  SCOPED_TRACE(kv::internal::shown(seed));
  const auto other = start_node("other");
  ASSERT_NE(other, nullptr);
  table_ = "a..z " + other->name().str();
  ASSERT_TRUE(other->set_table(*kv::RoutingTable::parse(table_)).ok());
  const std::string name = Socket::bound().name("foo");
  foo_ = start(name);
  ASSERT_NE(foo_, nullptr);
  const Script script = random_script(seed, 500, {"shopping", "world"});
  Client client(foo_->port());
  client.send(script.requests);
  client.half_close();
  EXPECT_EQ(client.rest(), script.answers);
}

}  // namespace
}  // namespace kv_tests
