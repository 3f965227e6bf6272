#include "kv/trace_context.h"

#include <gtest/gtest.h>

#include <initializer_list>
#include <string>

namespace kv {
namespace {

// The example of the standard.
const std::string kExample =
    "00-4bf92f3577b34da6a3ce929d0e0e4736-00f067aa0ba902b7-01";

TEST(TraceContextTest, ReadsAndWritesTheHeader) {
  const auto context = TraceContext::parse(kExample);
  ASSERT_TRUE(context.has_value());
  EXPECT_EQ(context->trace_id[0], 0x4b);
  EXPECT_EQ(context->trace_id[15], 0x36);
  EXPECT_EQ(context->span_id[1], 0xf0);
  EXPECT_TRUE(context->sampled());
  EXPECT_EQ(context->traceparent(), kExample);
}

TEST(TraceContextTest, WhatIsNotValidIsAsNone) {
  const std::string ids = "4bf92f3577b34da6a3ce929d0e0e4736-00f067aa0ba902b7";
  for (const std::string& bad : std::initializer_list<std::string>{
           std::string(),
           std::string("00"),
           kExample.substr(1),
           kExample + "-",  // version 00 has no more
           kExample + "0",
           "ff-" + ids + "-01",  // forbidden
           "0x-" + ids + "-01",
           "00-" + ids + "-0g",
           "00-4BF92F3577B34DA6A3CE929D0E0E4736-00f067aa0ba902b7-01",
           std::string("00-00000000000000000000000000000000-") +
               "00f067aa0ba902b7-01",
           std::string("00-4bf92f3577b34da6a3ce929d0e0e4736-") +
               "0000000000000000-01",
           "00_" + ids + "-01",
           "00-" + ids + "_01",
           "01-" + ids + "-01.more",
       }) {
    EXPECT_FALSE(TraceContext::parse(bad).has_value()) << bad;
  }
}

TEST(TraceContextTest, ALaterVersionMaySayMore) {
  const auto context = TraceContext::parse("cc" + kExample.substr(2) + "-what");
  ASSERT_TRUE(context.has_value());
  EXPECT_EQ(context->traceparent(), kExample);
}

TEST(TraceContextTest, FlagsStayAsTheyAre) {
  const std::string text = kExample.substr(0, 53) + "a2";
  const auto context = TraceContext::parse(text);
  ASSERT_TRUE(context.has_value());
  EXPECT_FALSE(context->sampled());
  EXPECT_EQ(context->traceparent(), text);
}

}  // namespace
}  // namespace kv
