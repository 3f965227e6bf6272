// Every operation, here and at a peer, by bucket, by ref and by node.
#include <kv/kv.h>

#include <set>
#include <sstream>
#include <stdexcept>
#include <string>
#include <thread>
#include <vector>

#include "cluster/two_nodes.h"

namespace {

using kv_tests::expect_failure;
using kv_tests::start_node;
using kv_tests::table_of;

// The bucket that the operations are for: foo, which asks, has it or bar does.
class OpsTest : public kv_tests::TwoNodes,
                public ::testing::WithParamInterface<const char*> {
 protected:
  std::string bucket() const { return GetParam(); }
  kv::Node& owner() { return bucket() == "hello" ? *foo_ : *bar_; }
  kv::Router& router() { return foo_->router(); }
};

INSTANTIATE_TEST_SUITE_P(HereAndThere, OpsTest,
                         ::testing::Values("hello", "world"),
                         [](const auto& it) {
                           return it.param == std::string("hello") ? "Here"
                                                                   : "There";
                         });

TEST_P(OpsTest, BucketsAreMadeOnceAndFound) {
  const auto made = router().route(bucket(), kv::Create{});
  ASSERT_TRUE(made.ok()) << made.status();
  EXPECT_EQ(made->node(), owner().name());
  EXPECT_EQ(made->name(), bucket());
  EXPECT_NE(made->id(), 0U);
  EXPECT_EQ(*router().route(bucket(), kv::Create{}), *made);
  EXPECT_EQ(*router().route(bucket(), kv::Lookup{}), *made);
  EXPECT_EQ(*router().route(*made, kv::Lookup{}), *made);
  EXPECT_EQ(owner().registry().names(), std::vector<std::string>{bucket()});
}

TEST_P(OpsTest, ValuesAreStoredReadAndRemovedByBucket) {
  create(bucket());
  EXPECT_EQ(*router().route(bucket(), kv::Get{"milk"}), std::nullopt);
  EXPECT_EQ(router().route(bucket(), kv::Put{"milk", "1"}), absl::OkStatus());
  EXPECT_EQ(*router().route(bucket(), kv::Get{"milk"}), "1");
  EXPECT_EQ(router().route(bucket(), kv::Put{"milk", "2"}), absl::OkStatus());
  EXPECT_EQ(*router().route(bucket(), kv::Delete{"milk"}), "2");
  EXPECT_EQ(*router().route(bucket(), kv::Delete{"milk"}), std::nullopt);
  EXPECT_EQ(*router().route(bucket(), kv::Get{"milk"}), std::nullopt);
}

TEST_P(OpsTest, ValuesAreStoredReadAndRemovedByRef) {
  const auto ref = router().route(bucket(), kv::Create{});
  ASSERT_TRUE(ref.ok()) << ref.status();
  EXPECT_EQ(router().route(*ref, kv::Put{"milk", "1"}), absl::OkStatus());
  EXPECT_EQ(*router().route(*ref, kv::Get{"milk"}), "1");
  EXPECT_EQ(*router().route(bucket(), kv::Get{"milk"}), "1");
  EXPECT_EQ(*router().route(*ref, kv::Delete{"milk"}), "1");
  EXPECT_EQ(*router().route(*ref, kv::Whoami{}), owner().name().str());
  EXPECT_EQ(router().route(*ref, kv::Drop{}), absl::OkStatus());
  EXPECT_EQ(owner().registry().size(), 0U);
}

TEST_P(OpsTest, WithoutItsBucketEachOperationSaysNotFound) {
  const auto expect_not_found = [&](const absl::Status& status) {
    expect_failure(status, absl::StatusCode::kNotFound, kv::Outcome::kRan,
                   owner().name().str());
  };
  expect_not_found(router().route(bucket(), kv::Lookup{}).status());
  expect_not_found(router().route(bucket(), kv::Get{"milk"}).status());
  expect_not_found(router().route(bucket(), kv::Put{"milk", "1"}));
  expect_not_found(router().route(bucket(), kv::Delete{"milk"}).status());
  expect_not_found(router().route(bucket(), kv::Drop{}));
}

TEST_P(OpsTest, ARefIsStaleOnceItsBucketIsDroppedAlsoIfThereIsANewOne) {
  const auto ref = router().route(bucket(), kv::Create{});
  ASSERT_TRUE(ref.ok()) << ref.status();
  ASSERT_TRUE(router().route(bucket(), kv::Drop{}).ok());
  const auto expect_stale = [&] {
    for (const absl::Status& status :
         {router().route(*ref, kv::Get{"milk"}).status(),
          router().route(*ref, kv::Put{"milk", "1"}),
          router().route(*ref, kv::Lookup{}).status(),
          router().route(*ref, kv::Drop{})}) {
      expect_failure(status, absl::StatusCode::kAborted, kv::Outcome::kNotRun,
                     owner().name().str());
    }
  };
  expect_stale();
  const auto next = router().route(bucket(), kv::Create{});
  ASSERT_TRUE(next.ok()) << next.status();
  EXPECT_NE(*next, *ref);
  expect_stale();
  EXPECT_EQ(*router().route(*next, kv::Get{"milk"}), std::nullopt);
}

TEST_P(OpsTest, AnOpOfTheHostSeesItsBucketItsNameAndItsArguments) {
  create(bucket());
  define("Append", [](kv::OpContext& context, std::string_view args) {
    EXPECT_NE(context.bucket(), nullptr);
    const std::string before = context.bucket()->get("text").value_or("");
    EXPECT_TRUE(context.bucket()->put("text", before + std::string(args)).ok());
    return absl::StatusOr<std::string>(std::string(context.bucket_name()) +
                                       ":" + before);
  });
  EXPECT_EQ(*router().route(bucket(), kv::Apply{"Append", "a"}),
            bucket() + ":");
  const auto ref = router().route(bucket(), kv::Lookup{});
  EXPECT_EQ(*router().route(*ref, kv::Apply{"Append", "b"}), bucket() + ":a");
  EXPECT_EQ(*router().route(bucket(), kv::Get{"text"}), "ab");
}

TEST_P(OpsTest, AnOpOfTheHostNeedsNoBucket) {
  define("Bucketless", [](kv::OpContext& context, std::string_view args) {
    EXPECT_EQ(context.bucket(), nullptr);
    return absl::StatusOr<std::string>(
        "<" + std::string(context.bucket_name()) + ">" + std::string(args));
  });
  EXPECT_EQ(*router().route(bucket(), kv::Apply{"Bucketless", "x"}),
            "<" + bucket() + ">x");
  EXPECT_EQ(*router().call(owner().name(), kv::Apply{"Bucketless", "y"}),
            "<>y");
}

TEST_P(OpsTest, AnUndefinedOpNamesTheNodeAndItself) {
  expect_failure(router().route(bucket(), kv::Apply{"Nobody.knows"}).status(),
                 absl::StatusCode::kUnimplemented, kv::Outcome::kNotRun,
                 owner().name().str() + " has no op \"Nobody.knows\"");
}

TEST_P(OpsTest, WhatAnOpThrowsIsAnErrorAndItsWritesAreUndone) {
  create(bucket());
  define("Throw",
         [](kv::OpContext& context,
            std::string_view args) -> absl::StatusOr<std::string> {
           context.bucket()->put("milk", "1").IgnoreError();
           if (args == "int") throw 42;
           throw std::runtime_error("no milk today");
         });
  expect_failure(router().route(bucket(), kv::Apply{"Throw"}).status(),
                 absl::StatusCode::kInternal, kv::Outcome::kRan,
                 "no milk today");
  expect_failure(router().route(bucket(), kv::Apply{"Throw", "int"}).status(),
                 absl::StatusCode::kInternal, kv::Outcome::kRan);
  EXPECT_EQ(*router().route(bucket(), kv::Get{"milk"}), std::nullopt);
}

TEST_P(OpsTest, TheErrorsOfAnOpComeBackUnchanged) {
  std::string all_bytes;
  for (int byte = 0; byte < 256; ++byte) {
    all_bytes.push_back(static_cast<char>(byte));
  }
  std::vector<absl::Status> errors;
  for (int code = 1; code <= 16; ++code) {
    absl::Status error(static_cast<absl::StatusCode>(code),
                       "of code " + std::to_string(code) + all_bytes);
    error.SetPayload("shop.example/reason", absl::Cord(all_bytes));
    error.SetPayload("shop.example/empty", absl::Cord());
    errors.push_back(error);
  }
  errors.push_back(absl::NotFoundError(""));
  errors.push_back(absl::NotFoundError(std::string(100000, 'x')));
  define("Fail",
         [&](kv::OpContext&,
             std::string_view args) -> absl::StatusOr<std::string> {
           return errors.at(std::stoul(std::string(args)));
         });
  for (std::size_t i = 0; i < errors.size(); ++i) {
    const auto answer =
        router().route(bucket(), kv::Apply{"Fail", std::to_string(i)});
    EXPECT_EQ(answer.status(), errors[i]);
    EXPECT_EQ(kv::outcome(answer.status()), kv::Outcome::kRan);
  }
}

TEST_P(OpsTest, AnOpThatHandsOnAFailureOfItsOwnCallRanAllTheSame) {
  define("HandOn", [](kv::OpContext& context, std::string_view) {
    return context.router().route("hello", kv::Apply{"Nobody.knows"});
  });
  expect_failure(router().route(bucket(), kv::Apply{"HandOn"}).status(),
                 absl::StatusCode::kUnimplemented, kv::Outcome::kRan);
}

TEST_P(OpsTest, WhatAnOpWritesReachesTheCallerAlsoIfItFails) {
  define("Print",
         [](kv::OpContext& context,
            std::string_view args) -> absl::StatusOr<std::string> {
           context.out() << "hello " << args << std::string(1, '\0')
                         << "\xff\n";
           if (args == "fail") return absl::NotFoundError("failed");
           return "done";
         });
  std::ostringstream out;
  kv::CallOptions options;
  options.out = &out;
  EXPECT_EQ(*router().route(bucket(), kv::Apply{"Print", "world"}, options),
            "done");
  EXPECT_FALSE(
      router().route(bucket(), kv::Apply{"Print", "fail"}, options).ok());
  const std::string end("\0\xff\n", 3);
  EXPECT_EQ(out.str(), "hello world" + end + "hello fail" + end);
}

TEST_P(OpsTest, OpsOnOneBucketRunOneAtATime) {
  create(bucket());
  define("Increment", [](kv::OpContext& context, std::string_view) {
    const int before = std::stoi(context.bucket()->get("n").value_or("0"));
    std::this_thread::yield();
    context.bucket()->put("n", std::to_string(before + 1)).IgnoreError();
    return absl::StatusOr<std::string>(std::to_string(before));
  });
  std::vector<kv::Task<std::string>> tasks;
  for (int i = 0; i < 500; ++i) {
    kv::Node& asked = i % 2 == 0 ? *foo_ : *bar_;
    tasks.push_back(asked.router().async(bucket(), kv::Apply{"Increment"}));
  }
  std::set<std::string> seen;
  for (const auto& answer : kv::await_all(tasks, kv_tests::kLong)) {
    ASSERT_TRUE(answer.ok()) << answer.status();
    EXPECT_TRUE(seen.insert(*answer).second) << *answer << " twice";
  }
  EXPECT_EQ(*router().route(bucket(), kv::Get{"n"}), "500");
}

class OutTest : public kv_tests::TwoNodes {};

TEST_F(OutTest, OutAndTraceComeBackOverThreeNodes) {
  const auto baz = start_node("baz");
  const auto table = table_of({{"n..z", baz->name()}});
  ASSERT_TRUE(bar_->set_table(table).ok());
  ASSERT_TRUE(baz->set_table(table).ok());
  ASSERT_TRUE(baz->define("Hello.world",
                          [](kv::OpContext& context, std::string_view) {
                            context.out() << "hello world\n";
                            return absl::StatusOr<std::string>("done");
                          })
                  .ok());
  std::ostringstream out;
  kv::Trace trace;
  kv::CallOptions options;
  options.out = &out;
  options.trace = &trace;
  auto task = foo_->router().async("world", kv::Apply{"Hello.world"}, options);
  EXPECT_EQ(*task.await(), "done");
  EXPECT_EQ(out.str(), "hello world\n");
  ASSERT_EQ(trace.hops.size(), 3U);
  EXPECT_EQ(trace.hops[2].node, baz->name());
}

}  // namespace
