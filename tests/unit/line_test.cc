#include "exec/line.h"

#include <gtest/gtest.h>

#include <atomic>
#include <chrono>
#include <cstddef>
#include <deque>
#include <memory>
#include <string>
#include <thread>
#include <utility>
#include <vector>

#include "base/outcome_mark.h"
#include "exec/ack_window.h"
#include "exec/batch.h"
#include "fault/gate.h"
#include "fault/told.h"

namespace kv::internal {
namespace {

Response text(std::string value) {
  Response response;
  response.answer.value = std::move(value);
  return response;
}

// Counts its cancels.
class Handle final : public Cancellable {
 public:
  void cancel() override { ++cancels; }
  int cancels = 0;
};

// What has left for the peer, in order; the test answers it.
struct Sent {
  std::vector<std::string> keys;
  bool trip = false;
  Peer::Trip kind = Peer::Trip::kFast;
  Done done;
  Peer::DoneEach done_each;
  std::shared_ptr<Handle> handle = std::make_shared<Handle>();
};

// Of the call that asks for an acknowledgement.
constexpr char kQuestion[] = "?";

std::string key_of(const Request& request) {
  if (const auto* const op = std::get_if<Apply>(&request.op)) return op->name;
  if (std::holds_alternative<Whoami>(request.op)) return kQuestion;
  return std::get<Get>(request.op).key;
}

class RecordingPeer final : public Peer {
 public:
  std::shared_ptr<Cancellable> send(std::shared_ptr<const Request> request,
                                    Done done) override {
    Sent& it = sent.emplace_back();
    it.keys = {key_of(*request)};
    it.done = std::move(done);
    return it.handle;
  }
  std::shared_ptr<Cancellable> send_trip(
      const std::vector<const Request*>& requests, Trip kind,
      DoneEach done) override {
    Sent& it = sent.emplace_back();
    it.trip = true;
    it.kind = kind;
    for (const Request* const request : requests) {
      it.keys.push_back(key_of(*request));
    }
    it.done_each = std::move(done);
    return it.handle;
  }

  std::deque<Sent> sent;
};

class OnePeer final : public Peers {
 public:
  absl::StatusOr<std::shared_ptr<Peer>> find(
      const NodeName& /*name*/) override {
    if (!status.ok()) return status;
    return peer;
  }
  std::vector<PeerStats> stats() const override { return {}; }

  absl::Status status;
  const std::shared_ptr<RecordingPeer> peer = std::make_shared<RecordingPeer>();
};

// Whose key tells it.
class Rider : public Passenger {
 public:
  explicit Rider(const std::string& key,
                 Clock::time_point deadline = Clock::time_point::max())
      : Rider(Op(Get{key}), deadline) {}
  explicit Rider(Op op, Clock::time_point deadline = Clock::time_point::max()) {
    request_.op = std::move(op);
    request_.bucket = "bucket";
    request_.deadline = deadline;
  }

  const Request& request() const override { return request_; }
  std::shared_ptr<const Request> share_request() override {
    return std::make_shared<const Request>(request_);
  }
  std::uint64_t leave(std::shared_ptr<Cancellable> call) override {
    if (unwanted) return 0;
    at_peer = std::move(call);
    return ++leaves;
  }
  void left(std::uint64_t /*number*/,
            std::shared_ptr<Cancellable> call) override {
    at_peer = std::move(call);
  }
  void answered(Response&& response) override {
    answer = response.answer.status.ok()
                 ? std::get<std::string>(response.answer.value)
                 : told(response.answer.status);
  }
  void expired() override { expiry.touch(); }
  void kept_back(const NodeName& /*peer*/) override { answer = "kept back"; }

  bool unwanted = false;
  std::uint64_t leaves = 0;
  std::string answer;
  std::shared_ptr<Cancellable> at_peer;
  Gate expiry;

 private:
  Request request_;
};

class LineTest : public testing::Test {
 protected:
  // Those without an answer and their trips would hold each other.
  void TearDown() override {
    for (const auto& rider : riders_) rider->at_peer = nullptr;
  }
  std::shared_ptr<Rider> send(const std::string& name) {
    auto rider = std::make_shared<Rider>(name);
    riders_.push_back(rider);
    line_->send(rider);
    return rider;
  }
  std::deque<Sent>& sent() { return peers_.peer->sent; }
  using Keys = std::vector<std::string>;

