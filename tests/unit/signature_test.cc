#include "exec/signature.h"

#include <gtest/gtest.h>

#include <string>

namespace kv::internal {
namespace {

std::string difference(const OpSignature& caller, const OpSignature& owner) {
  return std::string(check_signatures(caller, owner).message());
}

TEST(SignatureTest, EqualOnesAgree) {
  const OpSignature one{1, "a.1=int32;q.1=string*;"};
  EXPECT_EQ(check_signatures(one, one), absl::OkStatus());
  EXPECT_EQ(check_signatures({}, {}), absl::OkStatus());
}

TEST(SignatureTest, AnotherVersionDoesNot) {
  EXPECT_EQ(difference({2, ""}, {1, ""}),
            "the caller has version 2, the owner version 1");
}

TEST(SignatureTest, WhereOneSaysNothingTheyAgree) {
  EXPECT_EQ(difference({0, ""}, {0, "q.1=string;"}), "");
  EXPECT_EQ(difference({0, "q.1=string;"}, {0, ""}), "");
  EXPECT_EQ(difference({0, "q.1=string;"}, {0, "q.2=int32;q.1=string;"}), "");
}

TEST(SignatureTest, AFieldOfAnotherTypeIsNamed) {
  EXPECT_EQ(difference({0, "q.1.2=string;"}, {0, "q.1.2=bytes;"}),
            "field 1.2 of the request is \"string\" to the caller, \"bytes\" "
            "to the owner");
  EXPECT_EQ(difference({0, "a.3=int32;"}, {0, "a.3=int32*;"}),
            "field 3 of the answer is \"int32\" to the caller, \"int32*\" to "
            "the owner");
}

TEST(SignatureTest, GarbageFromAfarDoesNoHarm) {
  for (const char* text :
       {";", "=", "q", "q=;", ";;=;", "\xff\xff=\n", "a.1"}) {
    check_signatures({0, text}, {0, "a.1=int32;q.1=string;"}).IgnoreError();
    check_signatures({0, "a.1=int32;"}, {0, text}).IgnoreError();
  }
  EXPECT_EQ(difference({0, "a.1=\xff"}, {0, "a.1=int32"}),
            "field 1 of the answer is \"\\xff\" to the caller, \"int32\" to "
            "the owner");
}

}  // namespace
}  // namespace kv::internal
