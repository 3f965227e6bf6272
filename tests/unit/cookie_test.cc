#include "base/cookie.h"

#include <gtest/gtest.h>

namespace kv::internal {
namespace {

TEST(CookieTest, IsTheSameIfAllBytesAre) {
  const std::string secret("a\0b\xff", 4);
  EXPECT_TRUE(same_cookie(secret, secret));
  EXPECT_FALSE(same_cookie(secret, ""));
  EXPECT_FALSE(same_cookie(secret, secret.substr(0, 3)));
  EXPECT_FALSE(same_cookie(secret, secret + secret));
  for (std::size_t i = 0; i < secret.size(); ++i) {
    for (int bit = 0; bit < 8; ++bit) {
      std::string other = secret;
      other[i] = static_cast<char>(other[i] ^ (1 << bit));
      EXPECT_FALSE(same_cookie(secret, other));
    }
  }
}

TEST(CookieTest, AFileLosesOneLineBreakAtItsEnd) {
  EXPECT_EQ(*parse_cookie_file("a"), "a");
  EXPECT_EQ(*parse_cookie_file("a\n"), "a");
  EXPECT_EQ(*parse_cookie_file("a\r\n"), "a");
  EXPECT_EQ(*parse_cookie_file("a\r"), "a\r");
  EXPECT_EQ(*parse_cookie_file("\na \n\n"), "\na \n");
}

TEST(CookieTest, HasOneByteAndNoMoreThanTheLimit) {
  for (const char* bytes : {"", "\n", "\r\n"}) {
    EXPECT_TRUE(absl::IsInvalidArgument(parse_cookie_file(bytes).status()));
  }
  EXPECT_TRUE(parse_cookie_file(std::string(kMaxCookieBytes, 'x') + "\n").ok());
  EXPECT_TRUE(absl::IsInvalidArgument(
      parse_cookie_file(std::string(kMaxCookieBytes + 1, 'x')).status()));
  EXPECT_TRUE(absl::IsInvalidArgument(check_cookie("")));
}

}  // namespace
}  // namespace kv::internal
