// What NodeOptions::observer is told, and where a trace context goes.
#include "kv/observer.h"

#include <gtest/gtest.h>

#include <algorithm>
#include <memory>
#include <mutex>
#include <stdexcept>
#include <string>
#include <vector>

#include "fault/fake_cluster.h"
#include "fault/gate.h"
#include "fault/told.h"

namespace kv::internal {
namespace {

using Kind = Span::Kind;

struct Ended {
  Span span;
  std::string told;
  std::chrono::nanoseconds duration;
};

class Recorder final : public Observer {
 public:
  std::optional<TraceContext> parent() override {
    if (throws) throw std::runtime_error("parent");
    return given_parent;
  }
  void begin(const Span& span) override {
    const std::lock_guard<std::mutex> lock(mutex_);
    begun_.push_back(span);
    if (throws) throw std::runtime_error("begin");
  }
  void end(const Span& span, const absl::Status& status,
           std::chrono::nanoseconds duration) override {
    const std::lock_guard<std::mutex> lock(mutex_);
    ended_.push_back({span, told(status), duration});
    if (throws) throw 1;
  }

  // All that have ended, in the order of a walk from the root: a span, then
  // its children as they began. Each that began has ended.
  std::vector<Ended> walk() const {
    const std::lock_guard<std::mutex> lock(mutex_);
    EXPECT_EQ(begun_.size(), ended_.size());
    std::vector<Ended> all;
    walk(SpanId{}, all);
    if (given_parent.has_value()) walk(given_parent->span_id, all);
    return all;
  }
  void walk(const SpanId& parent, std::vector<Ended>& to) const {
    for (const Span& span : begun_) {
      if (span.parent != parent) continue;
      const auto it =
          std::find_if(ended_.begin(), ended_.end(), [&](const Ended& ended) {
            return ended.span.context.span_id == span.context.span_id;
          });
      if (it == ended_.end()) {
        ADD_FAILURE() << span_kind_name(span.kind) << " has not ended";
        continue;
      }
      to.push_back(*it);
      walk(span.context.span_id, to);
    }
  }

  bool throws = false;
  std::optional<TraceContext> given_parent;

 private:
  mutable std::mutex mutex_;
  std::vector<Span> begun_;
  std::vector<Ended> ended_;
};

// "foo call Get zoo OK", with the peer behind where there is one.
std::vector<std::string> lines(const std::vector<Ended>& spans) {
  std::vector<std::string> lines;
  for (const Ended& it : spans) {
    std::string line(it.span.node.short_name());
    line += std::string(" ") + span_kind_name(it.span.kind) + " " + it.span.op +
            " " + it.span.bucket;
    if (!(it.span.peer == NodeName())) {
      line += " peer " + std::string(it.span.peer.short_name());
    }
    lines.push_back(line + " " + it.told);
  }
  return lines;
}
using Lines = std::vector<std::string>;

const TraceContext kTrace = *TraceContext::parse(
    "00-4bf92f3577b34da6a3ce929d0e0e4736-00f067aa0ba902b7-01");

class ObserverTest : public testing::Test {
 protected:
  static NodeOptions options(std::shared_ptr<Observer> observer) {
    NodeOptions options;
    options.observer = std::move(observer);
    return options;
  }
  ObserverTest() { cluster_.set_tables("a..f foo\ng..m bar\nn..z baz"); }

