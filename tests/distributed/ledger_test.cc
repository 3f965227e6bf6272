// What callers were told against what happened, operation by operation, while
// connections are cut and the owner is killed.
#include <kv/kv.h>
#include <unistd.h>

#include <algorithm>
#include <array>
#include <atomic>
#include <csignal>
#include <cstdint>
#include <cstdio>
#include <cstdlib>
#include <fstream>
#include <functional>
#include <iostream>
#include <map>
#include <memory>
#include <mutex>
#include <optional>
#include <random>
#include <string>
#include <thread>
#include <utility>
#include <vector>

#include "cluster/sockets.h"
#include "cluster/two_nodes.h"
#include "distributed/peer_process.h"
#include "fault/seed.h"

namespace {

using kv_tests::Clock;
using kv_tests::eventually;
using kv_tests::kLong;
using kv_tests::milliseconds;
using kv_tests::PeerProcess;
using kv_tests::start_node;
using kv_tests::table_of;
using kv_tests::TcpProxy;
using kv_tests::within;
using Random = std::mt19937;

constexpr int kCallers = 4;
constexpr int kTogether = 16;

// What was said of each operation, by its id.
class Told {
 public:
  enum class Word { kOk, kRan, kNotRun, kUnknown };

  void add(const std::string& id, const absl::Status& status) {
    const Word word = word_of(status);
    const std::lock_guard<std::mutex> lock(mutex_);
    EXPECT_TRUE(words_.emplace(id, word).second) << id << " was told twice";
    ++counts_[word];
    if (word == Word::kOk) ++oks_;
  }
  int oks() const { return oks_; }
  // `times`: how often each has happened.
  void expect_true(const std::map<std::string, int>& times) const {
    for (const auto& [id, count] : times) {
      EXPECT_EQ(words_.count(id), 1U) << id << " was never asked for";
      EXPECT_EQ(count, 1) << id;
    }
    for (const auto& [id, word] : words_) {
      const bool happened = times.count(id) > 0;
      if (word == Word::kNotRun) {
        EXPECT_FALSE(happened) << id << " not_run";
      }
      if (word == Word::kOk) {
        EXPECT_TRUE(happened) << id << " ok";
      }
      if (word == Word::kRan) {
        EXPECT_TRUE(happened) << id << " ran";
      }
    }
  }
  int count(Word word) const {
    const auto it = counts_.find(word);
    return it == counts_.end() ? 0 : it->second;
  }
  void print(const std::map<std::string, int>& times) const {
    int done = 0;
    for (const auto& [id, word] : words_) {
      if (word == Word::kUnknown && times.count(id) > 0) ++done;
    }
    const auto all = static_cast<double>(words_.size());
    std::cout << words_.size() << " operations: ok " << count(Word::kOk)
              << ", ran " << count(Word::kRan) << ", not_run "
              << count(Word::kNotRun) << ", unknown " << count(Word::kUnknown)
              << " (" << 100 * count(Word::kUnknown) / all << " %), of which "
              << done << " happened" << std::endl;
  }

 private:
  static Word word_of(const absl::Status& status) {
    if (status.ok()) return Word::kOk;
    switch (kv::outcome(status)) {
      case kv::Outcome::kRan:
        return Word::kRan;
      case kv::Outcome::kNotRun:
        return Word::kNotRun;
      default:
        return Word::kUnknown;
    }
  }

  std::atomic<int> oks_{0};
  std::mutex mutex_;  // of all below, while they are added to
  std::map<std::string, Word> words_;
  std::map<Word, int> counts_;
};

// foo -> mid -> bar: foo and mid are here, bar is a process, and both lines can
// be cut. foo also reaches bar directly. bar's operation "Record" writes the
// name of its bucket to a file before it answers.
class LedgerTest : public ::testing::Test {
 protected:
  void SetUp() override {
    ledger_ = testing::TempDir() + "kvroute_ledger_" + std::to_string(getpid());
    std::remove(ledger_.c_str());
    std::ofstream(ledger_).flush();
    foo_ = start_node("foo");
    mid_ = start_node("mid");
    start_bar(port_to_keep());
    ASSERT_TRUE(foo_ != nullptr && mid_ != nullptr && bar_ != nullptr);
    const auto port = bar_->name().port();
    for (auto& line : lines_) line = std::make_unique<TcpProxy>(port);
    to_mid_ = std::make_unique<TcpProxy>(mid_->name().port());
    set_table(*mid_, lines_[1]->name("bar"), lines_[1]->name("bar"));
    set_table(*foo_, to_mid_->name("mid"), lines_[0]->name("bar"));
  }
  void TearDown() override {
    foo_.reset();
    mid_.reset();
    bar_.reset();
    std::remove(ledger_.c_str());
  }

