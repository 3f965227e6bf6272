// Random pairs of tables, an old and a new one, spread over the nodes as in the
// middle of a change: every call ends, within its hops, in the answer that the
// tables define.
#include <gtest/gtest.h>

#include <algorithm>
#include <array>
#include <chrono>
#include <cstdint>
#include <iostream>
#include <map>
#include <memory>
#include <optional>
#include <random>
#include <string>
#include <utility>
#include <variant>
#include <vector>

#include "fault/fake_cluster.h"
#include "fault/seed.h"
#include "fault/told.h"
#include "unit/table_reference.h"

namespace kv::internal {
namespace {

constexpr std::chrono::nanoseconds kNoLimit = std::chrono::nanoseconds::max();

// "gone" is in the tables, but nobody is there.
const std::vector<std::string> kNodes = {"foo", "bar", "baz"};

// A table, and the same for the slow reader.
struct TwoTables {
  RoutingTable table;
  ReferenceTable reference;
  std::vector<NodeName> owners;  // by entry
};

class Dice {
 public:
  explicit Dice(std::uint32_t seed) : random_(seed) {}
  std::uint32_t below(std::uint32_t limit) {
    return static_cast<std::uint32_t>(random_() % limit);
  }
  std::string text(std::uint32_t least, std::uint32_t most) {
    std::string text(least + below(most - least + 1), '\0');
    for (char& byte : text) byte = static_cast<char>('a' + below(6));
    return text;
  }

 private:
  std::mt19937 random_;
};

// What the tables say of one call.
struct Verdict {
  std::string told;           // as told()
  NodeName node;              // of success
  std::vector<NodeName> way;  // the nodes that are part of it
  bool circle = false;        // where it was made it is looked at again
};

// In parts, which can run at the same time.
class TablePairsTest : public testing::TestWithParam<int> {
 protected:
  TablePairsTest() {
    for (const std::string& node : kNodes)
      names_.push_back(cluster_.name(node));
    owners_ = names_;
    owners_.push_back(cluster_.name("gone"));
  }

  const NodeName& any_owner() { return owners_[dice_.below(4)]; }

  // Entries that are inverted or out of reach are left out.
  template <typename Entry, typename Make>
  static RoutingTable good_table(std::vector<Entry>& entries,
                                 const Make& make) {
    auto table = make(entries);
    if (table.ok()) return *std::move(table);
    RoutingTable good;
    std::vector<Entry> all = std::move(entries);
    entries.clear();
    for (Entry& entry : all) {
      entries.push_back(std::move(entry));
      table = make(entries);
      if (table.ok()) {
        good = *std::move(table);
      } else {
        entries.pop_back();
      }
    }
    return good;
  }
  template <typename Entry>
  static std::vector<NodeName> owners_of(const std::vector<Entry>& entries) {
    std::vector<NodeName> owners;
    for (const Entry& entry : entries) owners.push_back(entry.node);
    return owners;
  }
  std::shared_ptr<const TwoTables> any_table() {
    const std::uint32_t size = dice_.below(6);
    if (dice_.below(4) == 0) return any_slot_table(size);
    std::vector<RoutingTable::Range> ranges(size);
    for (RoutingTable::Range& range : ranges) {
      range = {dice_.text(0, 2), dice_.text(0, 2), any_owner()};
      if (!range.last.empty() && range.last < range.first) {
        std::swap(range.first, range.last);
      }
    }
    RoutingTable table = good_table(ranges, RoutingTable::from_ranges);
    std::vector<NodeName> owners = owners_of(ranges);
    return std::make_shared<const TwoTables>(
        TwoTables{table, ReferenceTable(std::move(ranges)), std::move(owners)});
  }
  std::shared_ptr<const TwoTables> any_slot_table(std::uint32_t size) {
    constexpr std::uint32_t kSlots = 16;
    std::vector<RoutingTable::SlotRange> ranges(size);
    for (RoutingTable::SlotRange& range : ranges) {
      range = {dice_.below(kSlots), dice_.below(kSlots), any_owner()};
      if (range.last < range.first) std::swap(range.first, range.last);
    }
    RoutingTable table = good_table(ranges, [](auto entries) {
      return RoutingTable::from_slots(kSlots, std::move(entries));
    });
    std::vector<NodeName> owners = owners_of(ranges);
    return std::make_shared<const TwoTables>(TwoTables{
        table, ReferenceTable(kSlots, std::move(ranges)), std::move(owners)});
  }

  void spread(const TwoTables& old_table, const TwoTables& new_table) {
    for (std::size_t i = 0; i < kNodes.size(); ++i) {
      const TwoTables& pair = dice_.below(2) == 0 ? old_table : new_table;
      has_[i] = &pair;
      ASSERT_EQ(told(cluster_.core(kNodes[i]).table().set(pair.table)), "OK");
    }
  }

