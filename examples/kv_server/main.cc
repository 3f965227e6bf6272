// The guide's KVServer as a host of kvroute: clients talk to it over TCP, line
// by line, and each request runs where its bucket lives.
#include <kv/kv.h>
#include <spdlog/sinks/stdout_color_sinks.h>
#include <spdlog/spdlog.h>
#include <sys/resource.h>

#include <algorithm>
#include <chrono>
#include <csignal>
#include <cstdint>
#include <cstdlib>
#include <exception>
#include <fstream>
#include <iostream>
#include <iterator>
#include <memory>
#include <string>
#include <string_view>
#include <thread>
#include <utility>
#include <vector>

#include "absl/flags/flag.h"
#include "absl/flags/parse.h"
#include "absl/flags/reflection.h"
#include "absl/time/time.h"
#include "kv_server/batch.h"
#include "kv_server/server.h"
#include "kv_server/service.h"
#ifdef KV_SERVER_METRICS
#include <kv/prometheus.h>
#include <prometheus/exposer.h>
#endif

ABSL_FLAG(std::string, name, "",
          "Name of this node, where its peers dial it: foo@127.0.0.1:4001");
ABSL_FLAG(std::string, table, "",
          "The routing table: a file, or its text, one entry a line: "
          "$'a..m foo@127.0.0.1:4001\\nn..z bar@127.0.0.1:4002'");
ABSL_FLAG(int, port, 4040, "Port for clients; 0 takes a free one");
ABSL_FLAG(std::string, address, "127.0.0.1",
          "Address to listen on for clients, who are not asked who they are");
ABSL_FLAG(bool, insecure, false,
          "Let the node listen off loopback, though without encryption");
ABSL_FLAG(std::string, tls_ca, "",
          "Certificates of the authorities that peers' certificates come from, "
          "a PEM file: peers speak mutual TLS");
ABSL_FLAG(std::string, tls_certificate, "", "This node's certificate");
ABSL_FLAG(std::string, tls_key, "", "The private key of the certificate");
ABSL_FLAG(std::vector<std::string>, allowed_peers, {},
          "Names in certificates of the peers that may call, else all: "
          "*.example.org,10.0.0.1");
ABSL_FLAG(std::string, cookie_file, "",
          "A file with the secret that all nodes share; nobody else may read "
          "it");
ABSL_FLAG(absl::Duration, timeout, absl::Seconds(5),
          "How long a request may take; then it is answered with an ERROR");
ABSL_FLAG(absl::Duration, drain_timeout, absl::Seconds(10),
          "How long the end may take after SIGTERM or SIGINT");
ABSL_FLAG(int, threads, 0,
          "Threads that serve clients; 0: as many as the machine has cores, up "
          "to 4");
ABSL_FLAG(std::size_t, max_connections, kv_server::Limits().connections,
          "Clients at one time; further ones get an ERROR. Fewer where the "
          "process may not open as many files");
ABSL_FLAG(std::size_t, max_line_bytes, kv_server::Limits().line_bytes,
          "Length of a request; a longer one gets an ERROR");
ABSL_FLAG(std::size_t, max_buckets, kv::NodeOptions().max_buckets,
          "Buckets of this node; past them none can be created");
#ifdef KV_SERVER_METRICS
ABSL_FLAG(int, metrics_port, -1,
          "Port for Prometheus to fetch /metrics from; 0 takes a free one, -1 "
          "none");
ABSL_FLAG(std::string, metrics_address, "127.0.0.1",
          "Address to listen on for Prometheus, which is not asked who it is");
#endif
ABSL_FLAG(bool, log_routes, false, "Log the way that each request went");
ABSL_FLAG(std::string, log_level, "info",
          "What is logged: debug, info, warning, error or off");

namespace {

using kv_server::Limits;
using kv_server::Server;
using kv_server::Service;

constexpr char kUsage[] =
    R"(kv_server serves CREATE, GET, PUT and DELETE to clients over TCP. A client may
connect to any node of the cluster: each request runs where its bucket lives.

  kv_server --name=foo@127.0.0.1:4001 --table=table --port=4040
  kv_server --name=bar@127.0.0.1:4002 --table=table --port=4041

  $ nc 127.0.0.1 4040
  CREATE shopping
  OK
  PUT shopping milk 1
  OK
  GET shopping milk
  1
  OK

where the file `table` says who has the buckets:

  a..m foo@127.0.0.1:4001
  n..z bar@127.0.0.1:4002

Flags, with what they are otherwise:
)";

// Files that the process has open beside its clients: peers, listeners, those
// who are told that there are too many.
constexpr std::size_t kOtherFiles = 512;
// The node's part of the end, after the clients'.
constexpr absl::Duration kNodeStop = absl::Seconds(1);