  // As the peer would: each with its key.
  static void answer(Sent& it) {
    if (it.trip) {
      for (std::size_t i = 0; i < it.keys.size(); ++i) {
        it.done_each(i, text("of " + it.keys[i]));
      }
    } else {
      it.done(text("of " + it.keys[0]));
    }
  }

  std::vector<std::shared_ptr<Rider>> riders_;
  OnePeer peers_;
  Timers timers_;
  Line::Options options_{/*max_trips=*/2, /*max_trip_ops=*/4,
                         /*max_trip_bytes=*/4096};
  std::shared_ptr<Line> line_ = std::make_shared<Line>(
      *NodeName::parse("bar@127.0.0.1:4002"), peers_, timers_, options_);
};

TEST_F(LineTest, ACallThatFindsNobodyOnTheWayGoesByItself) {
  const auto a = send("a");
  ASSERT_EQ(sent().size(), 1U);
  EXPECT_FALSE(sent()[0].trip);
  answer(sent()[0]);
  EXPECT_EQ(a->answer, "of a");
  EXPECT_EQ(line_->load().away, 0U);
  send("b");
  ASSERT_EQ(sent().size(), 2U);
  EXPECT_FALSE(sent()[1].trip);
}

TEST_F(LineTest, ACallBesideASlowOneGoesAtOnceToo) {
  send("slow");
  const auto b = send("b");
  ASSERT_EQ(sent().size(), 2U);
  EXPECT_TRUE(sent()[1].trip);
  EXPECT_EQ(sent()[1].keys, Keys{"b"});
  answer(sent()[1]);
  EXPECT_EQ(b->answer, "of b");
}

TEST_F(LineTest, CallsWaitForATripToComeBackAndThenShareOne) {
  send("a");
  send("b");
  send("c");  // as many as are away: a second trip
  const auto d = send("d");
  const auto e = send("e");
  ASSERT_EQ(sent().size(), 3U);
  answer(sent()[1]);
  ASSERT_EQ(sent().size(), 4U);
  EXPECT_EQ(sent()[3].keys, (Keys{"d", "e"}));
  EXPECT_EQ(sent()[3].kind, Peer::Trip::kFast);
  answer(sent()[3]);
  EXPECT_EQ(d->answer, "of d");
  EXPECT_EQ(e->answer, "of e");
}

class BusyLineTest : public LineTest {
 protected:
  // Of `many` calls a trip waits for `most`.
  void expect_to_wait(std::size_t many, std::size_t most) {
    options_.max_trip_ops = 100;
    options_.max_trip_bytes = 64 * 1024;
    line_ = std::make_shared<Line>(*NodeName::parse("bar@127.0.0.1:4002"),
                                   peers_, timers_, options_);
    for (const char* name : {"a", "b", "c"}) send(name);
    for (std::size_t i = 0; i < many; ++i) send("many");
    answer(sent()[1]);
    ASSERT_EQ(sent().size(), 4U);
    EXPECT_EQ(sent()[3].keys.size(), many);
    answer(sent()[3]);

    // "c" is away still: a few that come now are not worth another trip ...
    for (std::size_t i = 1; i < most; ++i) send("next");
    EXPECT_EQ(sent().size(), 4U);
    // ... until they are two thirds of those there were, or nobody is away.
    send("enough");
    ASSERT_EQ(sent().size(), 5U);
    EXPECT_EQ(sent()[4].keys.size(), most);
    answer(sent()[4]);
    send("last");
    EXPECT_EQ(sent().size(), 5U);
    answer(sent()[2]);
    ASSERT_EQ(sent().size(), 6U);
    EXPECT_EQ(sent()[5].keys, Keys{"last"});
  }
};

TEST_F(BusyLineTest, ATripWaitsForMostOfMany) { expect_to_wait(60, 40); }
TEST_F(BusyLineTest, ATripWaitsForMostOfSome) { expect_to_wait(9, 6); }

TEST_F(LineTest, ThatThereWereManyIsForgotten) {
  for (int i = 0; i < 30; ++i) send("many");
  for (std::size_t i = 0; i < sent().size(); ++i) answer(sent()[i]);
  for (int round = 0; round < 40; ++round) {
    send("alone");
    send("with it");
    answer(sent().end()[-1]);
    answer(sent().end()[-2]);
  }
  const std::size_t before = sent().size();
  for (const char* name : {"a", "b", "c"}) send(name);
  EXPECT_EQ(sent().size(), before + 3);
}

TEST_F(LineTest, AFullTripLeaves) {
  for (int i = 0; i < 30; ++i) send("many");
  answer(sent()[1]);
  answer(sent()[2]);
  ASSERT_EQ(sent().size(), 5U);  // of four each
  answer(sent()[3]);
  ASSERT_EQ(sent().size(), 6U);
  EXPECT_EQ(sent()[5].keys.size(), 4U);
}

TEST_F(LineTest, ATripHasLimits) {
  for (const char* name : {"a", "b", "c", "1", "2", "3", "4", "5"}) send(name);
  answer(sent()[1]);
  EXPECT_EQ(sent().back().keys, (Keys{"1", "2", "3", "4"}));
  answer(sent()[2]);  // one that waits is less than four
  EXPECT_EQ(sent().size(), 4U);
  answer(sent()[3]);
  EXPECT_EQ(sent().back().keys, Keys{"5"});
}

TEST_F(LineTest, ATripHasALimitOfBytesToo) {
  options_.max_trip_ops = 100;
  line_ = std::make_shared<Line>(*NodeName::parse("bar@127.0.0.1:4002"), peers_,
                                 timers_, options_);
  const std::string large(800, 'l');  // of 4096 bytes in all
  for (int i = 0; i < 12; ++i) send(large);
  answer(sent()[1]);
  EXPECT_EQ(sent().back().keys, Keys(4, large));
}

TEST_F(LineTest, LargeCallsGoByThemselvesAndHoldNobodyUp) {
  send("a");
  send(std::string(2000, 'l'));
  ASSERT_EQ(sent().size(), 2U);
  EXPECT_FALSE(sent()[1].trip);
}

TEST_F(LineTest, WhatIsHandedBackGoesByItself) {
  send("a");
  const auto b = send("b");
  Response back;
  back.handed_back = true;
  sent()[1].done_each(0, std::move(back));
  EXPECT_EQ(b->answer, "");
  ASSERT_EQ(sent().size(), 3U);
  EXPECT_FALSE(sent()[2].trip);
  EXPECT_EQ(sent()[2].keys, Keys{"b"});
  const auto c = send("c");  // no trip is under way any more
  ASSERT_EQ(sent().size(), 4U);
  answer(sent()[3]);
  EXPECT_EQ(c->answer, "of c");
  answer(sent()[2]);
  EXPECT_EQ(b->answer, "of b");
}

TEST_F(LineTest, WhatIsWithdrawnOrUnwantedDoesNotLeave) {
  send("a");
  send("b");
  send("c");
  const auto d = send("d");
  const auto e = send("e");
  const auto f = send("f");
  line_->withdraw(*d);
  line_->withdraw(*d);
  e->unwanted = true;
  answer(sent()[1]);
  EXPECT_EQ(sent().back().keys, Keys{"f"});
  EXPECT_EQ(d->leaves, 0U);
  line_->withdraw(*f);  // too late
  answer(sent().back());
  EXPECT_EQ(f->answer, "of f");
}

TEST_F(LineTest, ATripEndsWhenAllOfItsCallsAreCancelled) {
  send("a");
  send("b");
  send("c");
  const auto d = send("d");
  const auto e = send("e");
  answer(sent()[1]);
  Handle& trip = *sent().back().handle;
  d->at_peer->cancel();
  EXPECT_EQ(trip.cancels, 0);
  e->at_peer->cancel();
  EXPECT_EQ(trip.cancels, 1);
}

TEST_F(LineTest, AFailedTripFailsEachAndTheNextOneLeaves) {
  send("a");
  const auto b = send("b");
  send("c");
  send("d");
  Response broken;
  broken.answer.status = unknown(absl::UnavailableError("broken"));
  sent()[1].done_each(0, std::move(broken));
  EXPECT_EQ(b->answer, "UNAVAILABLE unknown");
  EXPECT_EQ(sent().back().keys, Keys{"d"});
}

TEST_F(LineTest, WithoutAPeerAllAreRefused) {
  peers_.status = not_run(absl::ResourceExhaustedError("too many peers"));
  EXPECT_EQ(send("a")->answer, "RESOURCE_EXHAUSTED not_run");
  EXPECT_EQ(line_->load().away, 0U);
  peers_.status = absl::OkStatus();
  send("a");
  peers_.status = not_run(absl::ResourceExhaustedError("too many peers"));
  EXPECT_EQ(send("b")->answer, "RESOURCE_EXHAUSTED not_run");
}

TEST_F(LineTest, ACallThatWaitsForATripExpires) {
  send("a");
  send("b");
  send("c");
  const auto late = std::make_shared<Rider>(
      "late", Clock::now() + std::chrono::milliseconds(5));
  line_->send(late);
  EXPECT_TRUE(late->expiry.wait_for_arrivals(1));
  EXPECT_EQ(late->leaves, 0U);
}

TEST_F(LineTest, EachOfATripExpiresAtItsOwnTime) {
  Batch batch(4096);
  const auto late = std::make_shared<Rider>(
      "late", Clock::now() + std::chrono::milliseconds(5));
  const auto rider = std::make_shared<Rider>("rider");
  batch.add(line_, late);
  batch.add(line_, rider);
  batch.send();
  ASSERT_EQ(sent().size(), 1U);
  EXPECT_EQ(sent()[0].kind, Peer::Trip::kTogether);
  EXPECT_TRUE(late->expiry.wait_for_arrivals(1));
  answer(sent()[0]);
  EXPECT_EQ(rider->answer, "of rider");
  EXPECT_EQ(rider->expiry.arrived(), 0);
}

// Operations of the host.
class OpLineTest : public LineTest {
 protected:
  static constexpr std::size_t kPortion = AckWindow::kPortion;
  static constexpr std::size_t kPortions = 1 + AckWindow::kLeast;

