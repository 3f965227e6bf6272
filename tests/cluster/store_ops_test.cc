// Compare-and-set, counters, many keys at once, pages and sizes.
#include <kv/kv.h>

#include <cstdint>
#include <limits>
#include <string>
#include <thread>
#include <utility>
#include <vector>

#include "cluster/two_nodes.h"

namespace {

using kv_tests::expect_failure;
using kv_tests::start_node;
using Pairs = std::vector<std::pair<std::string, std::string>>;

class StoreOpsTest : public kv_tests::TwoNodes,
                     public ::testing::WithParamInterface<const char*> {
 protected:
  void SetUp() override {
    TwoNodes::SetUp();
    create(bucket());
  }
  std::string bucket() const { return GetParam(); }
  kv::Node& owner() { return bucket() == "hello" ? *foo_ : *bar_; }
  template <typename Op>
  typename Op::Result run(const Op& op) {
    return foo_->router().route(bucket(), op);
  }
};

INSTANTIATE_TEST_SUITE_P(HereAndThere, StoreOpsTest,
                         ::testing::Values("hello", "world"),
                         [](const auto& it) {
                           return it.param == std::string("hello") ? "Here"
                                                                   : "There";
                         });

TEST_P(StoreOpsTest, CompareAndSetComparesFirst) {
  EXPECT_EQ(*run(kv::CompareAndSet{"k", "old", "new"}), false);
  EXPECT_EQ(*run(kv::CompareAndSet{"k", std::nullopt, "1"}), true);
  EXPECT_EQ(*run(kv::CompareAndSet{"k", std::nullopt, "2"}), false);
  EXPECT_EQ(*run(kv::CompareAndSet{"k", "1", "2"}), true);
  EXPECT_EQ(*run(kv::Get{"k"}), "2");
  EXPECT_EQ(*run(kv::CompareAndSet{"k", "2", std::nullopt}), true);
  EXPECT_EQ(*run(kv::Get{"k"}), std::nullopt);
  EXPECT_EQ(*run(kv::CompareAndSet{"k", "", ""}), false);
  EXPECT_EQ(*run(kv::CompareAndSet{"k", std::nullopt, ""}), true);
  EXPECT_EQ(*run(kv::CompareAndSet{"k", "", "3"}), true);
}

TEST_P(StoreOpsTest, IncrementCountsFromNothing) {
  EXPECT_EQ(*run(kv::Increment{"n"}), 1);
  EXPECT_EQ(*run(kv::Increment{"n", 41}), 42);
  EXPECT_EQ(*run(kv::Increment{"n", -50}), -8);
  EXPECT_EQ(*run(kv::Get{"n"}), "-8");
}

TEST_P(StoreOpsTest, IncrementRefusesWhatIsNoNumberAndChangesNothing) {
  for (const char* text :
       {"", "milk", "1x", " 1", "+1", "9223372036854775808"}) {
    ASSERT_TRUE(run(kv::Put{"n", text}).ok());
    expect_failure(run(kv::Increment{"n"}).status(),
                   absl::StatusCode::kFailedPrecondition, kv::Outcome::kRan,
                   text);
    EXPECT_EQ(*run(kv::Get{"n"}), text);
  }
  constexpr std::int64_t kMost = std::numeric_limits<std::int64_t>::max();
  ASSERT_TRUE(run(kv::Put{"n", std::to_string(kMost)}).ok());
  EXPECT_EQ(run(kv::Increment{"n", 1}).status().code(),
            absl::StatusCode::kFailedPrecondition);
  EXPECT_EQ(*run(kv::Increment{"n", -1}), kMost - 1);
}

TEST_P(StoreOpsTest, NoIncrementIsLost) {
  constexpr int kThreads = 8;
  constexpr int kEach = 250;
  std::vector<std::thread> threads;
  for (int i = 0; i < kThreads; ++i) {
    threads.emplace_back([this] {
      for (int n = 0; n < kEach; ++n) {
        EXPECT_TRUE(run(kv::Increment{"n"}).ok());
      }
    });
  }
  for (std::thread& thread : threads) thread.join();
  EXPECT_EQ(*run(kv::Increment{"n", 0}), kThreads * kEach);
}

TEST_P(StoreOpsTest, ManyKeysAreWrittenAndReadAtOnce) {
  const std::string nul("\0\xff\n", 3);
  ASSERT_TRUE(
      run(kv::PutMany{{{"a", "1"}, {"", nul}, {nul, ""}, {"a", "2"}}}).ok());
  const auto values = run(kv::GetMany{{"a", "missing", "", nul, "a"}});
  ASSERT_TRUE(values.ok()) << values.status();
  EXPECT_EQ(*values, (std::vector<std::optional<std::string>>{"2", std::nullopt,
                                                              nul, "", "2"}));
  EXPECT_TRUE(run(kv::GetMany{})->empty());
  EXPECT_TRUE(run(kv::PutMany{}).ok());
  EXPECT_EQ(*run(kv::Size{}), 3U);
}

TEST_P(StoreOpsTest, PutManyWithOneBadPairWritesNone) {
  const std::string long_key(64 * 1024 + 1, 'k');
  expect_failure(run(kv::PutMany{{{"a", "1"}, {long_key, "2"}}}),
                 absl::StatusCode::kInvalidArgument, kv::Outcome::kNotRun,
                 "key");
  EXPECT_EQ(*run(kv::Size{}), 0U);
}

TEST_P(StoreOpsTest, ScanGoesThroughAPrefixPageByPage) {
  kv::PutMany put;
  Pairs expected;
  for (int i = 0; i < 25; ++i) {
    const std::string key = "user:" + std::to_string(100 + i);
    put.pairs.emplace_back(key, std::to_string(i));
    expected.emplace_back(key, std::to_string(i));
  }
  put.pairs.emplace_back("user", "before");
  put.pairs.emplace_back("user;", "behind");
  put.pairs.emplace_back("", "first of all");
  ASSERT_TRUE(run(put).ok());

  Pairs seen;
  std::optional<std::string> after;
  for (;;) {
    const auto page = run(kv::Scan{"user:", after, 10});
    ASSERT_TRUE(page.ok()) << page.status();
    seen.insert(seen.end(), page->begin(), page->end());
    if (page->size() < 10) break;
    after = page->back().first;
  }
  EXPECT_EQ(seen, expected);
  EXPECT_EQ(run(kv::Scan{"", std::nullopt, 1})->front().second, "first of all");
  EXPECT_EQ(run(kv::Scan{"", "", 1})->front().first, "user");
  EXPECT_TRUE(run(kv::Scan{"x", std::nullopt, 10})->empty());
  EXPECT_TRUE(run(kv::Scan{"user:", "user;", 10})->empty());
  EXPECT_TRUE(run(kv::Scan{"user:", std::nullopt, 0})->empty());
}

// The first scan puts the keys in order; they must stay so.
TEST_P(StoreOpsTest, ScanSeesWhatHasChangedSinceTheLastOne) {
  ASSERT_TRUE(run(kv::PutMany{{{"b", "1"}, {"d", "1"}}}).ok());
  ASSERT_EQ(run(kv::Scan{})->size(), 2U);
  ASSERT_TRUE(run(kv::PutMany{{{"a", "2"}, {"c", "2"}, {"d", "longer"}}}).ok());
  ASSERT_TRUE(run(kv::Delete{"b"}).ok());
  EXPECT_EQ(*run(kv::Scan{}), (Pairs{{"a", "2"}, {"c", "2"}, {"d", "longer"}}));
}

TEST_P(StoreOpsTest, AnswersOverTheLimitSayToAskForLess) {
  const std::string value(6 * 1024 * 1024, 'v');
  for (const char* key : {"a", "b", "c"}) {
    ASSERT_TRUE(run(kv::Put{key, value}).ok());
  }
  EXPECT_EQ(run(kv::GetMany{{"a", "b", "c"}}).status().code(),
            absl::StatusCode::kResourceExhausted);
  EXPECT_EQ(run(kv::Scan{}).status().code(),
            absl::StatusCode::kResourceExhausted);
  EXPECT_EQ(run(kv::GetMany{{"a", "b"}})->size(), 2U);
  EXPECT_EQ(run(kv::Scan{"", std::nullopt, 2})->size(), 2U);
}

TEST_P(StoreOpsTest, AllNeedABucket) {
  ASSERT_TRUE(run(kv::Drop{}).ok());
  const auto not_found = absl::StatusCode::kNotFound;
  EXPECT_EQ(run(kv::CompareAndSet{"k"}).status().code(), not_found);
  EXPECT_EQ(run(kv::Increment{"k"}).status().code(), not_found);
  EXPECT_EQ(run(kv::GetMany{{"k"}}).status().code(), not_found);
  EXPECT_EQ(run(kv::PutMany{{{"k", "v"}}}).code(), not_found);
  EXPECT_EQ(run(kv::Scan{}).status().code(), not_found);
  EXPECT_EQ(run(kv::Size{}).status().code(), not_found);
}

TEST_P(StoreOpsTest, BucketsAreListedByNodePageByPage) {
  kv::Router& router = foo_->router();
  const std::string first = bucket() == "hello" ? "a" : "n";
  for (const char* end : {"1", "2", "3"}) create(first + end);
  EXPECT_EQ(*router.call(owner().name(), kv::Buckets{std::nullopt, 2}),
            (std::vector<std::string>{first + "1", first + "2"}));
  EXPECT_EQ(*router.call(owner().name(), kv::Buckets{first + "2"}),
            (std::vector<std::string>{first + "3", bucket()}));
}

}  // namespace