  // Follows the call from table to table. `path`: who has passed it on so far.
  Verdict follow(NodeName at, const std::string& bucket, std::uint32_t max_hops,
                 std::vector<NodeName> path) const {
    Verdict verdict;
    for (;;) {
      verdict.way.push_back(at);
      const auto place = std::find(names_.begin(), names_.end(), at);
      if (place == names_.end()) {
        verdict.way.pop_back();  // nobody was there
        verdict.told = "UNAVAILABLE not_run";
        return verdict;
      }
      const TwoTables& pair = *has_[place - names_.begin()];
      const std::size_t entry = pair.reference.find_index(bucket);
      if (entry == RoutingTable::kNone) {
        verdict.told = "OUT_OF_RANGE not_run";
        return verdict;
      }
      const NodeName& next = pair.owners[entry];
      if (next == at) {
        verdict.told = "OK";
        verdict.node = at;
        return verdict;
      }
      verdict.circle = std::count(path.begin(), path.end(), next) > 0;
      if (verdict.circle || path.size() >= max_hops) {
        verdict.told = "ABORTED not_run";
        return verdict;
      }
      path.push_back(at);
      at = next;
    }
  }

  void expect_as(const Verdict& verdict, const Answer& answer,
                 const std::vector<Hop>& hops) {
    ++counts_[verdict.told + (verdict.circle ? " circle" : "")];
    ASSERT_EQ(told(answer.status), verdict.told) << answer.status << where();
    if (answer.status.ok()) {
      ASSERT_EQ(std::get<std::string>(answer.value), verdict.node.str())
          << where();
    }
    std::vector<NodeName> way;
    for (const Hop& hop : hops) way.push_back(hop.node);
    ASSERT_EQ(way, verdict.way) << where();
  }

  std::string where() const {
    return "\n" + shown(seed_) + ", pair " + std::to_string(pair_);
  }

  // As the host sees it.
  void expect_routed(const std::string& node, const std::string& bucket,
                     std::uint32_t max_hops) {
    Trace trace;
    CallOptions options;
    options.timeout = kNoLimit;
    options.max_hops = max_hops;
    options.trace = &trace;
    auto task = cluster_.router(node).async(bucket, Whoami{}, options);
    const auto name = task.await(std::chrono::seconds(20));
    Answer answer;
    answer.status = name.status();
    if (name.ok()) answer.value = *name;
    expect_as(follow(cluster_.name(node), bucket, max_hops, {}), answer,
              trace.hops);
  }
  // As a peer that has passed it on sees it: nobody looks again.
  void expect_received(const std::string& node, const std::string& bucket,
                       std::uint32_t max_hops) {
    const std::vector<NodeName> path = {cluster_.name("client")};
    Request request;
    request.bucket = bucket;
    request.op = Whoami{};
    request.max_hops = max_hops;
    request.path = path;
    request.want_trace = true;
    std::optional<Response> response;
    cluster_.core(node).receive(
        std::move(request), [&](Response&& it) { response = std::move(it); });
    ASSERT_TRUE(response.has_value()) << "it has not ended" << where();
    const Verdict verdict = follow(cluster_.name(node), bucket, max_hops, path);
    EXPECT_EQ(response->look_again, verdict.circle) << where();
    expect_as(verdict, response->answer, response->hops);
  }

  const std::uint32_t seed_ = test_seed();
  int pair_ = 0;
  Dice dice_{seed_};
  FakeCluster cluster_{kNodes, NodeOptions(), Delivery::kInline};
  std::vector<NodeName> names_;
  std::vector<NodeName> owners_;
  std::array<const TwoTables*, 3> has_ = {};
  std::map<std::string, int> counts_;
};

INSTANTIATE_TEST_SUITE_P(Part, TablePairsTest, testing::Range(1, 5),
                         testing::PrintToStringParamName());

TEST_P(TablePairsTest, EveryCallEndsWithinItsHopsInTheAnswerThatTheyDefine) {
  const int pairs = test_length(kSanitized ? 50000 : 250000);
  int circles_left = 12;  // that take their time
  auto old_table = any_table();
  for (pair_ = 0; pair_ < pairs; ++pair_) {
    const auto new_table = any_table();
    ASSERT_NO_FATAL_FAILURE(spread(*old_table, *new_table));
    for (int k = 0; k < 3; ++k) {
      const std::string& node = kNodes[dice_.below(3)];
      const std::string bucket = dice_.text(1, 3);
      const std::uint32_t max_hops = dice_.below(5);
      const bool circle =
          follow(cluster_.name(node), bucket, max_hops, {}).circle;
      if (circle && --circles_left < 0) {
        ASSERT_NO_FATAL_FAILURE(expect_received(node, bucket, max_hops));
      } else {
        ASSERT_NO_FATAL_FAILURE(expect_routed(node, bucket, max_hops));
      }
    }
    old_table = new_table;
  }
  std::cout << pairs << " pairs of tables:";
  for (const auto& [what, count] : counts_) {
    std::cout << " " << what << " " << count << ";";
  }
  std::cout << std::endl;
  EXPECT_TRUE(counts_.size() == 5 || pairs < 100) << "the tables are too tame";
}

}  // namespace
}  // namespace kv::internal
