// The loads, each a function that measures all contestants once, one after the
// other, each for `time`, and reports.
#ifndef KV_BENCH_LOADS_H_
#define KV_BENCH_LOADS_H_

#include "measure.h"

namespace kv_bench {

void load_one_at_a_time(Seconds time);  // blocking
void load_threads(Seconds time);        // the same on 64 threads
void load_in_flight(Seconds time);      // asynchronous, 1 to 256
void load_forwarded(Seconds time);      // over one more node
void load_large(Seconds time);          // values of 1 MiB
void load_mixed(Seconds time);   // fast ones while others sleep or find nobody
void load_crowd(Seconds time);   // 32 nodes in one process
void load_memory(Seconds time);  // 1 M keys

}  // namespace kv_bench

#endif  // KV_BENCH_LOADS_H_