int fail(const std::string& what) {
  std::cerr << "kv_server: " << what << "\n";
  return 1;
}
int fail(const std::string& what, const absl::Status& status) {
  return fail(what + std::string(status.message()));
}

void print_help() {
  std::cout << kUsage;
  for (const char* name : {"name",
                           "table",
                           "port",
                           "address",
                           "insecure",
                           "tls_ca",
                           "tls_certificate",
                           "tls_key",
                           "allowed_peers",
                           "cookie_file",
                           "timeout",
                           "drain_timeout",
                           "threads",
                           "max_connections",
                           "max_line_bytes",
                           "max_buckets",
                           "metrics_port",
                           "metrics_address",
                           "log_routes",
                           "log_level"}) {
    const auto* const found = absl::FindCommandLineFlag(name);
    if (found == nullptr) continue;  // built without it
    const absl::CommandLineFlag& flag = *found;
    std::cout << "  --" << name << "=" << flag.DefaultValue() << "\n      "
              << flag.Help() << "\n";
  }
}

// The file's text or, where there is no such file, `text` itself.
absl::StatusOr<kv::RoutingTable> read_table(const std::string& text) {
  std::ifstream file(text);
  if (file) {
    auto table = kv::RoutingTable::parse(
        std::string(std::istreambuf_iterator<char>(file), {}));
    if (table.ok()) return table;
    return absl::InvalidArgumentError(text + ": " +
                                      std::string(table.status().message()));
  }
  if (text.find_first_of(" \t\n") == std::string::npos) {
    return absl::NotFoundError("can't read \"" + text +
                               "\", and it is no text of a table");
  }
  return kv::RoutingTable::parse(text);
}

// What is wrong with the flags, or nothing.
std::string complaint() {
  const int port = absl::GetFlag(FLAGS_port);
  const int threads = absl::GetFlag(FLAGS_threads);
  if (absl::GetFlag(FLAGS_name).empty()) return "--name is missing";
  if (absl::GetFlag(FLAGS_table).empty()) return "--table is missing";
  if (port < 0 || port > 65535) return "--port must be from 0 to 65535";
  if (threads < 0 || threads > 256) return "--threads must be from 0 to 256";
  if (absl::GetFlag(FLAGS_timeout) <= absl::ZeroDuration()) {
    return "--timeout must be more than 0";
  }
  const absl::Duration drain_timeout = absl::GetFlag(FLAGS_drain_timeout);
  if (drain_timeout <= absl::ZeroDuration() || drain_timeout > absl::Hours(1)) {
    return "--drain_timeout must be more than 0, and an hour at most";
  }
  if (absl::GetFlag(FLAGS_max_connections) == 0) {
    return "--max_connections must be more than 0";
  }
  if (absl::GetFlag(FLAGS_max_line_bytes) == 0) {
    return "--max_line_bytes must be more than 0";
  }
  const std::string level = absl::GetFlag(FLAGS_log_level);
  if (level != "off" && spdlog::level::from_str(level) == spdlog::level::off) {
    return "--log_level must be debug, info, warning, error or off";
  }
  return "";
}

// As many files as the process may open; fewer connections if that is not
// enough.
std::size_t room_for(std::size_t connections) {
  rlimit files{};
  getrlimit(RLIMIT_NOFILE, &files);
  files.rlim_cur = files.rlim_max;
  setrlimit(RLIMIT_NOFILE, &files);
  getrlimit(RLIMIT_NOFILE, &files);
  const std::size_t most =
      std::max<std::size_t>(files.rlim_cur, 2 * kOtherFiles) - kOtherFiles;
  if (connections <= most) return connections;
  spdlog::warn("the limit on open files, {}, allows for {} connections",
               files.rlim_cur, most);
  return most;
}

std::size_t thread_count() {
  const int asked = absl::GetFlag(FLAGS_threads);
  if (asked > 0) return static_cast<std::size_t>(asked);
  return std::clamp<std::size_t>(std::thread::hardware_concurrency(), 1, 4);
}

// What the node says goes to the log of this program.
void log_entry(const kv::LogEntry& entry) {
  const auto level =
      entry.severity == kv::LogSeverity::kInfo
          ? spdlog::level::info
          : (entry.severity == kv::LogSeverity::kWarning ? spdlog::level::warn
                                                         : spdlog::level::err);
  spdlog::log(level, "{}: {}", entry.node.str(), entry.message);
}

#ifdef KV_SERVER_METRICS
// Exposes a node as long as it lives.
struct Metrics {
  Metrics(const kv::Node& node, const std::string& endpoint)
      : exposer(endpoint), collector(kv::prometheus_collector(node)) {
    exposer.RegisterCollectable(collector);
  }
  prometheus::Exposer exposer;
  std::shared_ptr<prometheus::Collectable> collector;
};

