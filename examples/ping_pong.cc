// Code on another node: the first section of "Distributed tasks and tags" of
// Elixir's Mix & OTP guide, told with two nodes of kvroute.
#include <kv/kv.h>

#include <cstdlib>
#include <iostream>
#include <memory>
#include <mutex>
#include <string>
#include <utility>
#include <vector>

namespace {

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
  options.name = short_name + "@127.0.0.1:0";
  return value_of(kv::Node::start(std::move(options)));
}

// What was sent to a node and nobody has looked at yet.
class Mailbox {
 public:
  void put(std::string message) {
    const std::lock_guard<std::mutex> lock(mutex_);
    messages_.push_back(std::move(message));
  }
  std::vector<std::string> flush() {
    const std::lock_guard<std::mutex> lock(mutex_);
    return std::exchange(messages_, {});
  }

 private:
  std::mutex mutex_;
  std::vector<std::string> messages_;
};

}  // namespace

int main() {
  Mailbox mailbox;  // outlives the nodes, whose operations use it
  const std::unique_ptr<kv::Node> foo = start("foo");
  const std::unique_ptr<kv::Node> bar = start("bar");

  // foo alone knows how to say hello.
  check(foo->define("Hello.world",
                    [](kv::OpContext& context,
                       std::string_view) -> absl::StatusOr<std::string> {
                      context.out() << "hello world\n";
                      return "ok";
                    }));
  kv::Router& router = bar->router();
  const absl::Status undefined =
      router.call(bar->name(), kv::Apply{"Hello.world"}).status();
  std::cout << "on bar: " << absl::StatusCodeToString(undefined.code()) << "\n";

  // bar runs it on foo, and what foo prints appears here: it goes to whoever
  // called.
  kv::CallOptions options;
  options.out = &std::cout;
  std::cout << "on foo: " << std::flush;
  value_of(router.call(foo->name(), kv::Apply{"Hello.world"}, options));

  // Ping: foo answers by a message of its own to the node that is named in it.
  check(bar->define("Mailbox.put",
                    [&mailbox](kv::OpContext&, std::string_view message)
                        -> absl::StatusOr<std::string> {
                      mailbox.put(std::string(message));
                      return "";
                    }));
  check(foo->define(
      "ping",
      [](kv::OpContext& context,
         std::string_view client) -> absl::StatusOr<std::string> {
        return context.router().call(client, kv::Apply{"Mailbox.put", "pong"});
      }));
  value_of(router.call(foo->name(), kv::Apply{"ping", bar->name().str()}));
  for (const std::string& message : mailbox.flush()) {
    std::cout << "bar has received: " << message << "\n";
  }

  // A task on another node, awaited when its result is needed.
  kv::Task<std::string> task = router.async_call(foo->name(), kv::Whoami{});
  std::cout << "the task ran on " << value_of(task.await()).substr(0, 3)
            << "\n";
  return 0;
}