  const std::shared_ptr<Recorder> recorder_ = std::make_shared<Recorder>();
  FakeCluster cluster_{{"foo", "bar", "baz"}, options(recorder_)};
  Router& foo_ = cluster_.router("foo");
};

TEST_F(ObserverTest, ACallThatIsAnsweredAtOnceHasTwoSpans) {
  EXPECT_EQ(told(foo_.route("apples", Create{})), "OK");
  EXPECT_EQ(lines(recorder_->walk()),
            (Lines{"foo call Create apples OK", "foo run Create apples OK"}));
}

TEST_F(ObserverTest, SpansFollowACallOverItsHops) {
  cluster_.set_table("foo", "version 1\na..z bar");
  EXPECT_EQ(told(foo_.route("zoo", Create{})), "OK");
  const auto spans = recorder_->walk();
  EXPECT_EQ(
      lines(spans),
      (Lines{"foo call Create zoo OK", "foo send Create zoo peer bar OK",
             "bar serve Create zoo peer foo OK",
             "bar send Create zoo peer baz OK",
             "baz serve Create zoo peer bar OK", "baz run Create zoo OK"}));
  for (const Ended& it : spans) {
    EXPECT_EQ(it.span.context.trace_id, spans[0].span.context.trace_id);
    EXPECT_TRUE(it.span.context.sampled());
    EXPECT_LE(it.duration, spans[0].duration);
    EXPECT_GE(it.span.start, spans[0].span.start);
  }
}

TEST_F(ObserverTest, ACallThatFailsEndsItsSpansWithThat) {
  cluster_.set_link("foo", "baz", Fate::kLoseAnswer);
  EXPECT_EQ(told(foo_.route("apples", Get{"k"})), "NOT_FOUND ran");
  EXPECT_EQ(told(foo_.route("zoo", Whoami{})), "UNAVAILABLE unknown");
  EXPECT_EQ(told(foo_.route("0", Get{"k"})), "OUT_OF_RANGE not_run");
  EXPECT_EQ(lines(recorder_->walk()),
            (Lines{"foo call Get apples NOT_FOUND ran",
                   "foo run Get apples NOT_FOUND ran",
                   "foo call Whoami zoo UNAVAILABLE unknown",
                   "foo send Whoami zoo peer baz UNAVAILABLE unknown",
                   "baz serve Whoami zoo peer foo OK", "baz run Whoami zoo OK",
                   "foo call Get 0 OUT_OF_RANGE not_run"}));
}

TEST_F(ObserverTest, ACancelEndsTheSpansOfACallThatRuns) {
  Gate gate;
  cluster_.define("foo", "wait", [&](OpContext&, std::string_view) {
    gate.pass();
    return "";
  });
  auto task = foo_.async("apples", Apply{"wait", ""});
  ASSERT_TRUE(gate.wait_for_arrivals(1));
  task.cancel();
  EXPECT_EQ(told(task.await()), "CANCELLED unknown");
  EXPECT_EQ(lines(recorder_->walk()),
            (Lines{"foo call wait apples CANCELLED unknown",
                   "foo run wait apples CANCELLED unknown"}));
  gate.open();
}

TEST_F(ObserverTest, OperationsOfTheHostPassTheirTraceOn) {
  std::string seen;
  cluster_.define("bar", "outer", [&](OpContext& context, std::string_view) {
    seen = context.traceparent().value().traceparent();
    return told(context.router().route("zoo", Whoami{}));
  });
  CallOptions call;
  call.traceparent = kTrace;
  recorder_->given_parent = kTrace;  // where the walk begins
  EXPECT_EQ(foo_.route("hello", Apply{"outer", ""}, call).value(), "OK");
  const auto spans = recorder_->walk();
  EXPECT_EQ(
      lines(spans),
      (Lines{"foo call outer hello OK", "foo send outer hello peer bar OK",
             "bar serve outer hello peer foo OK", "bar run outer hello OK",
             "bar call Whoami zoo OK", "bar send Whoami zoo peer baz OK",
             "baz serve Whoami zoo peer bar OK", "baz run Whoami zoo OK"}));
  for (const Ended& it : spans) {
    EXPECT_EQ(it.span.context.trace_id, kTrace.trace_id);
  }
  EXPECT_EQ(seen, spans[3].span.context.traceparent());
}

TEST_F(ObserverTest, MayNameTheSpanThatACallBelongsTo) {
  recorder_->given_parent = kTrace;
  EXPECT_EQ(told(foo_.route("apples", Create{})), "OK");
  EXPECT_EQ(told(foo_.route("zoo", Create{})), "OK");
  const auto spans = recorder_->walk();
  ASSERT_EQ(spans.size(), 6U);
  for (const Ended& it : spans) {
    EXPECT_EQ(it.span.context.trace_id, kTrace.trace_id);
  }
}

TEST_F(ObserverTest, CallsThatShareATripHaveSpansOfTheirOwn) {
  EXPECT_EQ(told(foo_.route("zoo", Create{})), "OK");
  std::vector<Task<std::optional<std::string>>> tasks;
  for (int i = 0; i < 20; ++i) tasks.push_back(foo_.async("zoo", Get{"k"}));
  for (const auto& it : await_all(tasks)) EXPECT_EQ(told(it), "OK");
  const auto all = lines(recorder_->walk());
  EXPECT_EQ(std::count(all.begin(), all.end(), "foo call Get zoo OK"), 20);
  EXPECT_EQ(std::count(all.begin(), all.end(), "baz run Get zoo OK"), 20);
}

TEST_F(ObserverTest, WhatItThrowsHarmsNobody) {
  recorder_->throws = true;
  cluster_.define("baz", "echo", [](OpContext&, std::string_view args) {
    return std::string(args);
  });
  EXPECT_EQ(told(foo_.route("apples", Create{})), "OK");
  EXPECT_EQ(told(foo_.route("zoo", Create{})), "OK");
  EXPECT_EQ(foo_.route("zoo", Apply{"echo", "x"}).value(), "x");
}

// Nobody observes: who is called sees the caller's own span as parent.
TEST(TraceContextTravelTest, PassesThroughNodesWithoutAnObserver) {
  FakeCluster cluster({"foo", "bar", "baz"});
  cluster.set_tables("a..z baz");
  cluster.set_table("foo", "a..z bar");
  std::string seen;
  cluster.define("baz", "see", [&](OpContext& context, std::string_view) {
    seen = context.traceparent().value_or(TraceContext()).traceparent();
    return "";
  });
  CallOptions call;
  call.traceparent = kTrace;
  EXPECT_EQ(told(cluster.router("foo").route("a", Apply{"see", ""}, call)),
            "OK");
  EXPECT_EQ(seen, kTrace.traceparent());
  EXPECT_EQ(told(cluster.router("foo").route("a", Apply{"see", ""})), "OK");
  EXPECT_EQ(seen, TraceContext().traceparent());
}

}  // namespace
}  // namespace kv::internal
