// The load generator as a command.
#include <kv/kv.h>
#include <unistd.h>

#include <algorithm>
#include <chrono>
#include <csignal>
#include <cstdio>
#include <memory>
#include <string>
#include <thread>
#include <vector>

#include "kvctl/bench.h"
#include "kvctl/commands.h"

namespace kvctl {
namespace {

using std::chrono::steady_clock;

struct Args {
  double seconds = 5;
  std::size_t buckets = 16;
  std::size_t keys = 1000;
  std::size_t value_bytes = 100;
  std::size_t in_flight = 64;
  unsigned reads = 50;
  bool direct = false;
};

// Ctrl-C ends the run early, not the program: what was measured is shown, and
// the buckets are removed.
volatile std::sig_atomic_t interrupted = 0;

class InterruptGuard {
 public:
  InterruptGuard() {
    interrupted = 0;
    struct sigaction action = {};
    action.sa_handler = [](int) { interrupted = 1; };
    sigaction(SIGINT, &action, &before_);
  }
  ~InterruptGuard() { sigaction(SIGINT, &before_, nullptr); }
  InterruptGuard(const InterruptGuard&) = delete;
  InterruptGuard& operator=(const InterruptGuard&) = delete;

 private:
  struct sigaction before_ = {};
};

// The buckets of the run, which go with it.
class Buckets {
 public:
  Buckets(Session& session, std::vector<std::string> names)
      : session_(session), names_(std::move(names)) {}
  ~Buckets() {
    for (const std::string& name : names_) {
      session_.route(name, kv::Drop{}).IgnoreError();
    }
  }
  Buckets(const Buckets&) = delete;
  Buckets& operator=(const Buckets&) = delete;

  absl::Status fill(const Args& args) {
    constexpr std::size_t kPageBytes = 1 << 20;
    const std::size_t page =
        std::max<std::size_t>(1, kPageBytes / (args.value_bytes + 1));
    for (const std::string& name : names_) {
      auto ref = session_.route(name, kv::Create{});
      if (!ref.ok()) return std::move(ref).status();
      for (std::size_t i = 0; i < args.keys; i += page) {
        kv::PutMany put;
        for (std::size_t j = i; j < std::min(i + page, args.keys); ++j) {
          put.pairs.emplace_back(bench_key(j),
                                 std::string(args.value_bytes, 'v'));
        }
        absl::Status status = session_.route(name, put);
        if (!status.ok()) return status;
      }
    }
    return absl::OkStatus();
  }

 private:
  Session& session_;
  const std::vector<std::string> names_;
};

// The client's table for the time of a run.
class TableGuard {
 public:
  TableGuard(kv::Node& node, const kv::RoutingTable& table)
      : node_(node), before_(node.table()) {
    node_.set_table(table.with_version(before_.version())).IgnoreError();
  }
  ~TableGuard() { node_.set_table(before_).IgnoreError(); }
  TableGuard(const TableGuard&) = delete;
  TableGuard& operator=(const TableGuard&) = delete;

 private:
  kv::Node& node_;
  const kv::RoutingTable before_;
};

double seconds_of(std::chrono::nanoseconds time) {
  return static_cast<double>(time.count()) / 1e9;
}

void show_progress(Context& context, double elapsed, const Args& args,
                   const Load::Counts& counts, double period) {
  char line[160];
  std::snprintf(line, sizeof line,
                "%4.0f of %.0f s  %9.0f calls/s  median %-9s  p99 %-9s  %llu "
                "failed",
                elapsed, args.seconds,
                static_cast<double>(counts.times.count()) / period,
                shown(counts.times.quantile(0.5)).c_str(),
                shown(counts.times.quantile(0.99)).c_str(),
                static_cast<unsigned long long>(counts.failures));
  if (context.err_is_terminal) {
    context.out.err() << "\r\x1b[K" << line << std::flush;
  } else {
    context.out.err() << line << "\n";
  }
}

struct Total {
  Histogram times;
  std::uint64_t failures = 0;
  absl::Status first_failure;
  double seconds = 0;

