#include "data/builtin.h"

#include <gtest/gtest.h>

#include <cstdint>
#include <limits>
#include <memory>
#include <optional>
#include <string>
#include <vector>

#include "fault/told.h"

namespace kv::internal {
namespace {

class Holding final : public Turn {
 public:
  bool run(StoredBucket&) override { return false; }
};

Limits small() {
  Limits limits;
  limits.args_bytes = 200;
  return limits;
}

class BuiltinTest : public testing::Test {
 protected:
  template <typename T>
  typename T::Result run(const T& op, std::uint64_t id = 0) {
    auto result = run_builtin_now(home_, {"room", id}, op);
    EXPECT_TRUE(result.has_value()) << "the bucket is taken";
    return *std::move(result);
  }

  const NodeName self_ = *NodeName::parse("foo@127.0.0.1:4001");
  BucketMap buckets_{small()};
  const Home home_{buckets_, self_};
};

TEST_F(BuiltinTest, AllButCreateNeedABucket) {
  EXPECT_EQ(told(run(Lookup{})), "NOT_FOUND ran");
  EXPECT_EQ(told(run(Get{})), "NOT_FOUND ran");
  EXPECT_EQ(told(run(Put{})), "NOT_FOUND ran");
  EXPECT_EQ(told(run(Delete{})), "NOT_FOUND ran");
  EXPECT_EQ(told(run(CompareAndSet{})), "NOT_FOUND ran");
  EXPECT_EQ(told(run(Increment{})), "NOT_FOUND ran");
  EXPECT_EQ(told(run(GetMany{})), "NOT_FOUND ran");
  EXPECT_EQ(told(run(PutMany{})), "NOT_FOUND ran");
  EXPECT_EQ(told(run(Scan{})), "NOT_FOUND ran");
  EXPECT_EQ(told(run(Size{})), "NOT_FOUND ran");
  EXPECT_EQ(told(run(Drop{})), "NOT_FOUND ran");
  EXPECT_EQ(buckets_.size(), 0U);
}

TEST_F(BuiltinTest, ARefIsTheSameUntilTheDrop) {
  const BucketRef ref = *run(Create{});
  EXPECT_EQ(ref.node(), self_);
  EXPECT_EQ(*run(Create{}), ref);
  EXPECT_EQ(*run(Lookup{}, ref.id()), ref);
  EXPECT_EQ(told(run(Drop{})), "OK");
  EXPECT_EQ(told(run(Get{}, ref.id())), "ABORTED not_run");
  EXPECT_EQ(told(run(Create{}, ref.id())), "ABORTED not_run");
  EXPECT_NE(*run(Create{}), ref);
  EXPECT_EQ(told(run(Get{}, ref.id())), "ABORTED not_run");
}

TEST_F(BuiltinTest, ATakenBucketGivesNoResultNow) {
  ASSERT_TRUE(run(Create{}).ok());
  const auto bucket = buckets_.find("room");
  bucket->take_turn(std::make_shared<Holding>(), 0);
  EXPECT_FALSE(run_builtin_now(home_, {"room"}, Put{"k", "v"}).has_value());
  EXPECT_FALSE(run_builtin_now(home_, {"room"}, Drop{}).has_value());
  // Whoever has the turn may.
  EXPECT_EQ(told(run_builtin_in_turn(home_, *bucket, Put{"k", "v"})->status),
            "OK");
  bucket->end_turn();
  EXPECT_EQ(**run(Get{"k"}), "v");
}

TEST_F(BuiltinTest, ABucketDroppedInATurnIsGoneAtOnce) {
  ASSERT_TRUE(run(Create{}).ok());
  const auto bucket = buckets_.find("room");
  bucket->take_turn(std::make_shared<Holding>(), 0);
  EXPECT_EQ(told(run_builtin_in_turn(home_, *bucket, Drop{})->status), "OK");
  EXPECT_EQ(buckets_.find("room"), nullptr);
  EXPECT_FALSE(run_builtin_in_turn(home_, *bucket, Get{"k"}).has_value());
  bucket->end_turn();
}

// Between the mark and the removal another may find it.
TEST_F(BuiltinTest, ABucketThatIsMarkedAsDroppedCountsAsGone) {
  const BucketRef ref = *run(Create{});
  const auto bucket = buckets_.find("room");
  bucket->try_now([](StoredBucket::Contents& it) { it.dropped = true; });
  EXPECT_EQ(told(run(Get{}, ref.id())), "ABORTED not_run");
  EXPECT_EQ(told(run(Get{})), "NOT_FOUND ran");
  EXPECT_NE(*run(Create{}), ref);
}

TEST_F(BuiltinTest, CompareAndSetSetsOnlyWhatIsAsExpected) {
  ASSERT_TRUE(run(Create{}).ok());
  EXPECT_FALSE(*run(CompareAndSet{"k", "", "v"}));
  EXPECT_TRUE(*run(CompareAndSet{"k", std::nullopt, "v"}));
  EXPECT_FALSE(*run(CompareAndSet{"k", std::nullopt, "w"}));
  EXPECT_TRUE(*run(CompareAndSet{"k", "v", ""}));
  EXPECT_EQ(**run(Get{"k"}), "");
  EXPECT_TRUE(*run(CompareAndSet{"k", "", std::nullopt}));
  EXPECT_EQ(*run(Get{"k"}), std::nullopt);
  EXPECT_TRUE(*run(CompareAndSet{"k", std::nullopt, std::nullopt}));
}

TEST_F(BuiltinTest, IncrementAddsOrChangesNothing) {
  constexpr std::int64_t kMax = std::numeric_limits<std::int64_t>::max();
  constexpr std::int64_t kMin = std::numeric_limits<std::int64_t>::min();
  ASSERT_TRUE(run(Create{}).ok());
  EXPECT_EQ(*run(Increment{"n"}), 1);
  EXPECT_EQ(*run(Increment{"n", -3}), -2);
  EXPECT_EQ(**run(Get{"n"}), "-2");
  EXPECT_EQ(*run(Increment{"max", kMax}), kMax);
  EXPECT_EQ(told(run(Increment{"max"})), "FAILED_PRECONDITION ran");
  EXPECT_EQ(*run(Increment{"max", kMin}), -1);
  EXPECT_EQ(*run(Increment{"min", kMin}), kMin);
  EXPECT_EQ(told(run(Increment{"min", -1})), "FAILED_PRECONDITION ran");
  for (const std::string text : {"", "x", "1x", " 1", "9223372036854775808"}) {
    ASSERT_TRUE(run(Put{"text", text}).ok());
    EXPECT_EQ(told(run(Increment{"text"})), "FAILED_PRECONDITION ran") << text;
    EXPECT_EQ(**run(Get{"text"}), text);
  }
}

TEST_F(BuiltinTest, ManyKeysAtOnceKeepTheirOrder) {
  ASSERT_TRUE(run(Create{}).ok());
  ASSERT_TRUE(run(PutMany{{{"a", "1"}, {"b", "2"}, {"a", "3"}}}).ok());
  EXPECT_EQ(*run(GetMany{{"b", "none", "a", "b"}}),
            (GetMany::Value{"2", std::nullopt, "3", "2"}));
  EXPECT_EQ(*run(GetMany{}), GetMany::Value());
  EXPECT_EQ(*run(Size{}), 2U);
}

TEST_F(BuiltinTest, ScanPagesInByteOrder) {
  ASSERT_TRUE(run(Create{}).ok());
  ASSERT_TRUE(
      run(PutMany{{{"b", ""}, {"ab", "2"}, {"aa", "1"}, {"a\xff", "3"}}}).ok());
  EXPECT_EQ(*run(Scan{"a", std::nullopt, 2}),
            (Scan::Value{{"aa", "1"}, {"ab", "2"}}));
  EXPECT_EQ(*run(Scan{"a", "ab", 2}), (Scan::Value{{"a\xff", "3"}}));
  EXPECT_EQ(*run(Scan{"a", "a\xff", 2}), Scan::Value());
  EXPECT_EQ(*run(Scan{"a", std::nullopt, 0}), Scan::Value());
  EXPECT_EQ(run(Scan{})->size(), 4U);
  // Once in order, they stay so.
  ASSERT_TRUE(run(Put{"aab", ""}).ok());
  ASSERT_TRUE(run(Delete{"aa"}).ok());
  EXPECT_EQ(*run(Scan{"aa"}), (Scan::Value{{"aab", ""}}));
}

TEST_F(BuiltinTest, AnAnswerOfManyValuesHasALimit) {
  ASSERT_TRUE(run(Create{}).ok());
  ASSERT_TRUE(run(Put{"k", std::string(150, 'x')}).ok());
  EXPECT_EQ(told(run(GetMany{{"k"}})), "OK");
  EXPECT_EQ(told(run(GetMany{{"k", "k"}})), "RESOURCE_EXHAUSTED ran");
  ASSERT_TRUE(run(Put{"l", std::string(150, 'x')}).ok());
  EXPECT_EQ(told(run(Scan{})), "RESOURCE_EXHAUSTED ran");
  EXPECT_EQ(told(run(Scan{"", std::nullopt, 1})), "OK");
}

TEST_F(BuiltinTest, BucketsAreListedInPages) {
  for (const char* name : {"b", "a", "c"}) {
    ASSERT_TRUE(buckets_.find_or_make(name).ok());
  }
  using Names = std::vector<std::string>;
  EXPECT_EQ(*list_buckets(home_, {}), (Names{"a", "b", "c"}));
  EXPECT_EQ(*list_buckets(home_, {std::nullopt, 2}), (Names{"a", "b"}));
  EXPECT_EQ(*list_buckets(home_, {"b", 2}), (Names{"c"}));
}

}  // namespace
}  // namespace kv::internal