// nullptr: nobody wants it.
absl::StatusOr<std::unique_ptr<Metrics>> expose(const kv::Node& node) {
  const int port = absl::GetFlag(FLAGS_metrics_port);
  if (port < 0) return nullptr;
  const std::string address = absl::GetFlag(FLAGS_metrics_address);
  try {
    auto metrics =
        std::make_unique<Metrics>(node, address + ":" + std::to_string(port));
    spdlog::info("metrics on {}:{}", address,
                 metrics->exposer.GetListeningPorts().front());
    return metrics;
  } catch (const std::exception& error) {
    return absl::UnavailableError("can't listen for Prometheus on " + address +
                                  ":" + std::to_string(port) + ": " +
                                  error.what());
  }
}
#endif

int serve(const kv::RoutingTable& table) {
  kv::NodeOptions options;
  options.log = log_entry;
  options.name = absl::GetFlag(FLAGS_name);
  options.table = table;
  options.insecure = absl::GetFlag(FLAGS_insecure);
  if (!absl::GetFlag(FLAGS_tls_ca).empty()) {
    options.tls = kv::Tls();
    options.tls->ca = absl::GetFlag(FLAGS_tls_ca);
    options.tls->certificate = absl::GetFlag(FLAGS_tls_certificate);
    options.tls->key = absl::GetFlag(FLAGS_tls_key);
  }
  options.allowed_peers = absl::GetFlag(FLAGS_allowed_peers);
  options.cookie_file = absl::GetFlag(FLAGS_cookie_file);
  options.max_buckets = absl::GetFlag(FLAGS_max_buckets);
  auto node = kv::Node::start(std::move(options));
  if (!node.ok()) return fail("", node.status());

  const absl::Status defined = kv_server::define_batch(**node);
  if (!defined.ok()) return fail("", defined);

#ifdef KV_SERVER_METRICS
  const auto metrics = expose(**node);
  if (!metrics.ok()) return fail("", metrics.status());
#endif

  auto service = std::make_shared<Service>((*node)->router());
  service->timeout = absl::ToChronoNanoseconds(absl::GetFlag(FLAGS_timeout));
  service->log_routes = absl::GetFlag(FLAGS_log_routes);
  Limits& limits = service->limits;
  limits.line_bytes = absl::GetFlag(FLAGS_max_line_bytes);
  limits.connections = room_for(absl::GetFlag(FLAGS_max_connections));
  auto server = Server::listen(
      {absl::GetFlag(FLAGS_address),
       static_cast<std::uint16_t>(absl::GetFlag(FLAGS_port)), thread_count()},
      service);
  if (!server.ok()) return fail("", server.status());

  spdlog::info("{} serves clients on {}", (*node)->name().str(),
               (*server)->endpoint());
  (*server)->run();

  const absl::Duration bound = absl::GetFlag(FLAGS_drain_timeout);
  const absl::Time end = absl::Now() + bound;
  const absl::Duration for_clients = bound - std::min(bound / 2, kNodeStop);
  (*server)->drain(std::chrono::steady_clock::now() +
                   absl::ToChronoNanoseconds(for_clients));
  const absl::Status stopped = (*node)->stop(absl::ToChronoNanoseconds(
      std::max(end - absl::Now() - kNodeStop / 2, absl::ZeroDuration())));
  if (!stopped.ok()) spdlog::warn("{}", std::string(stopped.message()));
  spdlog::info("stopped");
  return 0;
}

}  // namespace

int main(int argc, char** argv) {
  for (const std::string_view argument :
       std::vector<std::string_view>(argv + 1, argv + argc)) {
    if (argument != "--help" && argument != "-h") continue;
    print_help();
    return 0;
  }
  const std::vector<char*> rest = absl::ParseCommandLine(argc, argv);
  if (rest.size() > 1) {
    return fail("no flag: \"" + std::string(rest[1]) + "\"; see --help");
  }
  const std::string wrong = complaint();
  if (!wrong.empty()) return fail(wrong + "; see --help");
  auto table = read_table(absl::GetFlag(FLAGS_table));
  if (!table.ok()) return fail("--table: ", table.status());

  std::signal(SIGPIPE, SIG_IGN);  // of a log that nobody reads
  auto logger = spdlog::stderr_color_mt("kv_server");
  logger->set_pattern("%Y-%m-%d %H:%M:%S.%e %^%l%$ %v");
  logger->set_level(spdlog::level::from_str(absl::GetFlag(FLAGS_log_level)));
  spdlog::set_default_logger(std::move(logger));
  return serve(*table);
}
