#include "kv/outcome.h"

#include <gtest/gtest.h>

#include <sstream>

#include "absl/strings/cord.h"
#include "base/outcome_mark.h"

namespace kv::internal {
namespace {

TEST(OutcomeTest, OfASuccessIsRan) {
  EXPECT_EQ(outcome(absl::OkStatus()), Outcome::kRan);
}

TEST(OutcomeTest, OfAStatusThatTheLibraryDidNotMarkIsRanWhateverItsCode) {
  for (const absl::Status& status :
       {absl::UnavailableError(""), absl::DeadlineExceededError(""),
        absl::AbortedError(""), absl::CancelledError("")}) {
    EXPECT_EQ(outcome(status), Outcome::kRan);
  }
}

TEST(OutcomeTest, IsWhatTheMarkSays) {
  const absl::Status status = absl::UnavailableError("bar");
  EXPECT_EQ(outcome(not_run(status)), Outcome::kNotRun);
  EXPECT_EQ(outcome(unknown(status)), Outcome::kUnknown);
  EXPECT_EQ(outcome(marked(status, Outcome::kRan)), Outcome::kRan);
  EXPECT_EQ(not_run(status).code(), status.code());
  EXPECT_EQ(not_run(status).message(), "bar");
}

TEST(OutcomeTest, TheLastMarkCounts) {
  absl::Status status = not_run(absl::UnavailableError("bar"));
  EXPECT_EQ(outcome(unknown(status)), Outcome::kUnknown);
  status = marked(status, Outcome::kRan);
  EXPECT_EQ(outcome(status), Outcome::kRan);
  EXPECT_EQ(status, absl::UnavailableError("bar")) << "no trace of the mark";
}

TEST(OutcomeTest, ASuccessCannotBeMarked) {
  EXPECT_EQ(outcome(not_run(absl::OkStatus())), Outcome::kRan);
}

TEST(OutcomeTest, OtherPayloadsAreLeftAlone) {
  absl::Status status = absl::UnavailableError("bar");
  status.SetPayload("mine", absl::Cord("x"));
  EXPECT_EQ(outcome(status), Outcome::kRan);
  EXPECT_EQ(*marked(not_run(status), Outcome::kRan).GetPayload("mine"), "x");
}

TEST(OutcomeTest, HasNames) {
  std::ostringstream out;
  out << Outcome::kNotRun << ' ' << Outcome::kRan << ' ' << Outcome::kUnknown;
  EXPECT_EQ(out.str(), "not_run ran unknown");
}

}  // namespace
}  // namespace kv::internal
