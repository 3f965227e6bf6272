#include "kv/async.h"

#include <system_error>
#include <thread>
#include <utility>

#include "absl/strings/str_cat.h"
#include "base/outcome_mark.h"
#include "exec/current_op.h"
#include "exec/executor.h"

namespace kv::internal {
namespace {

// For threads that belong to no node.
class ThreadPerJob final : public Runner {
 public:
  bool post(Job& job) override {
    const auto mine = std::make_shared<Job>(std::move(job));
    try {
      std::thread([mine] { (*mine)(); }).detach();
      return true;
    } catch (const std::system_error&) {
      job = std::move(*mine);
      return false;
    }
  }
};

}  // namespace

std::shared_ptr<Runner> runner_here() {
  std::shared_ptr<Runner> runner = Executor::runner_of_thread();
  return runner != nullptr ? runner : std::make_shared<ThreadPerJob>();
}

Job part_of_op(Job job) { return CurrentOp::inherited(std::move(job)); }

absl::Status cancelled_work(bool begun) {
  return marked(absl::CancelledError("the task was cancelled"),
                begun ? Outcome::kUnknown : Outcome::kNotRun);
}

absl::Status no_thread() {
  return not_run(absl::ResourceExhaustedError(
      "no thread to be had for the function of the task"));
}

absl::Status function_threw(const char* what) {
  return absl::InternalError(absl::StrCat("the task threw: ", what));
}

}  // namespace kv::internal
