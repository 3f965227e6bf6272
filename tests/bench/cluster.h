// kvroute's side: foo in this process, its peers each in one of their own.
#ifndef KV_BENCH_CLUSTER_H_
#define KV_BENCH_CLUSTER_H_

#include <kv/kv.h>

#include <cstddef>
#include <memory>
#include <string>

#include "child.h"
#include "measure.h"

namespace kv_bench {

// The role of a child: a node of that name, which obeys `table ENTRY;ENTRY` on
// standard input until that is closed.
int serve_node(const std::string& short_name);

// foo, bar and baz, with the table of shape.h. foo sends what is baz's to bar,
// which passes it on. The buckets of shape.h exist, and hold key(0), of
// kShortBytes, and kLargeKey, of kLargeBytes.
class Cluster {
 public:
  Cluster();

  kv::Router& router() { return foo_->router(); }
  Child& baz() { return baz_; }  // only bar has a connection to it

 private:
  std::unique_ptr<kv::Node> foo_;
  Child bar_;
  Child baz_;
};

// Operations on `cluster`, which must live as long. They check that they get
// what was asked for.
BlockingOp get(Cluster& cluster, const std::string& bucket,
               const std::string& key);
BlockingOp put(Cluster& cluster, const std::string& bucket,
               const std::string& value);
AsyncOp async_get(Cluster& cluster, const std::string& bucket,
                  const std::string& key);
AsyncOp async_put(Cluster& cluster, const std::string& bucket,
                  const std::string& value);
// Whatever comes of it, within 100 ms.
AsyncOp async_try_get(Cluster& cluster, const std::string& bucket,
                      const std::string& key);
// An operation of the host's at bar that sleeps, on a bucket of its own.
AsyncOp async_sleep(Cluster& cluster, int milliseconds);
// Of `count` tasks under way awaits the oldest, and begins another. For one
// thread.
BlockingOp window(Cluster& cluster, const std::string& bucket,
                  const std::string& key, std::size_t count);

}  // namespace kv_bench

#endif  // KV_BENCH_CLUSTER_H_
