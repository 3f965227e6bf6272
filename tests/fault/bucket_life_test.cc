// Buckets that are dropped and made again while they are in use.
#include <gmock/gmock.h>
#include <gtest/gtest.h>

#include <atomic>
#include <string>
#include <thread>
#include <vector>

#include "fault/fake_cluster.h"
#include "fault/gate.h"
#include "fault/told.h"

namespace kv::internal {
namespace {

class BucketLifeTest : public testing::TestWithParam<std::string> {
 protected:
  BucketLifeTest() {
    cluster_.set_tables("a..z foo");
    cluster_.define("foo", "wait",
                    [this](OpContext& context, std::string_view) {
                      gate_.pass();
                      if (context.bucket() != nullptr) {
                        context.bucket()->put("waited", "yes").IgnoreError();
                      }
                      return context.bucket() == nullptr ? "none" : "some";
                    });
    cluster_.define("foo", "look", [](OpContext& context, std::string_view) {
      return context.bucket() == nullptr ? "none" : "some";
    });
  }
  void TearDown() override { gate_.open(); }

  // The room is held until gate_ opens.
  Task<std::string> hold() {
    auto task = router_.async("room", Apply{"wait", ""});
    EXPECT_TRUE(gate_.wait_for_arrivals(1));
    return task;
  }

