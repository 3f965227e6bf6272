// What a node measures, for Prometheus. Opt-in: the component `prometheus` of
// the package, target kvroute::prometheus.
#ifndef KV_PROMETHEUS_H_
#define KV_PROMETHEUS_H_

#include <prometheus/collectable.h>

#include <memory>

#include "kv/export.h"
#include "kv/node.h"

namespace kv {

// To be registered with a prometheus::Exposer or whatever else collects, which
// keep but a weak pointer: the host holds this one as long as it wants to be
// seen.
//
//   prometheus::Exposer exposer("127.0.0.1:9464");
//   auto collector = kv::prometheus_collector(*node);
//   exposer.RegisterCollectable(collector);
//
// May outlive the node, and then yields nothing. Safe from any thread; costs
// what Node::stats() costs. All its metrics, whose names begin with `kvroute_`,
// have the label `node`, so one exposer may serve several nodes.
KV_EXPORT std::shared_ptr<prometheus::Collectable> prometheus_collector(
    const Node& node);

}  // namespace kv

#endif  // KV_PROMETHEUS_H_
