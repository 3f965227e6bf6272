// The whole story on one page: two nodes, a table, operations that run where
// their buckets live. Both nodes are in this process, so it needs no second
// terminal.
#include <kv/kv.h>

#include <cstdlib>
#include <iostream>
#include <memory>
#include <string>
#include <utility>

namespace {

// The value, or the end of the program.
template <typename T>
T value_of(absl::StatusOr<T> result) {
  if (!result.ok()) {
    std::cerr << result.status() << "\n";
    std::exit(1);
  }
  return *std::move(result);
}

void check(const absl::Status& status) {
  if (status.ok()) return;
  std::cerr << status << "\n";
  std::exit(1);
}

std::unique_ptr<kv::Node> start(const std::string& short_name) {
  kv::NodeOptions options;
  options.name = short_name + "@127.0.0.1:0";  // port 0: any that is free
  return value_of(kv::Node::start(std::move(options)));
}

}  // namespace

int main() {
  const std::unique_ptr<kv::Node> foo = start("foo");
  const std::unique_ptr<kv::Node> bar = start("bar");

  // Buckets whose names begin with a to m live on foo, the others on bar.
  const kv::RoutingTable table = value_of(kv::RoutingTable::parse(
      "a..m " + foo->name().str() + "\n" + "n..z " + bar->name().str() + "\n"));
  check(foo->set_table(table));
  check(bar->set_table(table));

  // Whichever node is asked, an operation runs where its bucket lives.
  kv::Router& router = foo->router();
  for (const char* bucket : {"hello", "world"}) {
    const std::string node = value_of(router.route(bucket, kv::Whoami{}));
    std::cout << bucket << " lives on " << node.substr(0, 3) << "\n";
  }

  check(router.route("shopping", kv::Create{}).status());
  check(router.route("shopping", kv::Put{"milk", "1"}));
  const auto milk = value_of(router.route("shopping", kv::Get{"milk"}));
  std::cout << "shopping/milk is " << milk.value_or("missing") << "\n";
  const auto eggs = value_of(router.route("shopping", kv::Get{"eggs"}));
  std::cout << "shopping/eggs is " << eggs.value_or("missing") << "\n";

  // Send the function to the data: this one runs on bar, and what it prints
  // appears here.
  check(bar->define("Shop.restock",
                    [](kv::OpContext& context,
                       std::string_view item) -> absl::StatusOr<std::string> {
                      if (context.bucket() == nullptr) {
                        return absl::NotFoundError("no such list");
                      }
                      absl::Status status = context.bucket()->update(
                          item, [](std::optional<std::string> count) {
                            return std::to_string(
                                std::stoi(count.value_or("0")) + 10);
                          });
                      if (!status.ok()) return status;
                      context.out() << "restocked " << item << "\n";
                      return context.bucket()->get(item).value_or("");
                    }));
  kv::CallOptions options;
  options.out = &std::cout;
  const std::string count = value_of(
      router.route("shopping", kv::Apply{"Shop.restock", "milk"}, options));
  std::cout << "now there are " << count << "\n";

  // Without waiting: the task is awaited when its result is needed.
  kv::Task<std::string> task = router.async("world", kv::Whoami{});
  std::cout << "the task ran on " << value_of(task.await()).substr(0, 3)
            << "\n";

  // An error says what is wrong, and whether the operation ran.
  const absl::Status gap =
      router.route(std::string(1, '\0'), kv::Whoami{}).status();
  std::cout << absl::StatusCodeToString(gap.code()) << ", " << kv::outcome(gap)
            << "\n";
  check(bar->stop());
  const absl::Status down = router.route("shopping", kv::Get{"milk"}).status();
  std::cout << absl::StatusCodeToString(down.code()) << ", "
            << kv::outcome(down) << "\n";
  return 0;
}
