// How many threads of this process have callbacks to run.
#ifndef KV_BASE_AWAKE_H_
#define KV_BASE_AWAKE_H_

#include <atomic>

namespace kv::internal {

// Of all nodes, since they share the cores. A hint for who would only pass the
// time on one of them.
inline std::atomic<int> callback_threads_awake{0};

}  // namespace kv::internal

#endif  // KV_BASE_AWAKE_H_
