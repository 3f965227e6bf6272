// Processes that are killed and started again, many times, beside one that is
// not.
#include <kv/kv.h>

#include <atomic>
#include <csignal>
#include <cstdint>
#include <iostream>
#include <memory>
#include <random>
#include <string>
#include <thread>
#include <vector>

#include "cluster/sockets.h"
#include "cluster/times.h"
#include "cluster/two_nodes.h"
#include "distributed/peer_process.h"
#include "fault/seed.h"

namespace {

using kv_tests::Clock;
using kv_tests::eventually;
using kv_tests::expect_failure;
using kv_tests::kLong;
using kv_tests::milliseconds;
using kv_tests::PeerProcess;
using kv_tests::Pulse;
using kv_tests::seconds;
using kv_tests::start_node;
using kv_tests::time_of;
using kv_tests::Times;
using kv_tests::within;
using std::chrono::microseconds;

constexpr milliseconds kPause(5);
constexpr int kVictims = 6;

// Below those that the kernel gives to outgoing connections: one of these could
// take it while nobody listens there.
std::string name_at_a_port_to_keep(std::mt19937& random) {
  for (;;) {
    const auto port = static_cast<std::uint16_t>(10000 + random() % 20000);
    if (kv_tests::is_free(port)) {
      return "bar@127.0.0.1:" + std::to_string(port);
    }
  }
}

// Mostly short; sometimes long enough for the pause between two attempts to
// reach it to have grown to its most.
milliseconds any_time_down(std::mt19937& random) {
  return milliseconds(random() % 8 == 0 ? 500 + random() % 600
                                        : random() % 120);
}

// One process that is killed again and again, and what foo finds.
class Victim {
 public:
  Victim(kv::Node& foo, const Pulse& pulse, std::uint32_t seed)
      : foo_(foo), pulse_(pulse), random_(seed) {}

  // Without `calls` nobody talks to it.
  void die(int times, bool calls) {
    name_ = name_at_a_port_to_keep(random_);
    for (int i = 0; i < times && !testing::Test::HasFailure(); ++i) {
      process_ = PeerProcess::start(name_);
      if (process_ == nullptr) return;
      if (calls) expect_return();
      process_->signal(SIGKILL);
      EXPECT_EQ(process_->wait(), 128 + SIGKILL);
      const auto end = Clock::now() + any_time_down(random_);
      for (int k = 0; k < 5 && calls; ++k) expect_death();
      std::this_thread::sleep_until(end);
      if (calls) expect_death();
    }
  }

  Times failed;  // calls after its death
  Times back;    // from when it listened again until a call came through

 private:
  absl::Status call() {
    return foo_.router().call(name_, kv::Whoami{}, within(kLong)).status();
  }
  void expect_death() {
    absl::Status status;
    const int stills = pulse_.stills();
    const auto took = time_of([&] { status = call(); });
    if (pulse_.stills() == stills) failed.add(took);
    expect_failure(status, absl::StatusCode::kUnavailable, kv::outcome(status),
                   name_);
    EXPECT_NE(kv::outcome(status), kv::Outcome::kRan) << status;
  }
  void expect_return() {
    const int stills = pulse_.stills();
    const auto begin = Clock::now();
    while (!call().ok()) {
      if (Clock::now() > begin + kLong) {
        ADD_FAILURE() << name_ << " is not back";
        return;
      }
      std::this_thread::sleep_for(milliseconds(1));  // leave it a core
    }
    const auto took = Clock::now() - begin;
    if (pulse_.stills() == stills) back.add(took);
  }

  kv::Node& foo_;
  const Pulse& pulse_;
  std::mt19937 random_;
  std::string name_;
  std::unique_ptr<PeerProcess> process_;
};

class RestartTest : public ::testing::Test {
 protected:
  void SetUp() override {
    foo_ = start_node("foo");
    baz_ = PeerProcess::start("baz");
    ASSERT_TRUE(foo_ != nullptr && baz_ != nullptr);
  }

  // How long calls of baz take, one each kPause, while `work` is done.
  template <typename Work>
  Times calls_beside(const Work& work) {
    Times times;
    std::atomic<bool> done{false};
    std::thread caller([&] {
      // From when it was due: calls that are held up behind one count too, but
      // not those that are late because the machine stood still.
      for (auto due = Clock::now(); !done; due += kPause) {
        const int stills = pulse_.stills();
        std::this_thread::sleep_until(due);
        const absl::Status status =
            foo_->router().call(baz_->name(), kv::Whoami{}).status();
        const auto took = Clock::now() - due;
        if (pulse_.stills() == stills) {
          times.add(took);
        } else {
          due = Clock::now();
        }
        EXPECT_TRUE(status.ok()) << status;
      }
    });
    work();
    done = true;
    caller.join();
    return times;
  }
  // Several victims at once, each of which dies so many times.
  void kill(int times, bool calls) {
    std::vector<std::unique_ptr<Victim>> victims;
    std::vector<std::thread> threads;
    for (int i = 0; i < kVictims; ++i) {
      victims.push_back(std::make_unique<Victim>(*foo_, pulse_, ++seed_));
      threads.emplace_back([&victim = *victims.back(), times, calls] {
        victim.die(times, calls);
      });
    }
    for (std::thread& thread : threads) thread.join();
    for (const auto& victim : victims) {
      failed_.add(victim->failed);
      back_.add(victim->back);
    }
  }

  std::uint32_t seed_ = kv::internal::test_seed();
  const Pulse pulse_;
  std::unique_ptr<kv::Node> foo_;
  std::unique_ptr<PeerProcess> baz_;
  Times failed_;
  Times back_;
};

TEST_F(RestartTest, KilledAndRestartedNodesHarmNoOthersAndAreBackSoon) {
  const int kills = kv::internal::test_length(500) / kVictims;
  // What the same processes cost whom they don't concern.
  const Times before = calls_beside([&] { kill(kills / 6 + 1, false); });
  const Times during = calls_beside([&] { kill(kills, true); });
  const Times after = calls_beside([&] { kill(kills / 6 + 1, false); });
  Times beside = before;
  beside.add(after);
  const auto usual = [](const Times& times) {
    return times.usually_within(0.99, seconds(1) / kPause);
  };
  std::cout << "calls of another node, strangers die:  " << beside
            << "\ncalls of another node, peers die:      " << during
            << "\n  the usual p99 of a second:           "
            << usual(beside) / microseconds(1) << " us, "
            << usual(during) / microseconds(1) << " us"
            << "\ncalls of a dead node:                  " << failed_
            << "\nfrom listening again to the first call: " << back_
            << "\nthe machine stood still " << pulse_.stills() << " times"
            << std::endl;
  if (kv::internal::kSanitized) return;
  EXPECT_LT(usual(during),
            std::max<Times::Duration>(2 * usual(beside), milliseconds(10)));
  EXPECT_LT(failed_.within(0.99), milliseconds(10));
  EXPECT_LT(back_.within(0.99), milliseconds(600));
  EXPECT_GT(failed_.count() * back_.count(), 0U) << "the machine stood still";
}

}  // namespace
