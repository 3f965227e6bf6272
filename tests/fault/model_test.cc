// Random operations under random faults, against what their outcomes promise:
// what succeeded happened exactly once, what is not_run never happened, what is
// unknown happened once or never.
#include <gtest/gtest.h>

#include <map>
#include <memory>
#include <optional>
#include <random>
#include <set>
#include <sstream>
#include <stdexcept>
#include <string>
#include <thread>
#include <utility>
#include <vector>

#include "fault/fake_cluster.h"
#include "fault/gate.h"
#include "fault/seed.h"
#include "fault/told.h"

namespace kv::internal {
namespace {

using std::chrono::microseconds;
using std::chrono::milliseconds;
using Random = std::mt19937;

const std::vector<std::string> kNodes = {"foo", "bar", "baz"};
const std::vector<std::string> kBuckets = {"apple", "grape", "kiwi", "plum",
                                           "zest"};

std::uint32_t below(Random& random, std::uint32_t limit) {
  return static_cast<std::uint32_t>(random() % limit);
}

// Of five requests about one meets a fault.
Passage any_passage(Random& random) {
  Passage passage;
  const std::uint32_t dice = below(random, 100);
  if (dice < 6) passage.fate = Fate::kRefuse;
  if (dice >= 6 && dice < 9) passage.fate = Fate::kDrop;
  if (dice >= 9 && dice < 18) passage.fate = Fate::kLoseAnswer;
  if (dice % 4 == 0) passage.delay = microseconds(below(random, 2000));
  return passage;
}

// Adds its argument to the list under "log"; fails or throws afterwards if
// told.
absl::StatusOr<std::string> add(OpContext& context, std::string_view args) {
  Bucket& bucket = *context.bucket();
  const std::string token(args.substr(1));
  const std::string log = bucket.get("log").value_or("");
  bucket.put("log", log + token + " ").IgnoreError();
  if (args[0] == 'f') return absl::DataLossError("as told");
  if (args[0] == 't') throw std::runtime_error("as told");
  return token;
}

// What one thread does, and what it knows after it.
class Actor {
 public:
  Actor(FakeCluster& cluster, int number, std::uint32_t seed)
      : cluster_(cluster), name_("t" + std::to_string(number)), random_(seed) {}

  void act() {
    if (below(random_, 2) == 0) {
      append();
    } else {
      write();
    }
  }

  // By bucket, how often a token of this thread must and may be in the log.
  struct Counts {
    int least;
    int most;
  };
  std::map<std::string, std::map<std::string, Counts>> tokens;
  // By bucket and key, the values it may have in the end.
  using Values = std::set<std::optional<std::string>>;
  std::map<std::pair<std::string, std::string>, Values> values;
  std::vector<std::string> wrong;

 private:
  template <typename Op>
  typename Op::Result run(const std::string& bucket, const Op& op) {
    CallOptions options;
    options.timeout = below(random_, 8) == 0
                          ? microseconds(below(random_, 1500))
                          : microseconds(30000);
    Router& router = cluster_.router(kNodes[below(random_, 3)]);
    switch (below(random_, 4)) {
      case 0: {
        auto task = router.async(bucket, op, options);
        task.cancel();
        return task.await(kLong);
      }
      case 1:
        return router.async(bucket, op, options).await(kLong);
      default:
        return router.route(bucket, op, options);
    }
  }

  void append() {
    const std::string& bucket = kBuckets[below(random_, kBuckets.size())];
    const std::string token = name_ + "." + std::to_string(next_++);
    const char* const kinds[] = {"o", "o", "f", "t"};
    const auto result =
        run(bucket, Apply{"add", kinds[below(random_, 4)] + token});
    if (result.ok() && *result != token) wrong.push_back("answer of another");
    const Outcome out = outcome(result.status());
    tokens[bucket][token] = {result.ok() ? 1 : 0,
                             result.ok() || out == Outcome::kUnknown ? 1 : 0};
  }

