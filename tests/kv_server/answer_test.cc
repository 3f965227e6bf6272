#include "kv_server/answer.h"

#include <gtest/gtest.h>

#include <random>
#include <string>

#include "base/outcome_mark.h"
#include "fault/seed.h"
#include "kv_server/answer_queue.h"

namespace kv_tests {
namespace {

using kv_server::AnswerQueue;

TEST(KvServerAnswerTest, SaysWhatTheGuideSays) {
  EXPECT_EQ(kv_server::answer_to(kv::Create::Result(kv::BucketRef())),
            "OK\r\n");
  EXPECT_EQ(kv_server::answer_to(kv::Put::Result()), "OK\r\n");
  EXPECT_EQ(kv_server::answer_to_get(kv::Get::Result("3")), "3\r\nOK\r\n");
  EXPECT_EQ(kv_server::answer_to_get(kv::Get::Result(std::nullopt)),
            "\r\nOK\r\n");
  EXPECT_EQ(kv_server::answer_to_delete(kv::Delete::Result("3")), "OK\r\n");
}

TEST(KvServerAnswerTest, AMissingBucketIsNotFoundIfItsOwnerSaysSo) {
  const absl::Status missing = absl::NotFoundError("no bucket");
  EXPECT_EQ(kv_server::answer_to(kv::Put::Result(missing)), "NOT FOUND\r\n");
  EXPECT_EQ(kv_server::answer_to_get(kv::Get::Result(missing)),
            "NOT FOUND\r\n");
  EXPECT_EQ(kv_server::answer_to_delete(kv::Delete::Result(missing)),
            "NOT FOUND\r\n");
  EXPECT_EQ(kv_server::answer_to_failure(kv::internal::not_run(missing)),
            "ERROR no bucket\r\n");
}

TEST(KvServerAnswerTest, AnOwnerWithoutRoomFailsToCreate) {
  EXPECT_EQ(kv_server::answer_to(
                kv::Create::Result(absl::ResourceExhaustedError("1 bucket"))),
            "FAILED TO CREATE BUCKET\r\n");
  EXPECT_EQ(
      kv_server::answer_to(kv::Create::Result(absl::UnavailableError("gone"))),
      "ERROR gone\r\n");
}

TEST(KvServerAnswerTest, AnErrorIsOneLineWhateverItsCause) {
  EXPECT_EQ(kv_server::error_answer("for \"0\" in [a\\b]"),
            "ERROR for \"0\" in [a\\b]\r\n");
  EXPECT_EQ(kv_server::error_answer(std::string("a\r\nOK\r\n\0\x85\u2028", 12)),
            "ERROR a\\x0d\\x0aOK\\x0d\\x0a\\x00\\x85\\xe2\\x80\\xa8\r\n");
  EXPECT_EQ(kv_server::error_answer(""), "ERROR \r\n");
  EXPECT_LT(kv_server::error_answer(std::string(1000000, '\n')).size(), 20000U);
}

TEST(KvServerAnswerQueueTest, AnswersComeInTheOrderOfTheirRequests) {
  AnswerQueue queue;
  queue.add("1 ");
  const auto second = queue.expect();
  queue.add("3 ");
  const auto fourth = queue.expect();
  EXPECT_EQ(queue.to_send(), "1 ");
  EXPECT_EQ(queue.expected(), 2U);
  queue.fill(fourth, "4 ");
  EXPECT_EQ(queue.to_send(), "1 ");
  EXPECT_EQ(queue.bytes(), 6U);
  queue.sent(1);
  EXPECT_EQ(queue.to_send(), " ");
  queue.fill(second, "2 ");
  queue.add("5 ");
  EXPECT_EQ(queue.to_send(), " 2 3 4 5 ");
  queue.sent(9);
  EXPECT_EQ(queue.to_send(), "");
  EXPECT_EQ(queue.bytes(), 0U);
}

TEST(KvServerAnswerQueueTest, AnyOrderOfAnswersComesOutInOrder) {
  const std::uint32_t seed = kv::internal::test_seed();
  SCOPED_TRACE(kv::internal::shown(seed));
  std::mt19937 random(seed);
  for (int round = 0; round < 2000; ++round) {
    AnswerQueue queue;
    std::string lent;
    std::vector<std::pair<AnswerQueue::Ticket, std::string>> open;
    std::string expected;
    std::string sent;
    std::size_t asked = 0;
    while (asked < 60 || !open.empty()) {
      const std::string answer = std::to_string(asked) + " ";
      const auto chance = random() % 4;
      if (chance == 3) {
        queue.borrow_memory(lent);
        const std::size_t bytes = random() % (queue.to_send().size() + 1);
        sent += queue.to_send().substr(0, bytes);
        queue.sent(bytes);
        queue.give_memory_back(lent);
      } else if (chance == 2 && !open.empty()) {
        const std::size_t at = random() % open.size();
        queue.fill(open[at].first, open[at].second);
        open.erase(open.begin() + static_cast<std::ptrdiff_t>(at));
      } else if (asked < 60) {
        ++asked;
        expected += answer;
        if (chance == 0) {
          queue.add(answer);
        } else {
          open.emplace_back(queue.expect(), answer);
        }
      }
      ASSERT_EQ(queue.expected(), open.size());
    }
    sent += queue.to_send();
    queue.sent(queue.to_send().size());
    ASSERT_EQ(sent, expected);
    ASSERT_EQ(queue.bytes(), 0U);
  }
}

}  // namespace
}  // namespace kv_tests
