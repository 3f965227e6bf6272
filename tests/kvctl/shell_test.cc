// kvctl's shell, in a terminal and without one, and its completion in bash.
#include <gtest/gtest.h>

#include <string>
#include <vector>

#include "cluster/two_nodes.h"
#include "kvctl/tool.h"

namespace {

using kv_tests::eventually;
using kv_tests::run_program;

bool has(const std::string& text, const std::string& part) {
  return text.find(part) != std::string::npos;
}

class ShellTest : public kv_tests::KvctlTest {};

TEST_F(ShellTest, WithoutATerminalItObeysLinesAndKeepsGoing) {
  const auto ended = kvctl({},
                           "create shopping\n"
                           "# a comment\n"
                           "\n"
                           "put shopping milk \"two litres\"\n"
                           "get shopping nothing\n"
                           "--json get shopping milk\n"
                           "use " +
                               bar() +
                               "\n"
                               "whoami\n"
                               "get 'shopping\n"
                               "exit\n"
                               "get shopping milk\n");
  EXPECT_EQ(ended.out, "shopping lives on " + bar() +
                           "\nOK\n{\"value\":\"two litres\"}\n" + bar() + "\n");
  EXPECT_TRUE(has(ended.err, "no key \"nothing\"")) << ended.err;
  EXPECT_TRUE(has(ended.err, "without its other")) << ended.err;
  EXPECT_EQ(ended.exit, 2) << "that of the last command that failed";
}

// A terminal with kvctl's shell in it.
class TerminalTest : public ShellTest {
 protected:
  void SetUp() override {
    ShellTest::SetUp();
    start();
  }
  void TearDown() override { tmux({"kill-server"}); }

  void start() {
    const auto started =
        tmux({"-f", "/dev/null", "new-session", "-d", "-x", "100", "-y", "40",
              "-e", "KVCTL_HISTORY=" + folder_.path("history"), "--",
              KVROUTE_KVCTL_PROGRAM, "--node", foo()});
    ASSERT_EQ(started.exit, 0) << started.err;
    ASSERT_TRUE(shows(foo() + ">\n")) << screen();
  }
  kv_tests::Ended tmux(std::vector<std::string> words) const {
    words.insert(words.begin(), {"tmux", "-S", folder_.path("tmux")});
    return run_program(words);
  }
  void type(const std::string& text) {
    EXPECT_EQ(tmux({"send-keys", "-l", "--", text}).exit, 0);
  }
  void press(const std::string& key) {
    EXPECT_EQ(tmux({"send-keys", key}).exit, 0);
  }
  std::string screen() { return tmux({"capture-pane", "-p"}).out; }
  bool shows(const std::string& text) {
    return eventually([&] { return has(screen(), text); });
  }
};

TEST_F(TerminalTest, CommandsAreObeyedAndRemembered) {
  type("create shopping");
  press("Enter");
  EXPECT_TRUE(shows("shopping lives on " + bar())) << screen();
  type("put shopping milk 7");
  press("Enter");
  EXPECT_TRUE(shows("OK")) << screen();
  type("get shopping milk");
  press("Enter");
  EXPECT_TRUE(shows("\n7\n")) << screen();
  press("Up");
  press("Up");
  EXPECT_TRUE(shows("> put shopping milk 7\n\n")) << screen();
  press("Enter");
  // Not before it is read: between two lines a terminal swallows it.
  EXPECT_TRUE(shows("> put shopping milk 7\nOK\n" + foo() + ">\n\n"))
      << screen();
  press("C-d");
  EXPECT_TRUE(eventually([&] { return tmux({"has-session"}).exit != 0; }));

  start();  // another time
  press("Up");
  EXPECT_TRUE(shows("> put shopping milk 7")) << screen();
}

TEST_F(TerminalTest, TabCompletesCommandsBucketsAndNodes) {
  said({"create", "shopping"});
  said({"create", "a b"});
  type("expl");
  press("Tab");
  EXPECT_TRUE(shows("> explain\n")) << screen();
  type("sh");
  press("Tab");
  EXPECT_TRUE(shows("> explain shopping")) << screen();
  press("Enter");
  EXPECT_TRUE(shows("shopping lives on " + bar())) << screen();
  type("drop a");
  press("Tab");
  EXPECT_TRUE(shows("> drop a\\ b")) << screen();
  press("Enter");
  EXPECT_TRUE(shows("OK")) << screen();
  type("use bar");
  press("Tab");
  EXPECT_TRUE(shows("> use " + bar())) << screen();
  press("Enter");
  EXPECT_TRUE(shows(bar() + ">\n")) << screen();
}

TEST_F(TerminalTest, ABenchShowsItsProgressInPlaceAndStopsAtCtrlC) {
  type("bench --duration 600 --in-flight 2 --keys 10 --buckets 2");
  press("Enter");
  EXPECT_TRUE(shows("of 600 s")) << screen();
  press("C-c");
  EXPECT_TRUE(shows("P99.9")) << screen();
  EXPECT_FALSE(has(screen(), "of 600 s")) << screen();
  EXPECT_TRUE(shows(foo() + ">\n")) << screen();
  EXPECT_EQ(said({"buckets"}), "");
}

// The completion script, as bash runs it.
class CompletionTest : public ShellTest {
 protected:
  // What `line` may go on with at its end.
  std::string completed(const std::string& line) const {
    const auto ended = run_program(
        {"bash", "-c",
         "kvctl() { '" KVROUTE_KVCTL_PROGRAM "' \"$@\"; }\n"
         "source <(kvctl completion bash) || exit 9\n"
         "COMP_LINE=$1 COMP_POINT=${#1}\n"
         "_kvctl\n"
         "((${#COMPREPLY[@]} == 0)) || printf '%s\\n' \"${COMPREPLY[@]}\"",
         "bash", line});
    EXPECT_EQ(ended.exit, 0) << ended.err;
    EXPECT_EQ(ended.err, "");
    return ended.out;
  }
};

TEST_F(CompletionTest, OffersCommandsOptionsBucketsAndNodes) {
  said({"create", "hello"});
  EXPECT_EQ(completed("kvctl expl"), "explain\n");
  EXPECT_EQ(completed("kvctl table d"), "diff\n");
  EXPECT_EQ(completed("kvctl scan shopping --pre"), "--prefix\n");
  EXPECT_EQ(completed("kvctl --colour al"), "always\n");
  EXPECT_EQ(completed("kvctl --node " + foo() + " get h"), "hello\n");
  EXPECT_EQ(completed("kvctl --node " + foo() + " get hello h"), "");
  // bash takes what stands behind the last colon or at for the word.
  const std::string port = foo().substr(foo().rfind(':') + 1);
  EXPECT_EQ(completed("kvctl --node " + foo() + " ops foo@127.0.0.1:"),
            port + "\n");
  EXPECT_EQ(completed("kvctl --node " + foo() + " ops f"), foo() + "\n");
}

}  // namespace
