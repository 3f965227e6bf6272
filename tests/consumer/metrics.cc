// A host that shows its node to Prometheus.
#include <kv/kv.h>
#include <kv/prometheus.h>
#include <prometheus/metric_family.h>

#include <iostream>
#include <utility>

int main() {
  kv::NodeOptions options;
  options.name = "foo@127.0.0.1:0";
  auto node = kv::Node::start(std::move(options));
  if (!node.ok()) return std::cerr << node.status() << "\n", 1;
  const auto collector = kv::prometheus_collector(**node);
  for (const auto& family : collector->Collect()) {
    if (family.name == "kvroute_uptime_seconds") return 0;
  }
  std::cerr << "kvroute_uptime_seconds is not exposed\n";
  return 1;
}
