// Operations of the host.
#include <gmock/gmock.h>
#include <gtest/gtest.h>

#include <sstream>
#include <stdexcept>
#include <string>
#include <thread>

#include "fault/fake_cluster.h"
#include "fault/gate.h"
#include "fault/told.h"

namespace kv::internal {
namespace {

using testing::HasSubstr;

// Each from here ("foo") and over one hop ("bar").
class HostOpTest : public testing::TestWithParam<std::string> {
 protected:
  HostOpTest() {
    cluster_.set_tables("a..z foo");
    EXPECT_EQ(told(router_.route("shop", Create{})), "OK");
    EXPECT_EQ(told(router_.route("shop", Put{"milk", "1"})), "OK");
  }

  void define(const std::string& op, OpFunction function) {
    cluster_.define("foo", op, std::move(function));
  }
  absl::StatusOr<std::string> apply(const std::string& op,
                                    const std::string& args = "") {
    return router_.route("shop", Apply{op, args});
  }
  std::string get(const std::string& key) {
    return router_.route("shop", Get{key})->value_or("none");
  }

  FakeCluster cluster_{{"foo", "bar"}};
  Router& router_ = cluster_.router(GetParam());
};
INSTANTIATE_TEST_SUITE_P(, HostOpTest, testing::Values("foo", "bar"),
                         [](const auto& node) { return node.param; });

// Deletes, changes and adds a key; then ends as the test wants.
template <typename F>
OpFunction changes(F end) {
  return [end](OpContext& context,
               std::string_view) -> absl::StatusOr<std::string> {
    Bucket& bucket = *context.bucket();
    bucket.del("milk");
    bucket.put("eggs", "12").IgnoreError();
    bucket.put("bread", "2").IgnoreError();
    return end(bucket);
  };
}

TEST_P(HostOpTest, AnswersBytesFromBytes) {
  const std::string bytes("\0\xff\n", 3);
  define("twice", [](OpContext&, std::string_view args) {
    return std::string(args) + std::string(args);
  });
  EXPECT_EQ(*apply("twice", bytes), bytes + bytes);
  EXPECT_EQ(*apply("twice", ""), "");
}

TEST_P(HostOpTest, SeesTheBucketThatWasNamed) {
  define("look", [](OpContext& context, std::string_view) {
    return std::string(context.bucket_name()) + "/" + context.bucket()->name() +
           "/" + *context.bucket()->get("milk");
  });
  EXPECT_EQ(*apply("look"), "shop/shop/1");
}

TEST_P(HostOpTest, OneThatIsReadOnlyReadsAndCannotWrite) {
  Core& foo = cluster_.core("foo");
  const auto define_read_only = [&](const std::string& name, auto function) {
    OpTraits traits;
    traits.read_only = true;
    return told(foo.ops().define(foo.limits(), name,
                                 bytes_op(std::move(function), traits)));
  };
  ASSERT_EQ(define_read_only("look",
                             [](OpContext& context, std::string_view) {
                               return *context.bucket()->get("milk");
                             }),
            "OK");
  EXPECT_EQ(*apply("look"), "1");

  // Each way to write, those without a status too; nothing of them stays,
  // though the operation itself answers OK.
  const auto write = [](OpContext& context, std::string_view how) {
    Bucket& bucket = *context.bucket();
    if (how == "put") bucket.put("milk", "2").IgnoreError();
    if (how == "del") bucket.del("milk");
    if (how == "clear") bucket.clear();
    if (how == "update") {
      bucket.update("milk", [](auto) { return std::nullopt; }).IgnoreError();
    }
    return std::string("done");
  };
  ASSERT_EQ(define_read_only("write", write), "OK");
  for (const char* how : {"put", "del", "clear", "update"}) {
    EXPECT_EQ(told(apply("write", how)), "FAILED_PRECONDITION ran") << how;
    EXPECT_EQ(get("milk"), "1") << how;
  }
  EXPECT_EQ(*apply("write", "nothing"), "done");
}

TEST_P(HostOpTest, SeesNoBucketWhereThereIsNone) {
  define("look", [](OpContext& context, std::string_view) {
    return std::string(context.bucket_name()) + "/" +
           (context.bucket() == nullptr ? "none" : "some");
  });
  EXPECT_EQ(*router_.route("other", Apply{"look", ""}), "other/none");
  EXPECT_EQ(*router_.call(cluster_.name("foo"), Apply{"look", ""}), "/none");
}

TEST_P(HostOpTest, WritesAppearWhenItAnswersOk) {
  define("change", changes([](Bucket&) { return "done"; }));
  EXPECT_EQ(*apply("change"), "done");
  EXPECT_EQ(get("milk") + get("eggs") + get("bread"), "none122");
}

TEST_P(HostOpTest, SeesItsOwnWrites) {
  define("change", changes([](Bucket& bucket) {
           return bucket.get("milk").value_or("none") + *bucket.get("eggs") +
                  "/" + std::to_string(bucket.size());
         }));
  EXPECT_EQ(*apply("change"), "none12/2");
}

TEST_P(HostOpTest, NothingIsWrittenWhenItFailsAndTheErrorComesUnchanged) {
  define("change", changes([](Bucket&) {
           return absl::FailedPreconditionError("sold out");
         }));
  const auto result = apply("change");
  EXPECT_EQ(told(result), "FAILED_PRECONDITION ran");
  EXPECT_EQ(result.status().message(), "sold out");
  EXPECT_EQ(get("milk") + get("eggs") + get("bread"), "1nonenone");
}

TEST_P(HostOpTest, NothingIsWrittenWhenItThrowsAndTheErrorCarriesWhat) {
  define("change", changes([](Bucket&) -> std::string {
           throw std::runtime_error("no shelf");
         }));
  const auto result = apply("change");
  EXPECT_EQ(told(result), "INTERNAL ran");
  EXPECT_THAT(std::string(result.status().message()), HasSubstr("no shelf"));
  EXPECT_THAT(std::string(result.status().message()), HasSubstr("change"));
  EXPECT_EQ(get("milk") + get("eggs") + get("bread"), "1nonenone");
}

TEST_P(HostOpTest, WhatIsNoExceptionOfTheStandardLibraryIsInternalToo) {
  define("throw", [](OpContext&, std::string_view) -> std::string { throw 7; });
  EXPECT_EQ(told(apply("throw")), "INTERNAL ran");
  EXPECT_EQ(get("milk"), "1");
}

TEST_P(HostOpTest, AnErrorWithTheCodeOfALibrarysStillRan) {
  for (const auto code :
       {absl::StatusCode::kUnavailable, absl::StatusCode::kAborted,
        absl::StatusCode::kDeadlineExceeded, absl::StatusCode::kCancelled,
        absl::StatusCode::kUnimplemented, absl::StatusCode::kNotFound,
        absl::StatusCode::kResourceExhausted, absl::StatusCode::kDataLoss,
        absl::StatusCode::kUnknown}) {
    const std::string name = absl::StatusCodeToString(code);
    define(name, [code](OpContext&, std::string_view) {
      return absl::Status(code, "mine");
    });
    EXPECT_EQ(told(apply(name)), name + " ran");
  }
}

TEST_P(HostOpTest, AnErrorOfAnInnerCallThatDidNotRunRanAsTheOpsOwn) {
  define("outer", [](OpContext& context, std::string_view) {
    const auto inner = context.router().route("shop2", Apply{"nowhere", ""});
    EXPECT_EQ(told(inner), "UNIMPLEMENTED not_run");
    return inner;
  });
  EXPECT_EQ(told(apply("outer")), "UNIMPLEMENTED ran");
}

TEST_P(HostOpTest, OneThatIsNotDefinedNamesNodeAndOp) {
  const auto result = apply("Hello.nobody");
  EXPECT_EQ(told(result), "UNIMPLEMENTED not_run");
  EXPECT_THAT(std::string(result.status().message()),
              HasSubstr("\"Hello.nobody\""));
  EXPECT_THAT(std::string(result.status().message()),
              HasSubstr(cluster_.str("foo")));
}

TEST_P(HostOpTest, OutReachesTheCallerAlsoWhenItFails) {
  define("talk", [](OpContext& context, std::string_view args) {
    context.out() << "hello " << 7 << '\n';
    return args == "fail" ? absl::StatusOr<std::string>(absl::UnknownError(""))
                          : "done";
  });
  for (const std::string args : {"", "fail"}) {
    std::ostringstream out;
    CallOptions options;
    options.out = &out;
    const auto result =
        router_.route("shop", Apply{"talk", std::string(args)}, options);
    EXPECT_EQ(told(result), args.empty() ? "OK" : "UNKNOWN ran");
    EXPECT_EQ(out.str(), "hello 7\n");
  }
  EXPECT_EQ(*apply("talk"), "done") << "nobody wants it";
}

TEST_P(HostOpTest, OutReachesTheOneWhoAwaitsATask) {
  define("talk", [](OpContext& context, std::string_view) {
    context.out() << "hello";
    return "";
  });
  std::ostringstream out;
  Trace trace;
  CallOptions options;
  options.out = &out;
  options.trace = &trace;
  auto task = router_.async("shop", Apply{"talk", ""}, options);
  EXPECT_EQ(told(task.await()), "OK");
  EXPECT_EQ(out.str(), "hello");
  EXPECT_EQ(trace.hops.size(), GetParam() == "foo" ? 1U : 2U);
}

TEST_P(HostOpTest, OverItsLimitOfTheBucketIsInvalidAndWritesNothing) {
  define("large", [](OpContext& context, std::string_view) {
    const std::string key(context.bucket()->name().size() + 64 * 1024, 'k');
    return context.bucket()->put(key, "").ok() ? "put" : "refused";
  });
  EXPECT_EQ(*apply("large"), "refused");
  EXPECT_EQ(cluster_.core("foo").registry().lookup("shop")->size(), 1U);
}

TEST_P(HostOpTest, KnowsItsDeadline) {
  Clock::time_point seen;
  define("when", [&](OpContext& context, std::string_view) {
    seen = context.deadline();
    return context.cancelled() ? "cancelled" : "wanted";
  });
  CallOptions options;
  options.timeout = std::chrono::seconds(9);
  const Clock::time_point before = Clock::now();
  EXPECT_EQ(*router_.route("shop", Apply{"when", ""}, options), "wanted");
  EXPECT_GE(seen, before + std::chrono::seconds(9));
  EXPECT_LE(seen, Clock::now() + std::chrono::seconds(9));
}

TEST_P(HostOpTest, OneThatOverrunsItsDeadlineIsUnknownAndItsWritesStand) {
  Gate gate;
  define("slow", [&](OpContext& context, std::string_view) {
    gate.pass();
    return context.cancelled() && context.bucket()->put("late", "yes").ok()
               ? "cancelled"
               : "wanted";
  });
  CallOptions options;
  options.timeout = std::chrono::milliseconds(50);
  EXPECT_EQ(told(router_.route("shop", Apply{"slow", ""}, options)),
            "DEADLINE_EXCEEDED unknown");
  EXPECT_EQ(gate.arrived(), 1);
  gate.open();
  EXPECT_EQ(get("late"), "yes");
}

TEST_P(HostOpTest, DoesNotRunOnTheCallersThread) {
  std::thread::id ran;
  define("who", [&](OpContext&, std::string_view) {
    ran = std::this_thread::get_id();
    return "";
  });
  EXPECT_EQ(told(apply("who")), "OK");
  EXPECT_NE(ran, std::this_thread::get_id());
}

TEST_P(HostOpTest, CanBeDefinedOnceForGood) {
  Core& foo = cluster_.core("foo");
  const OpFunction nothing = [](OpContext&, std::string_view) { return ""; };
  const auto define_again = [&](const std::string& name, OpFunction function) {
    return foo.ops()
        .define(foo.limits(), name, bytes_op(std::move(function)))
        .code();
  };
  EXPECT_EQ(define_again("op", nothing), absl::StatusCode::kOk);
  EXPECT_EQ(define_again("op", nothing), absl::StatusCode::kAlreadyExists);
  EXPECT_EQ(define_again("", nothing), absl::StatusCode::kInvalidArgument);
  EXPECT_EQ(define_again(std::string(1025, 'x'), nothing),
            absl::StatusCode::kInvalidArgument);
  EXPECT_EQ(define_again("none", nullptr), absl::StatusCode::kInvalidArgument);
  EXPECT_EQ(told(apply("none")), "UNIMPLEMENTED not_run");
}

}  // namespace
}  // namespace kv::internal
