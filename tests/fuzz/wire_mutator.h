// Changes messages of kvroute.proto as somebody would who knows them.
#ifndef KV_TESTS_FUZZ_WIRE_MUTATOR_H_
#define KV_TESTS_FUZZ_WIRE_MUTATOR_H_

#include <string>

namespace kv_fuzz {

// `bytes` are a message of the type `name` ("RouteRequest"), or are taken as
// far as they are. Afterwards one or more of its fields, or of those of
// messages within it, are others, or it has become two that are merged.
std::string mutate_message(const std::string& name, const std::string& bytes,
                           unsigned seed);

}  // namespace kv_fuzz

#endif  // KV_TESTS_FUZZ_WIRE_MUTATOR_H_
