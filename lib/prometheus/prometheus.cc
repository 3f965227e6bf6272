#include "kv/prometheus.h"

#include <prometheus/metric_family.h>

#include <algorithm>
#include <cctype>
#include <chrono>
#include <functional>
#include <iterator>
#include <limits>
#include <map>
#include <optional>
#include <string>
#include <tuple>
#include <utility>
#include <vector>

#include "absl/status/status.h"
#include "kv/outcome.h"
#include "kv/stats.h"

namespace kv {
namespace {

using prometheus::ClientMetric;
using prometheus::MetricFamily;
using prometheus::MetricType;
using Labels = std::vector<ClientMetric::Label>;

// Of the buckets of a histogram: from 256 ns to 69 s, each four times the one
// before, which are ends of cells of kv::Histogram.
constexpr unsigned kFirstPower = 8;
constexpr unsigned kLastPower = 36;

double seconds(std::chrono::nanoseconds time) {
  return std::chrono::duration<double>(time).count();
}

// "NOT_FOUND" as a label has it.
std::string lower(std::string text) {
  std::transform(text.begin(), text.end(), text.begin(),
                 [](unsigned char it) { return std::tolower(it); });
  return text;
}

// Names may be any bytes, labels must be UTF-8.
std::string printable(const std::string& bytes) {
  constexpr char kDigits[] = "0123456789abcdef";
  std::string text;
  for (const char it : bytes) {
    const auto byte = static_cast<unsigned char>(it);
    if (byte >= ' ' && byte <= '~') {
      text += it;
    } else {
      text += {'\\', 'x', kDigits[byte >> 4], kDigits[byte & 0xf]};
    }
  }
  return text;
}

// The families of one scrape, all of one node.
class Families {
 public:
  explicit Families(const NodeName& node) : node_(node.str()) {}

  void gauge(const char* name, const char* help, double value,
             const Labels& labels = {}) {
    add(name, help, MetricType::Gauge, labels).gauge.value = value;
  }
  void counter(const char* name, const char* help, double value,
               const Labels& labels = {}) {
    add(name, help, MetricType::Counter, labels).counter.value = value;
  }
  void histogram(const char* name, const char* help, const Histogram& times,
                 const Labels& labels) {
    ClientMetric::Histogram& to =
        add(name, help, MetricType::Histogram, labels).histogram;
    to.sample_count = times.count();
    to.sample_sum = seconds(times.sum());
    for (unsigned power = kFirstPower; power <= kLastPower; power += 2) {
      const std::chrono::nanoseconds bound(std::int64_t{1} << power);
      to.bucket.push_back({times.below(bound), seconds(bound)});
    }
    to.bucket.push_back(
        {times.count(), std::numeric_limits<double>::infinity()});
  }

  std::vector<MetricFamily> take() && {
    std::vector<MetricFamily> families;
    for (auto& [name, family] : families_)
      families.push_back(std::move(family));
    return families;
  }

 private:
  ClientMetric& add(const char* name, const char* help, MetricType type,
                    const Labels& labels) {
    MetricFamily& family = families_[name];
    family.name = name;
    family.help = help;
    family.type = type;
    ClientMetric& metric = family.metric.emplace_back();
    metric.label.push_back({"node", node_});
    metric.label.insert(metric.label.end(), labels.begin(), labels.end());
    return metric;
  }

