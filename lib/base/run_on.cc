#include "base/run_on.h"

#include <algorithm>
#include <deque>
#include <iterator>
#include <utility>

namespace kv::internal {
namespace {

thread_local Gathering* current = nullptr;

void run_here(Job job) {
  thread_local std::deque<Job>* later = nullptr;
  if (later != nullptr) {
    later->push_back(std::move(job));
    return;
  }
  std::deque<Job> jobs;
  later = &jobs;
  job();
  for (; !jobs.empty(); jobs.pop_front()) jobs.front()();
  later = nullptr;
}

}  // namespace

void Runner::post_all(std::vector<Job>& jobs) {
  jobs.erase(std::remove_if(jobs.begin(), jobs.end(),
                            [this](auto& job) { return post(job); }),
             jobs.end());
}

void run_on(const std::shared_ptr<Runner>& runner, Job job) {
  if (current != nullptr) {
    if (current->runner_ != runner) {
      if (!current->jobs_.empty()) current->pass_on();
      current->runner_ = runner;
    }
    current->jobs_.push_back(std::move(job));
    if (current->jobs_.size() == Gathering::kPortion) current->pass_on();
  } else if (!runner->post(job)) {
    run_here(std::move(job));
  }
}

Gathering::Gathering() : outer_(current) {
  if (outer_ == nullptr) current = this;
}

Gathering::~Gathering() {
  if (outer_ != nullptr) return;
  current = nullptr;
  pass_on();
  for (Job& job : left_) run_here(std::move(job));
}

bool Gathering::before_next(void (*settle)()) {
  if (current == nullptr) return false;
  std::vector<void (*)()>& all = current->settle_;
  if (std::find(all.begin(), all.end(), settle) == all.end()) {
    all.push_back(settle);
  }
  return true;
}

void Gathering::pass_on() {
  std::vector<void (*)()> settle;
  settle.swap(settle_);
  for (void (*it)() : settle) it();
  if (jobs_.empty()) return;
  runner_->post_all(jobs_);
  std::move(jobs_.begin(), jobs_.end(), std::back_inserter(left_));
  jobs_.clear();
}

}  // namespace kv::internal
