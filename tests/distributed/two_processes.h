// A fixture: foo in this process, bar in another, with the guide's table.
#ifndef KV_TESTS_DISTRIBUTED_TWO_PROCESSES_H_
#define KV_TESTS_DISTRIBUTED_TWO_PROCESSES_H_

#include <gtest/gtest.h>
#include <kv/kv.h>

#include <memory>
#include <string>

#include "cluster/two_nodes.h"
#include "distributed/peer_process.h"

namespace kv_tests {

class TwoProcesses : public ::testing::Test {
 protected:
  void SetUp() override {
    foo_ = start_node("foo");
    bar_ = PeerProcess::start("bar");
    ASSERT_NE(foo_, nullptr);
    ASSERT_NE(bar_, nullptr);
    table_ = table_of({{"a..m", foo_->name()}, {"n..z", bar_->name()}});
    ASSERT_TRUE(foo_->set_table(table_).ok());
    bar_->set_table(table_);
  }
  // Another process of the same name and port, as an operator would start it.
  void restart_bar() {
    bar_ = PeerProcess::start(bar_->name().str());
    ASSERT_NE(bar_, nullptr);
    bar_->set_table(table_);
  }
  kv::Router& router() { return foo_->router(); }

  std::unique_ptr<kv::Node> foo_;
  std::unique_ptr<PeerProcess> bar_;
  kv::RoutingTable table_;
};

}  // namespace kv_tests

#endif  // KV_TESTS_DISTRIBUTED_TWO_PROCESSES_H_