  std::shared_ptr<Rider> send_op(
      const std::string& name,
      Clock::time_point deadline = Clock::time_point::max()) {
    auto rider = std::make_shared<Rider>(Op(Apply{name, ""}), deadline);
    riders_.push_back(rider);
    line_->send(rider);
    return rider;
  }
  // As many as may be away.
  void fill() {
    for (std::size_t i = 0; i < kPortions * kPortion; ++i) send_op("op");
  }
  // Soon. What timers do for it has been done then.
  void expect_none_to_wait() {
    const Clock::time_point end = Clock::now() + kLong;
    while (line_->load().waiting > 0 && Clock::now() < end) {
      std::this_thread::yield();
    }
    EXPECT_EQ(line_->load().waiting, 0U);
    timers_.stop();
  }
  std::vector<std::size_t> questions() {
    std::vector<std::size_t> places;
    for (std::size_t i = 0; i < sent().size(); ++i) {
      if (sent()[i].keys[0] == kQuestion) places.push_back(i);
    }
    return places;
  }
};

TEST_F(OpLineTest, ManyWaitForAnAcknowledgement) {
  fill();
  using Places = std::vector<std::size_t>;
  ASSERT_EQ(questions(), (Places{2 * kPortion, 3 * kPortion + 1}));
  send_op("next");
  EXPECT_EQ(sent().back().keys, Keys{kQuestion});
  EXPECT_EQ(line_->load().waiting, 1U);
  answer(sent()[0]);
  EXPECT_EQ(line_->load().waiting, 1U) << "who has run tells of no other";
  answer(sent()[questions()[0]]);
  EXPECT_EQ(sent().back().keys, Keys{"next"});
  EXPECT_EQ(line_->load().waiting, 0U);
}

TEST_F(OpLineTest, ThoseThatWaitLeaveInTheirOrderPortionByPortion) {
  fill();
  std::vector<std::string> names;
  for (std::size_t i = 0; i < 2 * kPortion; ++i) {
    names.push_back(std::to_string(i));
    send_op(names.back());
  }
  const std::size_t before = sent().size();
  answer(sent()[questions()[0]]);
  EXPECT_EQ(sent().size(), before + kPortion + 1);
  EXPECT_EQ(sent().back().keys, Keys{kQuestion});
  answer(sent()[questions()[1]]);
  expect_none_to_wait();
  std::vector<std::string> left;
  for (std::size_t i = before; i < sent().size(); ++i) {
    if (sent()[i].keys[0] != kQuestion) left.push_back(sent()[i].keys[0]);
  }
  EXPECT_EQ(left, names);
}

TEST_F(OpLineTest, WhereFewAreAwayNothingIsAsked) {
  for (std::size_t i = 0; i < 10 * kPortion; ++i) {
    send_op("op");
    if (i >= kPortion - 1) answer(sent()[i - (kPortion - 1)]);
  }
  EXPECT_EQ(questions().size(), 0U);
}

TEST_F(OpLineTest, OnceAllHaveEndedNobodyWantsTheAnswerAnyMore) {
  fill();
  const std::vector<std::size_t> asked = questions();
  ASSERT_EQ(asked.size(), 2U);
  for (const std::size_t i : asked) EXPECT_EQ(sent()[i].handle->cancels, 0);
  for (std::size_t i = 0; i < 3 * kPortion + 2; ++i) {
    if (sent()[i].keys[0] != kQuestion) answer(sent()[i]);
  }
  for (const std::size_t i : asked) EXPECT_EQ(sent()[i].handle->cancels, 1);
  const std::size_t before = sent().size();
  send_op("next");
  EXPECT_EQ(sent().size(), before) << "it may be cancelled, but has not ended";
  answer(sent()[asked[0]]);
  EXPECT_EQ(sent().size(), before + 1);
}

TEST_F(OpLineTest, OneThatWaitsCanBeWithdrawnAndExpires) {
  fill();
  const auto withdrawn = send_op("withdrawn");
  const auto late =
      send_op("late", Clock::now() + std::chrono::milliseconds(5));
  const auto next = send_op("next");
  line_->withdraw(*withdrawn);
  EXPECT_TRUE(late->expiry.wait_for_arrivals(1));
  EXPECT_EQ(late->leaves, 0U);
  line_->withdraw(*late);
  answer(sent()[questions()[0]]);
  EXPECT_EQ(sent().back().keys, Keys{"next"});
  EXPECT_EQ(withdrawn->leaves, 0U);
}

class BusyOpLineTest : public OpLineTest {
 protected:
  void SetUp() override {
    options_.max_delay = std::chrono::milliseconds(1);
    line_ = std::make_shared<Line>(*NodeName::parse("bar@127.0.0.1:4002"),
                                   peers_, timers_, options_);
    fill();
  }
};

TEST_F(BusyOpLineTest, WhatComesFasterThanItCanLeaveIsKeptBack) {
  const auto first = send_op("first");
  std::vector<std::shared_ptr<Rider>> riders;
  for (std::size_t i = 0; i < 2 * kPortion; ++i) {
    riders.push_back(send_op("more"));
  }
  answer(sent()[questions()[0]]);
  EXPECT_EQ(first->leaves, 1U);
  const auto& next = riders[kPortion];
  EXPECT_EQ(next->leaves, 0U);
  const Clock::time_point end = Clock::now() + kLong;
  while (next->answer.empty() && Clock::now() < end) send_op("more");
  EXPECT_EQ(next->answer, "kept back");
  EXPECT_EQ(next->leaves, 0U);
  EXPECT_EQ(send_op("last")->answer, "");
  EXPECT_EQ(send("of another kind")->leaves, 1U);
}

TEST_F(BusyOpLineTest, WhereNothingIsAcknowledgedAllWait) {
  const auto first = send_op("first");
  const Clock::time_point end = Clock::now() + 50 * options_.max_delay;
  while (Clock::now() < end) send_op("more");
  EXPECT_EQ(first->answer, "");
}

// Who is sent again as soon as it has failed, so that this has no end.
class Persistent final : public Rider {
 public:
  explicit Persistent(Line& line) : Rider(Op(Apply{"op", ""})), line_(line) {}
  void answered(Response&& response) override {
    Rider::answered(std::move(response));
    if (!enough) line_.send(again());
  }
  static std::atomic<bool> enough;

