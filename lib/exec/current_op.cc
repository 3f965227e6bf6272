#include "exec/current_op.h"

#include <utility>

namespace kv::internal {
namespace {

thread_local const CurrentOp* current = nullptr;

}  // namespace

CurrentOp::CurrentOp(std::vector<Held> held, Clock::time_point deadline,
                     Adopt adopt, const Trace& trace)
    : held_(std::move(held)),
      deadline_(deadline),
      adopt_(std::move(adopt)),
      trace_(trace),
      before_(current) {
  current = this;
}

CurrentOp::~CurrentOp() { current = before_; }

const CurrentOp* CurrentOp::get() { return current; }

Job CurrentOp::inherited(Job job) {
  if (current == nullptr) return job;
  return [job = std::move(job), held = current->held(),
          deadline = current->deadline(), adopt = current->adopt(),
          trace = current->trace()]() mutable {
    const CurrentOp op(held, deadline, adopt, trace);
    job();
  };
}

}  // namespace kv::internal
