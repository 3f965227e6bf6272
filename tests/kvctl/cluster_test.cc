// kvctl's commands for nodes and tables, against live processes.
#include <nlohmann/json.hpp>
#include <string>

#include "cluster/two_nodes.h"
#include "kvctl/tool.h"

namespace {

using Json = nlohmann::json;
using kv_tests::PeerProcess;
using kv_tests::run_program;

bool has(const std::string& text, const std::string& part) {
  return text.find(part) != std::string::npos;
}

class KvctlClusterTest : public kv_tests::KvctlTest {
 protected:
  void set_table(const std::string& node, const std::string& text) {
    said({"table", "set", "-", node}, text);
  }
};

TEST_F(KvctlClusterTest, WhoamiAndWhere) {
  EXPECT_EQ(said({"whoami"}), foo() + "\n");
  EXPECT_EQ(said({"whoami", "shopping"}), bar() + "\n");
  const Json where = Json::parse(said({"--json", "where", "shopping"}));
  EXPECT_EQ(where["node"], bar());
  EXPECT_EQ(where["range"], "n..z");
  EXPECT_EQ(where["entry"], 2);
  EXPECT_TRUE(has(said({"where", "shopping"}), "entry 2, n..z"));
  EXPECT_TRUE(has(fails(1, {"where", "0"}), "no entry for \"0\""));
}

TEST_F(KvctlClusterTest, WhereTellsTheSlot) {
  set_table(foo(), "slots 16384\n0..16383 " + bar() + "\n");
  EXPECT_EQ(Json::parse(said({"--json", "where", "foo"}))["slot"], 12182);
}

TEST_F(KvctlClusterTest, ExplainShowsTheWayByEachNodesOwnTable) {
  set_table(bar(), "version 4\nn..z " + foo() + "\n");
  set_table(foo(), "version 5\no..z " + bar() + "\n.. " + foo() + "\n");
  const Json ended = Json::parse(said({"--json", "explain", "n"}));
  ASSERT_EQ(ended["hops"].size(), 1U);
  EXPECT_EQ(ended["hops"][0]["matched"], "..");

  const auto circle = kvctl({"explain", "shopping"});
  EXPECT_EQ(circle.exit, 3) << circle.err;
  EXPECT_TRUE(has(circle.out, "0    " + foo())) << circle.out;
  EXPECT_TRUE(has(circle.err, "in a circle")) << circle.err;
  EXPECT_TRUE(has(circle.err, "kvctl check")) << circle.err;
  EXPECT_EQ(said({"buckets", bar()}), "") << "nothing is executed";
}

TEST_F(KvctlClusterTest, TablesAreShownSetAndCompared) {
  EXPECT_EQ(said({"table"}), guide_table());
  EXPECT_EQ(said({"table", "show", bar()}), guide_table());
  const std::string text =
      "version 2\na..k " + foo() + "\nl..z " + bar() + "\n";
  const std::string file = folder_.file("new.table", text);
  const auto diff = kvctl({"table", "diff", file});
  EXPECT_EQ(diff.exit, 1);
  EXPECT_TRUE(has(diff.out, "- n..z " + bar() + "\n")) << diff.out;
  EXPECT_TRUE(has(diff.out, "+ l..z " + bar() + "\n")) << diff.out;
  EXPECT_TRUE(has(diff.out, "l..m   " + foo() + "  " + bar())) << diff.out;

  const std::string set = said({"table", "set", file, "--all"});
  EXPECT_TRUE(has(set, foo() + "  OK")) << set;
  EXPECT_TRUE(has(set, bar() + "  OK")) << set;
  EXPECT_EQ(said({"table", "show", bar()}), text);
  EXPECT_EQ(said({"table", "diff", file}), "The tables are the same.\n");
}

TEST_F(KvctlClusterTest, AnOlderTableIsRefused) {
  set_table(foo(), "version 2\n" + guide_table());
  const auto ended = kvctl({"table", "set", "-"}, guide_table());
  EXPECT_EQ(ended.exit, 3);
  EXPECT_TRUE(has(ended.err, "the present one has version 2")) << ended.err;
  EXPECT_TRUE(has(ended.err, "version N")) << ended.err;
}

TEST_F(KvctlClusterTest, ANodeThatTakesNoTablesSaysWhichOptionWould) {
  const auto closed = PeerProcess::start("closed");
  ASSERT_NE(closed, nullptr);
  const auto ended =
      kvctl({"table", "set", "-", closed->name().str()}, guide_table());
  EXPECT_EQ(ended.exit, 3);
  EXPECT_TRUE(has(ended.err, "NodeOptions::remote_set_table")) << ended.err;
}

TEST_F(KvctlClusterTest, ABadTableNamesFileAndLine) {
  const std::string file = folder_.file("bad.table", "a..m foo\n");
  EXPECT_TRUE(
      has(fails(2, {"table", "set", file}), "bad.table: line 1: bad node"));
  EXPECT_TRUE(has(fails(2, {"table", "set", "/no/such"}), "can't read"));
}

TEST_F(KvctlClusterTest, CheckFollowsTheNamesInTables) {
  const std::string report = said({"check"});
  EXPECT_TRUE(has(report, "The tables of 2 nodes hold together")) << report;
  EXPECT_TRUE(has(report, "n..z")) << report;
  EXPECT_EQ(kvctl({"check", "--no-gaps"}).exit, 3);
}

TEST_F(KvctlClusterTest, CheckTellsProblemsAndEndsWith3) {
  set_table(bar(), "n..z " + foo() + "\n");
  const auto ended = kvctl({"check"});
  EXPECT_EQ(ended.exit, 3);
  EXPECT_TRUE(has(ended.out, "do not hold together")) << ended.out;
  EXPECT_TRUE(has(ended.out, "circle: ")) << ended.out;
  EXPECT_TRUE(has(ended.err, "hint: ")) << ended.err;
  const auto json = kvctl({"--json", "check"});
  EXPECT_EQ(json.exit, 3);
  const Json report = Json::parse(json.out);
  EXPECT_EQ(report["ok"], false);
  EXPECT_EQ(report["nodes"].size(), 2U);
}

TEST_F(KvctlClusterTest, CheckTellsWhatANewTableWouldMove) {
  const auto report = Json::parse(said({"--json", "check", "--next", "-"},
                                       "a..k " + foo() + "\nl..z " + bar()));
  ASSERT_EQ(report["moves"].size(), 1U);
  EXPECT_EQ(report["moves"][0]["range"], "l..m");
  EXPECT_EQ(report["moves"][0]["to"], bar());
}

TEST_F(KvctlClusterTest, ANodeThatIsGoneIsADeadEnd) {
  const std::string gone = bar();
  bar_.reset();
  const auto check = kvctl({"check"});
  EXPECT_EQ(check.exit, 3);
  EXPECT_TRUE(has(check.out, gone + " is unreachable")) << check.out;
  EXPECT_TRUE(has(fails(4, {"get", "shopping", "milk"}), gone));
  const auto nodes = kvctl({"nodes"});
  EXPECT_EQ(nodes.exit, 4);
  EXPECT_TRUE(has(nodes.out, gone + "  no answer")) << nodes.out;
  EXPECT_TRUE(has(nodes.out, foo() + "  up")) << nodes.out;
}

TEST_F(KvctlClusterTest, NodesOpsAndPing) {
  const std::string nodes = said({"nodes"});
  EXPECT_TRUE(has(nodes, bar() + "  up     2")) << nodes;
  const std::string ops = said({"ops", bar()});
  EXPECT_TRUE(has(ops, "Echo             bytes            bytes")) << ops;
  EXPECT_TRUE(has(ops, "warehouse.Order  warehouse.Receipt  2")) << ops;
  EXPECT_TRUE(has(ops, "read-only")) << ops;
  const Json ping =
      Json::parse(said({"--json", "ping", bar(), "--count", "2"}));
  EXPECT_EQ(ping[0]["node"], bar());
  EXPECT_EQ(ping[0]["answers"], 2);
}

TEST_F(KvctlClusterTest, OfSeveralNodesTheFirstThatAnswersIsAsked) {
  const auto ended =
      run_program({KVROUTE_KVCTL_PROGRAM, "--node", "gone@127.0.0.1:1",
                   "--node", bar(), "whoami"});
  EXPECT_EQ(ended.out, bar() + "\n") << ended.err;
}

TEST_F(KvctlClusterTest, TheFirstCallDoesNotWaitForItsConnection) {
  // As it would if nobody looked at the sockets of a node that does not listen.
  EXPECT_EQ(said({"--timeout", "2", "whoami"}), foo() + "\n");
}

TEST_F(KvctlClusterTest, ABenchMeasuresAndLeavesNothingBehind) {
  const auto ended =
      kvctl({"--json", "bench", "--duration", "0.3", "--in-flight", "4",
             "--keys", "10", "--buckets", "4"});
  EXPECT_EQ(ended.exit, 0) << ended.err;
  const Json result = Json::parse(ended.out);
  EXPECT_GT(result["calls"], 0);
  EXPECT_EQ(result["failed"], 0);
  EXPECT_LE(result["quantile_nanoseconds"]["p50"],
            result["quantile_nanoseconds"]["p99"]);
  EXPECT_TRUE(has(ended.err, "calls/s")) << "progress: " << ended.err;
  EXPECT_EQ(said({"buckets", foo()}) + said({"buckets", bar()}), "");
  EXPECT_TRUE(has(said({"bench", "--duration", "0.2", "--direct", "--keys",
                        "10", "--reads", "100"}),
                  "P99.9"));
}

TEST_F(KvctlClusterTest, UsageEndsWith2AndNamesTheHelp) {
  EXPECT_TRUE(has(fails(2, {"get", "shopping"}), "`kvctl get --help`"));
  EXPECT_TRUE(has(fails(2, {"gett"}), "no such command: gett"));
  EXPECT_TRUE(has(fails(2, {"get", "a\\q", "k"}), "unknown escape"));
  EXPECT_TRUE(has(fails(2, {"buckets", "bar"}), "foo@127.0.0.1:4001"));
  EXPECT_TRUE(has(fails(2, {"--timeout", "x", "whoami"}), "--timeout"));
  const auto nobody =
      run_program({"env", "-u", "KVCTL_NODE", KVROUTE_KVCTL_PROGRAM, "whoami"});
  EXPECT_EQ(nobody.exit, 2);
  EXPECT_TRUE(has(nobody.err, "KVCTL_NODE")) << nobody.err;
}

TEST_F(KvctlClusterTest, HelpIsEverywhereWithAnExample) {
  const std::string all = said({"--help"});
  for (const char* command :
       {"create", "get",     "put",   "delete", "drop",  "scan",      "incr",
        "cas",    "buckets", "call",  "whoami", "where", "explain",   "table",
        "check",  "ping",    "nodes", "ops",    "bench", "completion"}) {
    EXPECT_TRUE(has(all, std::string("  ") + command + " ")) << command;
    const std::string help = said({command, "--help"});
    EXPECT_TRUE(has(help, "Example:")) << command;
    EXPECT_EQ(said({"help", command}), help);
  }
  EXPECT_TRUE(has(said({"table", "set", "--help"}), "Example:"));
}

}  // namespace