 private:
  std::shared_ptr<Passenger> again() const {
    return std::make_shared<Persistent>(line_);
  }
  Line& line_;
};
std::atomic<bool> Persistent::enough{false};

TEST_F(OpLineTest, WhoFailsAtOnceAndComesAgainHoldsNoThreadUp) {
  fill();
  Persistent::enough = false;
  line_->send(std::make_shared<Persistent>(*line_));
  peers_.status = not_run(absl::UnavailableError("down"));
  answer(sent()[questions()[0]]);  // returns
  Persistent::enough = true;
}

TEST_F(OpLineTest, WithoutAPeerAllAreRefusedHoweverManyTheyAre) {
  fill();
  const std::size_t before = sent().size();
  std::vector<std::shared_ptr<Rider>> riders;
  for (std::size_t i = 0; i < 10 * kPortion; ++i) {
    riders.push_back(send_op("x"));
  }
  peers_.status = not_run(absl::ResourceExhaustedError("too many peers"));
  answer(sent()[questions()[0]]);
  expect_none_to_wait();
  EXPECT_EQ(sent().size(), before);
  for (const auto& it : riders) {
    ASSERT_EQ(it->answer, "RESOURCE_EXHAUSTED not_run");
  }
}

}  // namespace
}  // namespace kv::internal