  // Below those that the kernel gives to outgoing connections.
  std::uint16_t port_to_keep() {
    for (;;) {
      const auto port = static_cast<std::uint16_t>(10000 + random_() % 20000);
      if (kv_tests::is_free(port)) return port;
    }
  }
  void start_bar(std::uint16_t port) {
    bar_ = PeerProcess::start("bar@127.0.0.1:" + std::to_string(port));
    if (bar_ != nullptr) bar_->set_table(table_of({{"..", bar_->name()}}));
  }
  static void set_table(kv::Node& node, const std::string& m,
                        const std::string& n) {
    const auto table = kv::RoutingTable::parse("m..m " + m + "\nn..n " + n);
    ASSERT_TRUE(table.ok()) << table.status();
    ASSERT_TRUE(node.set_table(*table).ok());
  }

  // A bucket's name, which is the id: over mid, or directly.
  std::string any_id(Random& random, int caller, int number) const {
    return (random() % 2 == 0 ? "m" : "n") + std::to_string(caller) + "." +
           std::to_string(number);
  }
  static kv::CallOptions any_options(Random& random) {
    return within(random() % 16 == 0 ? milliseconds(random() % 3) : kLong);
  }
  // Mostly written and answered with OK; sometimes with an error.
  kv::Apply record(Random& random) const {
    return {random() % 8 == 0 ? "RecordAndFail" : "Record", ledger_};
  }

  // Until `done`, on a few threads.
  void call_until(const std::atomic<bool>& done,
                  const std::function<void(Random&, int)>& call) {
    std::vector<std::thread> threads;
    for (int caller = 0; caller < kCallers; ++caller) {
      threads.emplace_back([&, caller, seed = random_()] {
        Random random(seed);
        while (!done) {
          call(random, caller);
          // Who is told at once that bar is away must not fill the ledger.
          std::this_thread::sleep_for(milliseconds(1));
        }
      });
    }
    for (std::thread& thread : threads) thread.join();
  }
  void call_one(Random& random, int caller) {
    const std::string id = any_id(random, caller, next_++);
    const kv::CallOptions options = any_options(random);
    if (random() % 8 == 0) {
      auto task = foo_->router().async(id, record(random), options);
      task.cancel();
      return told_.add(id, task.await(kLong).status());
    }
    told_.add(id, foo_->router().route(id, record(random), options).status());
  }
  // They share a trip to each of the two.
  void call_together(Random& random, int caller) {
    std::vector<std::string> ids;
    for (int i = 0; i < kTogether; ++i) {
      ids.push_back(any_id(random, caller, next_++));
    }
    const auto results =
        foo_->router().route_all(ids, record(random), any_options(random));
    for (int i = 0; i < kTogether; ++i) {
      told_.add(ids[i], results[i].status());
    }
  }

  // Counts in buckets that live as long as bar, which so is not killed.
  void call_fast(Random& random, int caller) {
    std::vector<std::string> ids;
    std::vector<kv::Task<std::int64_t>> tasks;
    for (int i = 0; i < kTogether; ++i) {
      ids.push_back(any_id(random, caller, next_++));
      tasks.push_back(foo_->router().async(ids.back().substr(0, 1),
                                           kv::Increment{ids.back()},
                                           any_options(random)));
      if (random() % 32 == 0) tasks.back().cancel();
    }
    const auto results = kv::await_all(tasks, kLong);
    for (int i = 0; i < kTogether; ++i) {
      told_.add(ids[i], results[i].status());
    }
  }

