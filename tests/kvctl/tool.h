// kvctl as a process of its own, and a cluster for it to look into.
#ifndef KV_TESTS_KVCTL_TOOL_H_
#define KV_TESTS_KVCTL_TOOL_H_

#include <gtest/gtest.h>
#include <kv/kv.h>

#include <filesystem>
#include <memory>
#include <string>
#include <vector>

#include "distributed/peer_process.h"

namespace kv_tests {

// A folder that goes with the test.
class TempFolder {
 public:
  TempFolder();
  ~TempFolder();
  TempFolder(const TempFolder&) = delete;
  TempFolder& operator=(const TempFolder&) = delete;

  // Written there; its path.
  std::string file(const std::string& name, const std::string& text) const;
  std::string path(const std::string& name) const;

 private:
  std::filesystem::path folder_;
};

struct Ended {
  int exit = -1;  // -1: it did not end in time
  std::string out;
  std::string err;
};
// Waits for a program's end, and kills it if it takes too long.
Ended run_program(const std::vector<std::string>& words,
                  const std::string& in = "");

// foo and bar, hosts in processes of their own, with the guide's table.
class KvctlTest : public ::testing::Test {
 protected:
  void SetUp() override;

  // `kvctl --node foo WORDS...`
  Ended kvctl(std::vector<std::string> words, const std::string& in = "") const;
  // Expects it to end well, and gives what it printed.
  std::string said(const std::vector<std::string>& words,
                   const std::string& in = "") const;
  // Expects this exit code, and nothing on standard output; gives the error.
  std::string fails(int exit, const std::vector<std::string>& words,
                    const std::string& in = "") const;

  std::string foo() const { return foo_->name().str(); }
  std::string bar() const { return bar_->name().str(); }
  std::string guide_table() const {
    return "a..m " + foo() + "\nn..z " + bar() + "\n";
  }

  TempFolder folder_;
  std::unique_ptr<PeerProcess> foo_;
  std::unique_ptr<PeerProcess> bar_;
};

}  // namespace kv_tests

#endif  // KV_TESTS_KVCTL_TOOL_H_
