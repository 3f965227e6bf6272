// The loads, each a function that measures all contestants once, one after the
// other, each for `time`, and reports.
#ifndef KV_BENCH_LOADS_H_
#define KV_BENCH_LOADS_H_

#include "measure.h"

namespace kv_bench {

void load_one_at_a_time(Seconds time);
void load_in_flight(Seconds time);
void load_threads(Seconds time);

}  // namespace kv_bench

#endif  // KV_BENCH_LOADS_H_
