// kvctl's commands for buckets, against live processes: what it prints, and how
// it ends.
#include <nlohmann/json.hpp>
#include <string>

#include "cluster/two_nodes.h"
#include "kvctl/tool.h"

namespace {

using Json = nlohmann::json;

bool has(const std::string& text, const std::string& part) {
  return text.find(part) != std::string::npos;
}

class KvctlBucketsTest : public kv_tests::KvctlTest {};

TEST_F(KvctlBucketsTest, ThePathOfAValue) {
  EXPECT_EQ(said({"create", "shopping"}), "shopping lives on " + bar() + "\n");
  EXPECT_EQ(said({"put", "shopping", "milk", "1"}), "OK\n");
  EXPECT_EQ(said({"get", "shopping", "milk"}), "1\n");
  EXPECT_EQ(said({"incr", "shopping", "milk"}), "2\n");
  EXPECT_EQ(said({"incr", "shopping", "milk", "-5"}), "-3\n");
  EXPECT_EQ(said({"delete", "shopping", "milk"}), "-3\n");
  EXPECT_EQ(said({"buckets", bar()}), "shopping\n");
  EXPECT_EQ(said({"buckets"}), "");
  EXPECT_EQ(said({"drop", "shopping"}), "OK\n");
}

TEST_F(KvctlBucketsTest, WhatIsNotThereEndsWith1) {
  EXPECT_TRUE(has(fails(1, {"get", "shopping", "milk"}), "no bucket"));
  said({"create", "shopping"});
  EXPECT_TRUE(has(fails(1, {"get", "shopping", "milk"}), "no key \"milk\""));
  EXPECT_TRUE(has(fails(1, {"delete", "shopping", "milk"}), "no key"));
}

TEST_F(KvctlBucketsTest, CompareAndSet) {
  said({"create", "shopping"});
  EXPECT_EQ(said({"cas", "shopping", "milk", "--value", "1"}), "OK\n");
  EXPECT_TRUE(has(fails(1, {"cas", "shopping", "milk", "--value", "1"}),
                  "has a value already"));
  EXPECT_EQ(
      said({"cas", "shopping", "milk", "--expected", "1", "--value", "2"}),
      "OK\n");
  EXPECT_TRUE(has(
      fails(1, {"cas", "shopping", "milk", "--expected", "1", "--value", "3"}),
      "another value"));
  EXPECT_EQ(said({"cas", "shopping", "milk", "--expected", "2"}), "OK\n");
  fails(1, {"get", "shopping", "milk"});
}

TEST_F(KvctlBucketsTest, AnyByteSurvives) {
  std::string all;
  for (int byte = 0; byte < 256; ++byte) all += static_cast<char>(byte);
  said({"create", "s\\x00\\xff"});
  EXPECT_EQ(said({"put", "s\\x00\\xff", "k\\n", "-"}, all), "OK\n");
  const std::string shown = said({"get", "s\\x00\\xff", "k\\n"});
  EXPECT_TRUE(has(shown, "\\x00\\x01")) << shown;
  // What is shown can be given.
  said({"put", "s\\x00\\xff", "copy", shown.substr(0, shown.size() - 1)});
  EXPECT_EQ(said({"get", "s\\x00\\xff", "copy"}), shown);
  // Raw, names can't hold a zero byte on a command line, but values can.
  said({"create", "some"});
  said({"--raw", "put", "some", "\\x00", "-"}, all);
  EXPECT_EQ(said({"--raw", "get", "some", "\\x00"}), all);
  EXPECT_EQ(said({"get", "some", "\\\\x00"}), shown);
  const Json json = Json::parse(said({"--json", "get", "some", "\\\\x00"}));
  EXPECT_EQ(json["value"]["base64"].get<std::string>().substr(0, 8),
            "AAECAwQF");
}

TEST_F(KvctlBucketsTest, ABucketMayBeNamedLikeACommand) {
  said({"create", "put"});
  said({"put", "put", "get", "delete"});
  EXPECT_EQ(said({"get", "put", "get"}), "delete\n");
}

TEST_F(KvctlBucketsTest, PairsAreListedAlignedPageByPage) {
  said({"create", "shopping"});
  for (const char* key : {"bread", "milk", "mustard"}) {
    said({"put", "shopping", key, "1"});
  }
  EXPECT_EQ(said({"scan", "shopping"}),
            "KEY      VALUE\nbread    1\nmilk     1\nmustard  1\n");
  EXPECT_EQ(said({"scan", "shopping", "--prefix", "m", "--after", "milk"}),
            "KEY      VALUE\nmustard  1\n");
  const auto page = kvctl({"--json", "scan", "shopping", "--limit", "1"});
  EXPECT_EQ(Json::parse(page.out),
            Json::parse(R"([{"key": "bread", "value": "1"}])"));
  EXPECT_TRUE(has(page.err, "--after bread")) << page.err;
}

TEST_F(KvctlBucketsTest, OperationsOfTheHostTakeBytes) {
  EXPECT_EQ(said({"call", "shopping", "Echo", "a\\x00b"}),
            "echoing\na\\x00b\n");
  EXPECT_EQ(said({"call", "--at", bar(), "Echo", "-"}, "in\n"),
            "echoing\nin\\n\n");
  EXPECT_EQ(Json::parse(said({"--json", "call", "shopping", "Echo", "x"})),
            Json::parse(R"({"out": "echoing\n", "answer": "x"})"));
  EXPECT_TRUE(has(fails(3, {"call", "shopping", "Nope"}), "has no op"));
}

TEST_F(KvctlBucketsTest, TypedOperationsTakeJson) {
  const std::string order =
      R"({"items": [{"name": "milk", "count": 2}, {"count": 3}]})";
  EXPECT_EQ(Json::parse(said({"call", "shopping", "Warehouse.total", order})),
            Json::parse(R"({"total": "5", "place": "shopping"})"));
  EXPECT_EQ(Json::parse(said(
                {"--json", "call", "shopping", "Warehouse.total", "-"}, order)),
            Json::parse(R"({"answer": {"total": "5", "place": "shopping"}})"));
  EXPECT_EQ(said({"call", "--bytes", "shopping", "Warehouse.total",
                  "\\x0a\\x02\\x10\\x02"}),
            "\\x08\\x02\\x12\\x08shopping\n");
  EXPECT_TRUE(
      has(fails(2, {"call", "shopping", "Warehouse.total", "{\"itmes\": 1}"}),
          "no warehouse.Order"));
}

TEST_F(KvctlBucketsTest, LiteTypesSayThatOnlyBytesWillDo) {
  const std::string error = fails(2, {"call", "shopping", "Light.echo", "{}"});
  EXPECT_TRUE(has(error, "light.Text")) << error;
  EXPECT_TRUE(has(error, "--bytes")) << error;
  EXPECT_EQ(
      said({"call", "--bytes", "shopping", "Light.echo", "\\x0a\\x01\\x78"}),
      "\\n\\x01x\n");
}

TEST_F(KvctlBucketsTest, ErrorsAreJsonWhereTheOutputIs) {
  const auto ended = kvctl({"--json", "get", "shopping", "milk"});
  EXPECT_EQ(ended.exit, 1);
  const Json error = Json::parse(ended.err);
  EXPECT_EQ(error["code"], "NOT_FOUND");
  EXPECT_EQ(error["outcome"], "ran");
  EXPECT_TRUE(error.contains("hint"));
}

}  // namespace