  // Cuts lines, and kills bar if it may, again and again; each time some calls
  // come through before the next.
  void make_trouble(bool may_kill) {
    const std::array<TcpProxy*, 3> lines = {lines_[0].get(), lines_[1].get(),
                                            to_mid_.get()};
    const int rounds = kv::internal::test_length(40);
    for (int i = 0; i < rounds && !HasFatalFailure(); ++i) {
      if (may_kill && i % 4 == 0) {
        bar_->signal(SIGKILL);
        EXPECT_EQ(bar_->wait(), 128 + SIGKILL);
        start_bar(bar_->name().port());
        ASSERT_NE(bar_, nullptr);
      } else {
        TcpProxy& line = *lines[random_() % lines.size()];
        line.cut();
        std::this_thread::sleep_for(milliseconds(random_() % 20));
        line.mend();
      }
      const int before = told_.oks();
      ASSERT_TRUE(eventually([&] { return told_.oks() >= before + 50; }));
    }
  }
  void run(bool may_kill, const std::function<void(Random&, int)>& call) {
    std::atomic<bool> done{false};
    std::thread callers([&] { call_until(done, call); });
    make_trouble(may_kill);
    done = true;
    callers.join();
  }

  std::map<std::string, int> read_ledger() const {
    std::map<std::string, int> times;
    std::ifstream file(ledger_);
    for (std::string id; std::getline(file, id);) ++times[id];
    return times;
  }
  static std::map<std::string, int> read_buckets(kv::Router& reader) {
    std::map<std::string, int> times;
    for (const char* const bucket : {"m", "n"}) {
      std::optional<std::string> after;
      for (;;) {
        const auto page = reader.route(bucket, kv::Scan{"", after, 1000});
        if (!page.ok()) ADD_FAILURE() << page.status();
        if (!page.ok() || page->empty()) break;
        for (const auto& [id, count] : *page) times[id] = std::stoi(count);
        after = page->back().first;
      }
    }
    return times;
  }
  void expect_told_true(const std::map<std::string, int>& times) {
    told_.print(times);
    told_.expect_true(times);
    EXPECT_GT(told_.count(Told::Word::kNotRun), 0);
    EXPECT_GT(told_.count(Told::Word::kUnknown), 0);
  }

  const std::uint32_t seed_ = kv::internal::test_seed();
  Random random_{seed_};
  std::string ledger_;
  std::unique_ptr<kv::Node> foo_;
  std::unique_ptr<kv::Node> mid_;
  std::unique_ptr<PeerProcess> bar_;
  std::array<std::unique_ptr<TcpProxy>, 2> lines_;  // from foo, from mid
  std::unique_ptr<TcpProxy> to_mid_;
  std::atomic<int> next_{0};
  Told told_;
};

TEST_F(LedgerTest, SingleCallsAreToldTheTruth) {
  run(true, [this](Random& random, int caller) { call_one(random, caller); });
  bar_.reset();  // what is still running there does not happen any more
  expect_told_true(read_ledger());
  EXPECT_GT(told_.count(Told::Word::kRan), 0);
}

TEST_F(LedgerTest, CallsThatWaitForEachOtherAreToldTheTruth) {
  run(true,
      [this](Random& random, int caller) { call_together(random, caller); });
  bar_.reset();
  expect_told_true(read_ledger());
  EXPECT_GT(told_.count(Told::Word::kRan), 0);
}

TEST_F(LedgerTest, CallsThatShareATripAreToldTheTruth) {
  const auto reader = start_node("reader");
  ASSERT_TRUE(reader->set_table(table_of({{"..", bar_->name()}})).ok());
  for (const char* const bucket : {"m", "n"}) {
    ASSERT_TRUE(reader->router().route(bucket, kv::Create{}).ok());
  }
  run(false, [this](Random& random, int caller) { call_fast(random, caller); });
  foo_->stop().IgnoreError();
  mid_->stop().IgnoreError();
  EXPECT_TRUE(eventually([&] {  // what is still running there
    return reader->router().call(bar_->name(), kv::GetStats{})->calls <= 1;
  }));
  expect_told_true(read_buckets(reader->router()));
}

}  // namespace
