// Nodes leave nothing behind.
#include <dirent.h>
#include <kv/kv.h>

#include <cstddef>
#include <functional>
#include <string>
#include <vector>

#include "cluster/two_nodes.h"

namespace {

using kv_tests::eventually;
using kv_tests::start_node;
using kv_tests::table_of;

std::size_t entries_of(const char* directory) {
  std::size_t entries = 0;
  DIR* const open = opendir(directory);
  EXPECT_NE(open, nullptr) << directory;
  if (open == nullptr) return 0;
  while (readdir(open) != nullptr) ++entries;
  closedir(open);
  return entries;
}

std::size_t threads() { return entries_of("/proc/self/task"); }
std::size_t descriptors() { return entries_of("/proc/self/fd"); }

// Two nodes that do a bit of everything, and stop.
void live_and_die() {
  const auto foo = start_node("foo");
  const auto bar = start_node("bar");
  const auto table = table_of({{"a..m", foo->name()}, {"n..z", bar->name()}});
  for (kv::Node* node : {foo.get(), bar.get()}) {
    ASSERT_TRUE(node->set_table(table).ok());
    ASSERT_TRUE(node->define("Echo",
                             [](kv::OpContext&, std::string_view args) {
                               return absl::StatusOr<std::string>(
                                   std::string(args));
                             })
                    .ok());
  }
  ASSERT_TRUE(foo->router().route("world", kv::Create{}).ok());
  ASSERT_TRUE(foo->router().route("world", kv::Put{"milk", "1"}).ok());
  ASSERT_TRUE(bar->router().route("hello", kv::Apply{"Echo", "1"}).ok());
  ASSERT_TRUE(foo->router().async("world", kv::Get{"milk"}).await().ok());
  kv_tests::Event called;
  bar->router().async("hello", kv::Whoami{}, [&](const auto& answer) {
    EXPECT_TRUE(answer.ok()) << answer.status();
    called.set();
  });
  ASSERT_TRUE(called.wait());
}

TEST(GrowthTest, StartingAndStoppingLeavesNoThreadAndNoDescriptor) {
  for (int i = 0; i < 20; ++i) live_and_die();  // gRPC keeps some of its own
  const std::size_t threads_before = threads();
  const std::size_t descriptors_before = descriptors();
  for (int i = 0; i < 200; ++i) live_and_die();
  // Its threads come and go as there is work, a few at a time.
  EXPECT_TRUE(eventually([&] { return threads() <= threads_before + 4; }))
      << threads_before << " before, now " << threads();
  EXPECT_TRUE(eventually([&] {
    return descriptors() <= descriptors_before + 4;
  })) << descriptors_before
      << " before, now " << descriptors();
}

// Of 200 rounds, each of which ends with a disconnect.
void expect_no_more_descriptors(
    const std::function<void(kv::Node& foo, const kv::NodeName& bar)>& round) {
  const auto foo = start_node("foo");
  const auto bar = start_node("bar");
  const auto rounds = [&](int count) {
    for (int i = 0; i < count; ++i) {
      round(*foo, bar->name());
      ASSERT_TRUE(foo->disconnect(bar->name()).ok());
    }
  };
  rounds(20);
  const std::size_t before = descriptors();
  rounds(200);
  EXPECT_TRUE(eventually([&] { return descriptors() <= before + 4; }))
      << before << " before, now " << descriptors();
}

TEST(GrowthTest, ConnectingAndDisconnectingLeavesNoDescriptor) {
  expect_no_more_descriptors([](kv::Node& foo, const kv::NodeName& bar) {
    EXPECT_TRUE(foo.connect(bar).ok());
  });
}

// A call that waited for its connection kept it open for good.
TEST(GrowthTest, CallingAndDisconnectingLeavesNoDescriptor) {
  expect_no_more_descriptors([](kv::Node& foo, const kv::NodeName& bar) {
    EXPECT_TRUE(foo.router().call(bar, kv::Whoami{}).ok());
  });
}

TEST(GrowthTest, AFailedStartLeavesNoDescriptor) {
  const auto foo = start_node("foo");
  const auto fail = [&] {
    kv::NodeOptions options;
    options.name = foo->name().str();
    EXPECT_FALSE(kv::Node::start(options).ok());
  };
  for (int i = 0; i < 10; ++i) fail();
  const std::size_t before = descriptors();
  for (int i = 0; i < 50; ++i) fail();
  EXPECT_TRUE(eventually([&] { return descriptors() <= before + 2; }))
      << before << " before, now " << descriptors();
}

}  // namespace