  Gate gate_;
  FakeCluster cluster_{{"foo", "bar"}};
  Router& router_ = cluster_.router(GetParam());
  // Calls made here are in the order of their making.
  Router& foo_ = cluster_.router("foo");
};
INSTANTIATE_TEST_SUITE_P(, BucketLifeTest, testing::Values("foo", "bar"),
                         [](const auto& node) { return node.param; });

TEST_P(BucketLifeTest, ARefKnowsWhereItsBucketLivesWhateverTheTableSays) {
  const BucketRef ref = *router_.route("room", Create{});
  ASSERT_EQ(told(router_.route(ref, Put{"k", "v"})), "OK");
  cluster_.set_tables("a..z bar");
  EXPECT_EQ(ref.node(), cluster_.name("foo"));
  EXPECT_EQ(**router_.route(ref, Get{"k"}), "v");
  EXPECT_EQ(*router_.route(ref, Apply{"look", ""}), "some");
  EXPECT_EQ(*router_.route(ref, Lookup{}), ref);
  EXPECT_EQ(*router_.route(ref, Create{}), ref);
  EXPECT_EQ(**router_.async(ref, Get{"k"}).await(), "v");
}

TEST_P(BucketLifeTest, ARefToADroppedBucketIsStaleForAllOperations) {
  const BucketRef ref = *router_.route("room", Create{});
  for (const bool again : {false, true}) {
    if (!again) {
      ASSERT_EQ(told(router_.route(ref, Drop{})), "OK");
    } else {
      ASSERT_NE(*router_.route("room", Create{}), ref);
    }
    for (const absl::Status& status :
         {router_.route(ref, Create{}).status(),
          router_.route(ref, Lookup{}).status(),
          router_.route(ref, Get{"k"}).status(),
          router_.route(ref, Put{"k", "v"}),
          router_.route(ref, Delete{"k"}).status(), router_.route(ref, Drop{}),
          router_.route(ref, Apply{"look", ""}).status(),
          router_.async(ref, Get{"k"}).await().status()}) {
      EXPECT_EQ(told(status), "ABORTED not_run");
      EXPECT_THAT(std::string(status.message()), testing::HasSubstr("room"));
    }
    EXPECT_EQ(router_.route("room", Lookup{}).ok(), again);
  }
  EXPECT_EQ(*router_.route("room", Get{"k"}), std::nullopt);
}

TEST_P(BucketLifeTest, ARefToNothingIsInvalid) {
  EXPECT_EQ(told(router_.route(BucketRef(), Get{"k"})),
            "INVALID_ARGUMENT not_run");
  EXPECT_EQ(
      told(router_.route(BucketRef(cluster_.name("foo"), "room", 0), Get{"k"})),
      "INVALID_ARGUMENT not_run");
}

TEST_P(BucketLifeTest, ABucketMadeAgainIsEmpty) {
  const BucketRef ref = *router_.route("room", Create{});
  ASSERT_EQ(told(router_.route("room", Put{"k", "v"})), "OK");
  ASSERT_EQ(told(router_.route("room", Drop{})), "OK");
  EXPECT_EQ(told(router_.route("room", Get{"k"})), "NOT_FOUND ran");
  EXPECT_NE(router_.route("room", Create{})->id(), ref.id());
  EXPECT_EQ(*router_.route("room", Get{"k"}), std::nullopt);
}

TEST_P(BucketLifeTest, CallsBehindADropFindNoBucket) {
  const BucketRef ref = *router_.route("room", Create{});
  auto held = hold();
  auto drop = foo_.async("room", Drop{});
  auto put = foo_.async("room", Put{"k", "v"});
  auto look = foo_.async("room", Apply{"look", ""});
  auto by_ref = foo_.async(ref, Put{"k", "v"});
  auto op_by_ref = foo_.async(ref, Apply{"look", ""});
  auto create = foo_.async("room", Create{});
  auto get = foo_.async("room", Get{"k"});
  gate_.open();
  EXPECT_EQ(*held.await(), "some");
  EXPECT_EQ(told(drop.await()), "OK");
  EXPECT_EQ(told(put.await()), "NOT_FOUND ran");
  EXPECT_EQ(*look.await(), "none");
  EXPECT_EQ(told(by_ref.await()), "ABORTED not_run");
  EXPECT_EQ(told(op_by_ref.await()), "ABORTED not_run");
  const auto made = create.await();
  ASSERT_EQ(told(made), "OK");
  EXPECT_NE(*made, ref);
  EXPECT_EQ(*get.await(), std::nullopt);
  EXPECT_EQ(*router_.route("room", Lookup{}), *made);
}

TEST_P(BucketLifeTest, ADropThroughTheRegistryWaitsForTheOperation) {
  ASSERT_EQ(told(router_.route("room", Create{})), "OK");
  auto held = hold();
  Gate dropping;
  std::thread dropper([&] {
    dropping.touch();
    EXPECT_TRUE(cluster_.core("foo").registry().drop("room"));
  });
  EXPECT_TRUE(dropping.wait_for_arrivals(1));
  gate_.open();
  EXPECT_EQ(*held.await(), "some");
  dropper.join();
  EXPECT_EQ(told(router_.route("room", Lookup{})), "NOT_FOUND ran");
}

// Every answer must be one that some order of the operations gives.
TEST_P(BucketLifeTest, DropAndCreateRaceOnABusyBucket) {
  cluster_.define("foo", "work", [](OpContext& context, std::string_view) {
    Bucket* const bucket = context.bucket();
    if (bucket == nullptr) return "none";
    const std::optional<std::string> one = bucket->get("one");
    std::this_thread::yield();
    bucket->put("one", "1").IgnoreError();
    bucket->put("two", "1").IgnoreError();
    return bucket->get("one") == bucket->get("two") ? "whole" : "torn";
  });
  std::atomic<int> made{0}, dropped{0};
  std::vector<std::thread> threads;
  for (int t = 0; t < 4; ++t) {
    threads.emplace_back([&, t] {
      Router& router = t % 2 == 0 ? router_ : foo_;
      for (int i = 0; i < 150; ++i) {
        const auto ref = router.route("room", Create{});
        EXPECT_EQ(told(ref), "OK");
        if (!ref.ok()) return;
        ++made;
        const auto work = router.route("room", Apply{"work", ""});
        EXPECT_TRUE(work.ok() && *work != "torn") << work.status();
        const std::string by_ref = told(router.route(*ref, Put{"k", "v"}));
        EXPECT_TRUE(by_ref == "OK" || by_ref == "ABORTED not_run") << by_ref;
        const std::string get = told(router.route("room", Get{"k"}));
        EXPECT_TRUE(get == "OK" || get == "NOT_FOUND ran") << get;
        const std::string drop = told(router.route("room", Drop{}));
        EXPECT_TRUE(drop == "OK" || drop == "NOT_FOUND ran") << drop;
        if (drop == "OK") ++dropped;
      }
    });
  }
  for (std::thread& thread : threads) thread.join();
  EXPECT_GT(dropped, 0);
  EXPECT_EQ(cluster_.core("foo").registry().size(), 0U)
      << "the last drop came after the last create";
}

}  // namespace
}  // namespace kv::internal
