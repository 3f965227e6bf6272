// Where callbacks run, what they may do there, and where they end.
#include <kv/kv.h>
#include <malloc.h>

#include <atomic>
#include <cstddef>
#include <memory>
#include <optional>
#include <string>
#include <thread>
#include <utility>

#include "cluster/two_nodes.h"

namespace {

using kv_tests::Event;
using kv_tests::eventually;
using kv_tests::within;

using Value = absl::StatusOr<std::optional<std::string>>;

constexpr int kMaxCalls = 4;

class CallbackTest : public kv_tests::TwoNodes {
 protected:
  CallbackTest() : TwoNodes(few_calls()) {}
  static kv::NodeOptions few_calls() {
    kv::NodeOptions options;
    options.callback_threads = 1;
    options.max_calls = kMaxCalls;
    return options;
  }
  void SetUp() override {
    TwoNodes::SetUp();
    create("hello");
    create("world");
  }
  kv::Router& router() { return foo_->router(); }
};

// Notes on which thread it ends.
class Guest {
 public:
  explicit Guest(std::atomic<int>& elsewhere) : elsewhere_(elsewhere) {}
  ~Guest() {
    if (std::this_thread::get_id() != called_on) ++elsewhere_;
  }
  std::thread::id called_on;

 private:
  std::atomic<int>& elsewhere_;
};

// What it holds may be of a kind that waits when it ends, or be the node.
TEST_F(CallbackTest, EndsOnTheThreadThatHasCalledIt) {
  constexpr int kTimes = 2000;
  std::atomic<int> elsewhere{0};
  std::atomic<int> called{0};
  for (int i = 0; i < kTimes; ++i) {
    auto guest = std::make_shared<Guest>(elsewhere);
    router().async(
        i % 2 == 0 ? "hello" : "world", kv::Get{"milk"},
        [guest = std::move(guest), &called](const Value& value) {
          EXPECT_TRUE(value.ok()) << value.status();
          guest->called_on = std::this_thread::get_id();
          ++called;
        },
        within(kv_tests::kLong));
    ASSERT_TRUE(eventually([&] { return called == i + 1; }));
  }
  EXPECT_TRUE(foo_->stop().ok());
  EXPECT_EQ(elsewhere, 0);
}

// The thread that has the answer of a peer is then the one that brings all of
// them: whatever it waited for would never come.
TEST_F(CallbackTest, MayNotWaitWhereNoThreadIsLeftForIt) {
  Event busy;
  Event free;
  router().async("hello", kv::Get{"milk"}, [&](const Value&) {
    busy.set();
    free.wait();
  });
  ASSERT_TRUE(busy.wait());
  std::atomic<int> queued{0};
  for (int i = 0; i < kMaxCalls; ++i) {
    router().async("hello", kv::Get{"milk"}, [&](const Value&) { ++queued; });
  }
  Event tried;
  router().async("world", kv::Get{"milk"}, [&](const Value& value) {
    EXPECT_TRUE(value.ok()) << value.status();
    kv_tests::expect_failure(router().route("world", kv::Get{"milk"}).status(),
                             absl::StatusCode::kResourceExhausted,
                             kv::Outcome::kNotRun);
    auto task = router().async("world", kv::Get{"milk"});
    EXPECT_EQ(task.await().status().code(),
              absl::StatusCode::kResourceExhausted);
    EXPECT_TRUE(router().route("hello", kv::Get{"milk"}).ok());  // needs none
    tried.set();
  });
  EXPECT_TRUE(tried.wait());
  EXPECT_EQ(queued, 0);
  free.set();
  EXPECT_TRUE(eventually([&] { return queued == kMaxCalls; }));
}

// What max_queued_bytes no longer counts does not wait for the callback either.
TEST_F(CallbackTest, ThatWaitsDoesNotKeepALargeRequest) {
  constexpr std::size_t kLarge = 8 * 1024 * 1024;
  const auto heap = [] {
    const auto info = mallinfo2();
    return info.uordblks + info.hblkhd;
  };
  Event busy;
  Event free;
  router().async("hello", kv::Get{"milk"}, [&](const Value&) {
    busy.set();
    free.wait();
  });
  ASSERT_TRUE(busy.wait());
  // bar has the value, and this is what the next ones replace.
  const kv::Put put{"milk", std::string(kLarge, 'v')};
  ASSERT_TRUE(router().route("world", put).ok());
  const auto before = heap();
  std::atomic<int> called{0};
  for (std::size_t i = 1; i <= kMaxCalls; ++i) {
    router().async("world", put, [&](const absl::Status& status) {
      EXPECT_TRUE(status.ok()) << status;
      ++called;
    });
    ASSERT_TRUE(eventually([&] {
      const kv::Stats stats = foo_->stats();
      return stats.calls == 0 && stats.queued_callbacks == i;
    }));
  }
  EXPECT_TRUE(
      eventually([&] { return heap() < before + kLarge; }, kv_tests::kLong / 4))
      << heap() - before << " more bytes";
  EXPECT_EQ(called, 0);
  free.set();
  EXPECT_TRUE(eventually([&] { return called == kMaxCalls; }));
}

}  // namespace
