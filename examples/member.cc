// A member of a cluster as a program of its own:
//
//   member NAME TABLE_FILE [DIRECTORY ALLOWED_PEER...]
//
// starts a node, with a DIRECTORY one that uses mutual TLS and a cookie:
// SECURITY.md makes such a directory. It runs what it reads, one operation a
// line, until its input ends:
//
//   create BUCKET | put BUCKET KEY VALUE | get BUCKET KEY | delete BUCKET KEY |
//   whoami BUCKET
//
// It says for each line what came of it and the way it went.
#include <kv/kv.h>

#include <algorithm>
#include <fstream>
#include <iostream>
#include <iterator>
#include <optional>
#include <sstream>
#include <string>
#include <string_view>
#include <utility>

namespace {

std::string text_of(const absl::Status& status) {
  return status.ok() ? "OK" : status.ToString();
}
std::string text_of(const absl::StatusOr<kv::BucketRef>& result) {
  return text_of(result.status());
}
std::string text_of(const absl::StatusOr<std::string>& result) {
  return result.ok() ? *result : text_of(result.status());
}
std::string text_of(const absl::StatusOr<std::optional<std::string>>& result) {
  if (!result.ok()) return text_of(result.status());
  return result->value_or("(no such key)");
}

std::string way_of(const kv::Trace& trace) {
  std::string way;
  for (const kv::Hop& hop : trace.hops) {
    way += way.empty() ? "ran on " : " -> ";
    way += hop.node.short_name();
  }
  return way;
}

void run(kv::Router& router, const std::string& line) {
  std::istringstream words(line);
  std::string command, bucket, key, value;
  words >> command >> bucket >> key >> value;

  kv::Trace trace;
  kv::CallOptions options;
  options.trace = &trace;
  std::string answer;
  if (command == "create") {
    answer = text_of(router.route(bucket, kv::Create{}, options));
  } else if (command == "put") {
    answer = text_of(router.route(bucket, kv::Put{key, value}, options));
  } else if (command == "get") {
    answer = text_of(router.route(bucket, kv::Get{key}, options));
  } else if (command == "delete") {
    answer = text_of(router.route(bucket, kv::Delete{key}, options));
  } else if (command == "whoami") {
    answer = text_of(router.route(bucket, kv::Whoami{}, options));
  } else {
    answer = "unknown command";
  }
  std::cout << "  " << line << "  =>  " << answer;
  if (!trace.hops.empty()) std::cout << "   [" << way_of(trace) << "]";
  std::cout << std::endl;
}

int fail(const absl::Status& status) {
  std::cerr << "member: " << status << "\n";
  return 1;
}

// What is in `directory` for the node with that short name.
void protect(kv::NodeOptions& options, const std::string& directory) {
  const auto name = kv::NodeName::parse(options.name);
  const std::string own =
      directory + "/" + std::string(name.ok() ? name->short_name() : "");
  kv::Tls tls;
  tls.ca = directory + "/ca.pem";
  tls.certificate = own + ".pem";
  tls.key = own + ".key";
  options.tls = tls;
  options.cookie_file = directory + "/cookie";
}

}  // namespace

int main(int argc, char** argv) {
  if (argc < 3) {
    std::cerr << "usage: member NAME TABLE_FILE [DIRECTORY ALLOWED_PEER...]\n";
    return 2;
  }
  std::ifstream file(argv[2]);
  if (!file) {
    std::cerr << "member: can't read " << argv[2] << "\n";
    return 1;
  }
  auto table = kv::RoutingTable::parse(
      std::string(std::istreambuf_iterator<char>(file), {}));
  if (!table.ok()) return fail(table.status());

  kv::NodeOptions options;
  options.name = argv[1];
  options.table = *std::move(table);
  if (argc > 3) protect(options, argv[3]);
  options.allowed_peers.assign(argv + std::min(argc, 4), argv + argc);
  auto node = kv::Node::start(std::move(options));
  if (!node.ok()) return fail(node.status());
  std::cout << (*node)->name() << " is up" << std::endl;

  for (std::string line; std::getline(std::cin, line);) {
    if (!line.empty()) run((*node)->router(), line);
  }
  const absl::Status stopped = (*node)->stop();
  return stopped.ok() ? 0 : fail(stopped);
}
