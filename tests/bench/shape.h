// What the operations that are measured look like, on every side.
#ifndef KV_BENCH_SHAPE_H_
#define KV_BENCH_SHAPE_H_

#include <cstddef>
#include <string>

namespace kv_bench {

inline constexpr std::size_t kShortBytes = 16;
inline constexpr std::size_t kLargeBytes = 1024 * 1024;
inline constexpr char kLargeKey[] = "large";

// Which node has them, by its first letter: foo from a to m, bar from n to t,
// and from u to z baz, if it is there.
inline constexpr char kLocalBucket[] = "groceries";
inline constexpr char kRemoteBucket[] = "shopping";
inline constexpr char kFarBucket[] = "vegetables";

// kShortBytes long.
inline std::string key(std::size_t number) {
  std::string text = std::to_string(number);
  return "key:" + std::string(kShortBytes - 4 - text.size(), '0') + text;
}

}  // namespace kv_bench

#endif  // KV_BENCH_SHAPE_H_
