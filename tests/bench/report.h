// What a bench says: one line of JSON for each figure, for bench.py to read.
#ifndef KV_BENCH_REPORT_H_
#define KV_BENCH_REPORT_H_

#include <cstddef>
#include <string>

#include "measure.h"

namespace kv_bench {

// One line: `figure` of `who` doing `what`, such as "p50_us", "kvroute",
// "blocking 1".
void report(const std::string& what, const std::string& who,
            const std::string& figure, double value);
// ops_per_s, p50_us and p99_us.
void report(const std::string& what, const std::string& who,
            const Stats& stats);

}  // namespace kv_bench

#endif  // KV_BENCH_REPORT_H_
