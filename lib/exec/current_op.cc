#include "exec/current_op.h"

#include <utility>

namespace kv::internal {
namespace {

thread_local const CurrentOp* current = nullptr;

}  // namespace

CurrentOp::CurrentOp(std::vector<Held> held, Clock::time_point deadline)
    : held_(std::move(held)), deadline_(deadline), before_(current) {
  current = this;
}

CurrentOp::~CurrentOp() { current = before_; }

const CurrentOp* CurrentOp::get() { return current; }

}  // namespace kv::internal
