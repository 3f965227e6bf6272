#include "node/table_cell.h"

#include <gtest/gtest.h>

#include <atomic>
#include <memory>
#include <string>
#include <thread>
#include <vector>

namespace kv::internal {
namespace {

class TableCellTest : public testing::Test {
 protected:
  static RoutingTable table(const std::string& text, std::uint64_t version) {
    return RoutingTable::parse(text)->with_version(version);
  }

  const NodeName self_ = *NodeName::parse("foo@127.0.0.1:4001");
  const RoutingTable here_ = table("a..z foo@127.0.0.1:4001\n", 1);
  const RoutingTable there_ = table("a..z bar@127.0.0.1:4002\n", 2);
};

TEST_F(TableCellTest, KnowsThisNodeByThePointerThatFindReturns) {
  TableCell cell(self_, here_);
  EXPECT_EQ(cell.view().table.find("hello"), cell.view().self);
  ASSERT_NE(cell.view().self, nullptr);
  ASSERT_TRUE(cell.set(there_).ok());
  EXPECT_EQ(cell.view().self, nullptr);
  EXPECT_NE(cell.view().table.find("hello"), nullptr);
}

TEST_F(TableCellTest, RefusesAnOlderTableAndTakesOneOfTheSameVersion) {
  TableCell cell(self_, there_);
  EXPECT_EQ(cell.set(here_).code(), absl::StatusCode::kFailedPrecondition);
  EXPECT_EQ(cell.table(), there_);
  const RoutingTable same = here_.with_version(2);
  EXPECT_TRUE(cell.set(same).ok());
  EXPECT_EQ(cell.table(), same);
}

// More than a thread remembers, so that they take each other's places.
TEST_F(TableCellTest, CellsAreNotMistakenForEachOther) {
  std::vector<std::unique_ptr<TableCell>> cells;
  for (std::uint64_t i = 0; i < 50; ++i) {
    cells.push_back(std::make_unique<TableCell>(self_, here_.with_version(i)));
  }
  for (int round = 0; round < 3; ++round) {
    for (std::uint64_t i = 0; i < 50; ++i) {
      ASSERT_EQ(cells[i]->view().table.version(), i);
    }
  }
}

TEST_F(TableCellTest, ACellAtTheAddressOfAnEarlierOneIsAnother) {
  for (std::uint64_t i = 0; i < 20; ++i) {
    const auto cell = std::make_unique<TableCell>(self_, here_.with_version(i));
    ASSERT_EQ(cell->view().table.version(), i);
  }
}

TEST_F(TableCellTest, OtherThreadsSeeANewTableAtTheirNextLook) {
  TableCell cell(self_, here_);
  std::atomic<int> seen{0};
  std::atomic<bool> changed{false};
  std::thread reader([&] {
    seen = static_cast<int>(cell.view().table.version());
    while (!changed) std::this_thread::yield();
    seen = static_cast<int>(cell.view().table.version());
  });
  while (seen != 1) std::this_thread::yield();
  ASSERT_TRUE(cell.set(there_).ok());
  changed = true;
  reader.join();
  EXPECT_EQ(seen, 2);
}

TEST_F(TableCellTest, ReadersSeeVersionsThatOnlyGrowAndWholeTables) {
  TableCell cell(self_, here_);
  std::atomic<bool> done{false};
  std::vector<std::thread> readers;
  for (int t = 0; t < 3; ++t) {
    readers.emplace_back([&] {
      std::uint64_t last = 0;
      while (!done) {
        const TableCell::View& view = cell.view();
        ASSERT_GE(view.table.version(), last);
        last = view.table.version();
        // Odd versions are here, even ones there.
        ASSERT_EQ(view.self != nullptr, last % 2 == 1);
        ASSERT_EQ(view.table.find("hello")->short_name(),
                  last % 2 == 1 ? "foo" : "bar");
      }
    });
  }
  for (std::uint64_t version = 2; version < 3000; ++version) {
    const RoutingTable& next = version % 2 == 1 ? here_ : there_;
    ASSERT_TRUE(cell.set(next.with_version(version)).ok());
  }
  done = true;
  for (std::thread& reader : readers) reader.join();
}

}  // namespace
}  // namespace kv::internal
