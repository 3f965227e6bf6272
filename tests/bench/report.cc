#include "report.h"

#include <iostream>

namespace kv_bench {

void report(const std::string& what, const std::string& who,
            const std::string& figure, double value) {
  std::cout << R"({"what": ")" << what << R"(", "who": ")" << who
            << R"(", "figure": ")" << figure << R"(", "value": )" << value
            << "}" << std::endl;
}

void report(const std::string& what, const std::string& who,
            const Stats& stats) {
  report(what, who, "ops_per_s", stats.per_second());
  report(what, who, "p50_us", stats.percentile(50));
  report(what, who, "p99_us", stats.percentile(99));
}

}  // namespace kv_bench
