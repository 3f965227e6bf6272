// Names, keys, values and arguments are bytes of any kind, up to their limits.
#include <kv/kv.h>

#include <string>
#include <vector>

#include "cluster/two_nodes.h"

namespace {

using kv_tests::expect_failure;
using kv_tests::start_node;
using kv_tests::table_of;

constexpr std::size_t kKiB = 1024;
constexpr std::size_t kMiB = 1024 * kKiB;

std::string all_bytes() {
  std::string bytes;
  for (int byte = 0; byte < 256; ++byte) {
    bytes.push_back(static_cast<char>(byte));
  }
  return bytes;
}

// foo asks, and owns nothing; or owns all, and asks itself.
class BytesTest : public kv_tests::TwoNodes,
                  public ::testing::WithParamInterface<bool> {
 protected:
  void SetUp() override {
    TwoNodes::SetUp();
    set_table(table_of({{"\\x00..\\xff", owner().name()}}));
    define("Echo", [](kv::OpContext&, std::string_view args) {
      return absl::StatusOr<std::string>(std::string(args));
    });
  }
  kv::Node& owner() { return GetParam() ? *bar_ : *foo_; }
  kv::Router& router() { return foo_->router(); }
};

INSTANTIATE_TEST_SUITE_P(HereAndThere, BytesTest, ::testing::Bool(),
                         [](const auto& it) {
                           return it.param ? "There" : "Here";
                         });

TEST_P(BytesTest, KeysAndValuesAreBytes) {
  create("bucket");
  const std::vector<std::string> strings = {
      "",         std::string(1, '\0'),
      "\xff",     "\n",
      "\r",       std::string("a\0b\n\xff\xc0", 6),
      all_bytes()};
  for (const std::string& key : strings) {
    for (const std::string& value : strings) {
      ASSERT_EQ(router().route("bucket", kv::Put{key, value}),
                absl::OkStatus());
      ASSERT_EQ(*router().route("bucket", kv::Get{key}), value);
    }
  }
  EXPECT_EQ(owner().registry().lookup("bucket")->size(), strings.size());
  for (const std::string& key : strings) {
    EXPECT_EQ(*router().route("bucket", kv::Delete{key}), strings.back());
  }
  EXPECT_EQ(owner().registry().lookup("bucket")->size(), 0U);
}

TEST_P(BytesTest, AnEmptyValueIsNotAMissingKey) {
  create("bucket");
  EXPECT_EQ(*router().route("bucket", kv::Get{""}), std::nullopt);
  ASSERT_TRUE(router().route("bucket", kv::Put{"", ""}).ok());
  EXPECT_EQ(*router().route("bucket", kv::Get{""}), "");
  EXPECT_EQ(*router().route("bucket", kv::Delete{""}), "");
  EXPECT_EQ(*router().route("bucket", kv::Get{""}), std::nullopt);
}

TEST_P(BytesTest, BucketNamesAreBytes) {
  for (const std::string& name :
       {std::string(1, '\0'), std::string("\0\0", 2), std::string("\xff"),
        std::string("\n"), std::string("a\0b", 3), all_bytes(),
        std::string(1024, '\x80')}) {
    const auto ref = router().route(name, kv::Create{});
    ASSERT_TRUE(ref.ok()) << ref.status();
    EXPECT_EQ(ref->name(), name);
    EXPECT_EQ(ref->node(), owner().name());
    EXPECT_EQ(router().route(*ref, kv::Put{"k", name}), absl::OkStatus());
    EXPECT_EQ(*router().route(name, kv::Get{"k"}), name);
    EXPECT_EQ(router().route(name, kv::Drop{}), absl::OkStatus());
    expect_failure(router().route(name, kv::Get{"k"}).status(),
                   absl::StatusCode::kNotFound, kv::Outcome::kRan);
  }
}

TEST_P(BytesTest, OpNamesAndArgumentsAreBytes) {
  const std::string name = all_bytes();
  expect_failure(router().route("bucket", kv::Apply{name}).status(),
                 absl::StatusCode::kUnimplemented, kv::Outcome::kNotRun);
  define(name, [](kv::OpContext&, std::string_view args) {
    return absl::StatusOr<std::string>(std::string(args) + "!");
  });
  EXPECT_EQ(*router().route("bucket", kv::Apply{name, all_bytes()}),
            all_bytes() + "!");
  EXPECT_EQ(*router().route("bucket", kv::Apply{name, ""}), "!");
}

TEST_P(BytesTest, WhatIsExactlyAtItsLimitIsTaken) {
  const std::string name(kKiB, 'n');
  const std::string key(64 * kKiB, 'k');
  std::string value(16 * kMiB, 'v');
  value.replace(0, 256, all_bytes());
  create(name);
  EXPECT_EQ(router().route(name, kv::Put{key, value}), absl::OkStatus());
  EXPECT_TRUE(*router().route(name, kv::Get{key}) == value);
  EXPECT_TRUE(*router().route(name, kv::Apply{"Echo", value}) == value);
  EXPECT_TRUE(*router().route(name, kv::Delete{key}) == value);
}

TEST_P(BytesTest, OneByteOverALimitIsRefusedByTheCaller) {
  create("bucket");
  const std::string name(kKiB + 1, 'n');
  const std::string key(64 * kKiB + 1, 'k');
  const std::string value(16 * kMiB + 1, 'v');
  const auto expect_refused = [&](const absl::Status& status) {
    expect_failure(status, absl::StatusCode::kInvalidArgument,
                   kv::Outcome::kNotRun, "over the limit");
  };
  const auto ask = [&] {
    expect_refused(router().route(name, kv::Create{}).status());
    expect_refused(router().route(name, kv::Get{"k"}).status());
    expect_refused(router().route(name, kv::Whoami{}).status());
    expect_refused(router().route("bucket", kv::Get{key}).status());
    expect_refused(router().route("bucket", kv::Delete{key}).status());
    expect_refused(router().route("bucket", kv::Put{key, "v"}));
    expect_refused(router().route("bucket", kv::Put{"k", value}));
    expect_refused(router().route("bucket", kv::Apply{name, ""}).status());
    expect_refused(router().route("bucket", kv::Apply{"Echo", value}).status());
    expect_refused(router().async("bucket", kv::Put{"k", value}).await());
  };
  ask();
  // Before anything is sent: it is the same if nobody is there.
  if (GetParam()) {
    bar_.reset();
    ask();
  }
}

TEST_P(BytesTest, EmptyNamesAreRefusedByTheCaller) {
  for (const absl::Status& status :
       {router().route("", kv::Create{}).status(),
        router().route("", kv::Whoami{}).status(),
        router().route("", kv::Put{"k", "v"}),
        router().route("bucket", kv::Apply{""}).status(),
        router().route(kv::BucketRef(), kv::Get{"k"}).status(),
        router().call("", kv::Whoami{}).status(),
        router().call("bar", kv::Whoami{}).status(),
        router().call(owner().name(), kv::Get{"k"}).status()}) {
    expect_failure(status, absl::StatusCode::kInvalidArgument,
                   kv::Outcome::kNotRun);
  }
}

TEST_P(BytesTest, AnAnswerOverTheLimitRan) {
  define("Double", [](kv::OpContext&, std::string_view args) {
    return absl::StatusOr<std::string>(std::string(args) + std::string(args));
  });
  const std::string half(8 * kMiB, 'x');
  const auto answer = router().route("bucket", kv::Apply{"Double", half});
  ASSERT_TRUE(answer.ok()) << answer.status();
  EXPECT_EQ(answer->size(), 16 * kMiB);
  expect_failure(
      router().route("bucket", kv::Apply{"Double", half + "x"}).status(),
      absl::StatusCode::kResourceExhausted, kv::Outcome::kRan);
}

// foo allows more than bar does.
class SmallReceiverTest : public kv_tests::TwoNodes {
 protected:
  SmallReceiverTest() : TwoNodes({}, small()) {}
  static kv::NodeOptions small() {
    kv::NodeOptions options;
    options.max_bucket_name_bytes = 16;
    options.max_key_bytes = 16;
    options.max_value_bytes = 16;
    options.max_op_name_bytes = 16;
    options.max_args_bytes = 16;
    return options;
  }
  kv::Router& router() { return foo_->router(); }
};

TEST_F(SmallReceiverTest, ItChecksAgain) {
  create("world");
  const std::string at(16, 'w');
  const std::string over(17, 'w');
  EXPECT_EQ(router().route("world", kv::Put{at, at}), absl::OkStatus());
  for (const absl::Status& status :
       {router().route(over, kv::Create{}).status(),
        router().route("world", kv::Put{over, ""}),
        router().route("world", kv::Put{"", over}),
        router().route("world", kv::Get{over}).status(),
        router().route("world", kv::Delete{over}).status(),
        router().route("world", kv::Apply{over}).status(),
        router().route("world", kv::Apply{"op", over}).status()}) {
    expect_failure(status, absl::StatusCode::kInvalidArgument,
                   kv::Outcome::kNotRun, "over the limit");
  }
  EXPECT_EQ(bar_->registry().lookup("world")->size(), 1U);
}

// Also where the message is too large for it to be read at all.
TEST_F(SmallReceiverTest, ItRefusesWhatIsFarTooLarge) {
  create("world");
  const std::string value(4 * kMiB, 'v');
  const absl::Status status = router().route("world", kv::Put{"k", value});
  EXPECT_TRUE(absl::IsInvalidArgument(status) ||
              absl::IsResourceExhausted(status))
      << status;
  EXPECT_EQ(kv::outcome(status), kv::Outcome::kNotRun) << status;
  EXPECT_TRUE(router().route("world", kv::Put{"k", "v"}).ok());
}

}  // namespace