  const std::string node_;
  std::map<std::string, MetricFamily> families_;
};

void add_gauges(const Stats& stats, Families& to) {
  const auto count = [](std::size_t it) { return static_cast<double>(it); };
  to.gauge("kvroute_uptime_seconds", "Time since the node started.",
           seconds(stats.uptime));
  to.gauge("kvroute_table_version", "Version of the routing table.",
           static_cast<double>(stats.table_version));
  to.gauge("kvroute_table_entries", "Entries of the routing table.",
           count(stats.table_entries));
  to.gauge("kvroute_buckets", "Buckets that live on the node.",
           count(stats.buckets));
  to.gauge("kvroute_calls_in_flight",
           "Calls under way: with peers, waiting for their bucket, or running.",
           count(stats.calls));
  to.gauge("kvroute_host_ops_running",
           "Operations of the host that run on a thread.",
           count(stats.running_ops));
  to.gauge("kvroute_host_ops_waiting",
           "Operations of the host that wait in the library for other calls.",
           count(stats.waiting_ops));
  to.gauge("kvroute_host_ops_queued",
           "Operations of the host that wait for a thread.",
           count(stats.queued_ops));
  to.gauge("kvroute_callbacks_queued", "Callbacks that wait for a thread.",
           count(stats.queued_callbacks));
}

void add_peer(const PeerStats& peer, Families& to) {
  const Labels of_peer = {{"peer", peer.node.str()}};
  const auto count = [](std::uint64_t it) { return static_cast<double>(it); };
  to.gauge("kvroute_peer_up", "1 if there is a connection to the peer, else 0.",
           peer.state == PeerState::kUp ? 1 : 0, of_peer);
  to.gauge("kvroute_peer_calls_in_flight",
           "Calls that are at the peer or on their way.", count(peer.calls),
           of_peer);
  to.gauge("kvroute_peer_calls_waiting",
           "Calls that wait to leave for the peer.", count(peer.waiting),
           of_peer);
  const auto ended = [&](const char* result, std::uint64_t calls) {
    to.counter("kvroute_peer_calls_total",
               "Calls to the peer that have ended: answered by the operation, "
               "or failed without.",
               count(calls), {of_peer[0], {"result", result}});
  };
  ended("answered", peer.answered);
  ended("failed", peer.failed);
  to.counter("kvroute_peer_sent_bytes_total",
             "Bytes of messages sent to the peer.", count(peer.sent_bytes),
             of_peer);
  to.counter("kvroute_peer_received_bytes_total",
             "Bytes of messages received from the peer.",
             count(peer.received_bytes), of_peer);
}

void add_ops(const std::vector<OpStats>& ops, Families& to) {
  using Key = std::tuple<std::string, bool, CallPath>;
  std::map<Key, Histogram> times;  // however they ended
  const auto labels = [](const std::string& op, bool of_host, CallPath path) {
    return Labels{{"op", printable(op)},
                  {"kind", of_host ? "host" : "builtin"},
                  {"path", call_path_name(path)}};
  };
  for (const OpStats& it : ops) {
    Labels all = labels(it.op, it.of_host, it.path);
    all.push_back({"code", lower(absl::StatusCodeToString(it.code))});
    all.push_back({"outcome", outcome_name(it.outcome)});
    to.counter("kvroute_calls_total", "Calls that have ended.",
               static_cast<double>(it.count), all);
    times[{it.op, it.of_host, it.path}].add(it.latency);
  }
  for (const auto& [key, histogram] : times) {
    const auto& [op, of_host, path] = key;
    to.histogram("kvroute_call_duration_seconds",
                 "Time from a call's arrival at the node to its answer. Of "
                 "those that are answered at once, one in 64.",
                 histogram, labels(op, of_host, path));
  }
}

class Collector final : public prometheus::Collectable {
 public:
  explicit Collector(std::function<std::optional<Stats>()> source)
      : source_(std::move(source)) {}

  std::vector<MetricFamily> Collect() const override {
    const std::optional<Stats> stats = source_();
    if (!stats.has_value()) return {};
    Families families(stats->node);
    add_gauges(*stats, families);
    for (const PeerStats& peer : stats->peers) add_peer(peer, families);
    add_ops(stats->ops, families);
    return std::move(families).take();
  }

 private:
  const std::function<std::optional<Stats>()> source_;
};

}  // namespace

std::shared_ptr<prometheus::Collectable> prometheus_collector(
    const Node& node) {
  return std::make_shared<Collector>(node.stats_source());
}

}  // namespace kv