  // A key of this thread's own. After an unknown end a new one, because what is
  // unknown may also happen later.
  void write() {
    if (key_.empty()) {
      key_ = name_ + "." + std::to_string(next_++);
      bucket_ = kBuckets[below(random_, kBuckets.size())];
      now_ = std::nullopt;
    }
    Values& may_be = values[{bucket_, key_}];
    const std::optional<std::string> before = now_;
    absl::Status status;
    switch (below(random_, 3)) {
      case 0: {
        const std::string value = std::to_string(next_++);
        status = run(bucket_, Put{key_, value});
        if (outcome(status) != Outcome::kNotRun) now_ = value;
        break;
      }
      case 1: {
        const auto deleted = run(bucket_, Delete{key_});
        status = deleted.status();
        if (deleted.ok() && *deleted != before) wrong.push_back("Delete lies");
        if (outcome(status) != Outcome::kNotRun) now_ = std::nullopt;
        break;
      }
      default: {
        const auto got = run(bucket_, Get{key_});
        if (got.ok() && *got != before) wrong.push_back("Get lies");
        may_be = {now_};
        return;
      }
    }
    may_be = {now_};
    if (outcome(status) != Outcome::kUnknown) return;
    may_be.insert(before);
    key_.clear();
  }

  FakeCluster& cluster_;
  const std::string name_;
  Random random_;
  int next_ = 0;
  std::string bucket_;
  std::string key_;
  std::optional<std::string> now_;
};

class ModelTest : public testing::TestWithParam<Delivery> {
 protected:
  // foo's table is a stale one, so that many calls take two hops.
  FakeCluster cluster_{kNodes, NodeOptions(), GetParam()};
};
INSTANTIATE_TEST_SUITE_P(, ModelTest,
                         testing::Values(Delivery::kNetwork, Delivery::kInline),
                         [](const auto& delivery) {
                           return delivery.param == Delivery::kNetwork
                                      ? "Network"
                                      : "Inline";
                         });

TEST_P(ModelTest, OutcomesTellTheTruthUnderRandomFaults) {
  constexpr int kThreads = 4;
  constexpr int kActs = 300;
  const std::uint32_t seed = test_seed();
  SCOPED_TRACE(shown(seed));
  cluster_.set_tables("a..h foo\ni..p bar\nq..z baz");
  cluster_.set_table("foo", "a..h foo\ni..z bar");
  for (const std::string& node : kNodes) cluster_.define(node, "add", add);
  for (const std::string& bucket : kBuckets) {
    ASSERT_EQ(told(cluster_.router("bar").route(bucket, Create{})), "OK");
  }
  Random random(seed);
  cluster_.set_all_links([&](const Request&) { return any_passage(random); });

  std::vector<Actor> actors;
  for (int t = 0; t < kThreads; ++t) {
    actors.emplace_back(cluster_, t, seed + 1 + static_cast<std::uint32_t>(t));
  }
  std::vector<std::thread> threads;
  for (Actor& actor : actors) {
    threads.emplace_back([&] {
      for (int i = 0; i < kActs; ++i) actor.act();
    });
  }
  for (std::thread& thread : threads) thread.join();

  // What is unknown may still be running: nothing does once the nodes stop.
  std::map<std::string, std::shared_ptr<Bucket>> buckets;
  for (const std::string& node : kNodes) {
    Core& core = cluster_.core(node);
    for (const std::string& name : core.registry().names()) {
      ASSERT_EQ(buckets.count(name), 0U) << name << " lives on two nodes";
      buckets[name] = core.registry().lookup(name);
    }
    ASSERT_EQ(told(core.stop(kLong)), "OK");
  }
  std::map<std::string, std::map<std::string, int>> logged;
  for (const std::string& bucket : kBuckets) {
    std::istringstream log(buckets.at(bucket)->get("log").value_or(""));
    for (std::string token; log >> token;) ++logged[bucket][token];
  }
  int known = 0;
  for (Actor& actor : actors) {
    EXPECT_EQ(actor.wrong, std::vector<std::string>());
    for (const auto& [bucket, tokens] : actor.tokens) {
      for (const auto& [token, counts] : tokens) {
        const int times = logged[bucket][token];
        EXPECT_TRUE(counts.least <= times && times <= counts.most)
            << token << " is in " << bucket << " " << times << " times, not "
            << counts.least << " to " << counts.most;
        if (counts.least == counts.most) ++known;
      }
    }
    for (const auto& [place, may_be] : actor.values) {
      EXPECT_EQ(may_be.count(buckets.at(place.first)->get(place.second)), 1U)
          << place.first << " " << place.second;
    }
  }
  EXPECT_GT(known, kThreads * kActs / 8) << "too many faults to learn much";
}

}  // namespace
}  // namespace kv::internal