  void add(const Load::Counts& counts) {
    times.add(counts.times);
    if (failures == 0) first_failure = counts.first_failure;
    failures += counts.failures;
  }
};

Total measure(Context& context, const Args& args, Load& load) {
  const InterruptGuard guard;
  Total total;
  const auto begin = steady_clock::now();
  const auto end = begin + std::chrono::duration_cast<std::chrono::nanoseconds>(
                               std::chrono::duration<double>(args.seconds));
  auto last_shown = begin;
  load.start();
  while (interrupted == 0 && steady_clock::now() < end) {
    const auto left = end - steady_clock::now();
    std::this_thread::sleep_for(std::min<std::chrono::nanoseconds>(
        left, std::chrono::milliseconds(100)));
    const auto now = steady_clock::now();
    if (now - last_shown < std::chrono::seconds(1) && now < end) continue;
    const Load::Counts counts = load.take();
    show_progress(context, seconds_of(now - begin), args, counts,
                  seconds_of(now - last_shown));
    last_shown = now;
    total.add(counts);
  }
  load.stop();
  total.seconds = seconds_of(steady_clock::now() - begin);
  total.add(load.take());
  if (context.err_is_terminal) context.out.err() << "\r\x1b[K";
  return total;
}

void show(Context& context, const Args& args, const Total& total) {
  const double rate = static_cast<double>(total.times.count()) / total.seconds;
  Json quantiles = Json::object();
  Columns columns({"LEAST", "MEDIAN", "P90", "P99", "P99.9", "MOST", "MEAN"});
  std::vector<std::string> row = {shown(total.times.least())};
  for (const auto& [name, part] :
       {std::pair("p50", 0.5), {"p90", 0.9}, {"p99", 0.99}, {"p999", 0.999}}) {
    const auto time = total.times.quantile(part);
    quantiles[name] = time.count();
    row.push_back(shown(time));
  }
  row.push_back(shown(total.times.most()));
  row.push_back(shown(total.times.mean()));
  columns.add(row);
  const Json json = {{"calls", total.times.count()},
                     {"failed", total.failures},
                     {"seconds", total.seconds},
                     {"calls_per_second", rate},
                     {"in_flight", args.in_flight},
                     {"least_nanoseconds", total.times.least().count()},
                     {"most_nanoseconds", total.times.most().count()},
                     {"mean_nanoseconds", total.times.mean().count()},
                     {"quantile_nanoseconds", quantiles}};
  if (context.out.json()) return context.out.line(json, "");
  char text[160];
  std::snprintf(
      text, sizeof text,
      "%llu calls in %.2f s, %zu at once: %.0f calls/s, %llu failed\n\n",
      static_cast<unsigned long long>(total.times.count()), total.seconds,
      args.in_flight, rate, static_cast<unsigned long long>(total.failures));
  context.out.text(text);
  context.out.columns(json, columns);
  context.out.text("\n" + total.times.bars());
}

Ending bench(Context& context, const Args& args) {
  Session& session = context.session;
  KVCTL_TRY(table, session.call(session.asked(), kv::GetTable{}));
  LoadOptions options;
  options.buckets =
      bench_buckets(session.asked(), table, args.buckets,
                    "-kvctl-bench-" + std::to_string(getpid()) + "-");
  if (options.buckets.empty()) {
    return not_found("the table of " + session.asked().str() +
                         " has no entry that a bucket could be made by",
                     "`kvctl table` shows it");
  }
  options.keys = args.keys;
  options.value_bytes = args.value_bytes;
  options.in_flight = args.in_flight;
  options.reads_percent = args.reads;
  options.call = session.options();

  const TableGuard guard(session.client(),
                         args.direct ? table : session.client().table());
  Buckets buckets(session, options.buckets);
  const absl::Status filled = buckets.fill(args);
  if (!filled.ok()) return ending_of(filled);
  Load load(session.router(), options);
  const Total total = measure(context, args, load);
  show(context, args, total);
  if (total.failures > 0) return ending_of(total.first_failure);
  return {};
}

}  // namespace

void add_bench_command(Commands& commands) {
  auto args = std::make_shared<Args>();
  CLI::App& command = commands.add(
      "bench",
      "Measures: keeps calls under way to buckets of its own, which it makes "
      "on the nodes of the table and removes in the end",
      "bench --duration 10 --in-flight 64 --reads 90",
      [args](Context& context) { return bench(context, *args); });
  command.add_option("--duration", args->seconds, "Seconds")
      ->capture_default_str()
      ->check(CLI::Range(0.1, 86400.0));
  command.add_option("--in-flight", args->in_flight, "Calls at once")
      ->capture_default_str()
      ->check(CLI::Range(1, 65536));
  command.add_option("--reads", args->reads, "Percent of gets; else puts")
      ->capture_default_str()
      ->check(CLI::Range(0, 100));
  command.add_option("--value-size", args->value_bytes, "Bytes")
      ->capture_default_str()
      ->check(CLI::Range(0, 16 * 1024 * 1024));
  command.add_option("--buckets", args->buckets, "How many")
      ->capture_default_str()
      ->check(CLI::Range(1, 100000));
  command.add_option("--keys", args->keys, "How many in each bucket")
      ->capture_default_str()
      ->check(CLI::Range(1, 10000000));
  command.add_flag("--direct", args->direct,
                   "Go by the node's table, so that calls need no hop");
}

}  // namespace kvctl
