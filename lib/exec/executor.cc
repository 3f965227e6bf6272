#include "exec/executor.h"

#include <algorithm>
#include <array>
#include <chrono>
#include <cstdint>
#include <list>
#include <optional>
#include <system_error>
#include <thread>
#include <utility>
#include <vector>

#include "absl/base/thread_annotations.h"
#include "absl/status/status.h"
#include "base/blocking.h"
#include "base/mutex.h"
#include "exec/crowd.h"

namespace kv::internal {
namespace {

constexpr std::chrono::seconds kIdle{10};
constexpr std::size_t kMostSpare = 1024;

}  // namespace

struct Executor::State final : Runner,
                               std::enable_shared_from_this<Executor::State> {
  struct Queued {
    Job run;
    Job refuse;                    // nullptr: it can't be
    Clock::time_point since = {};  // where there is a max_delay
  };
  using Queue = std::list<Queued>;
  using Threads = std::list<std::thread>;

  class Worker;
  class WakingLock;

  explicit State(Options the_options)
      : options(the_options), crowd(the_options.max_delay) {}

  bool post(std::size_t depth, Job& run, Job refuse);
  bool post(Job& run) override;
  void post_all(std::vector<Job>& jobs) override;
  // Of a job that the present one posts.
  std::size_t next_inner_depth() const;

  const Options options;

  Mutex mutex;
  CondVar work;   // for idle threads
  CondVar ended;  // for stop()
  bool stopping ABSL_GUARDED_BY(mutex) = false;
  std::array<Queue, kDepths> queues ABSL_GUARDED_BY(mutex);
  Queue spare ABSL_GUARDED_BY(mutex);  // places of nobody, to be used again
  std::size_t deepest ABSL_GUARDED_BY(mutex) = 0;  // or there is none as deep
  std::size_t waiting ABSL_GUARDED_BY(mutex) = 0;
  std::size_t queued ABSL_GUARDED_BY(mutex) = 0;
  std::size_t running ABSL_GUARDED_BY(mutex) = 0;
  std::size_t idle ABSL_GUARDED_BY(mutex) = 0;
  // Threads that were started or called, and have not looked for a job yet.
  std::size_t coming ABSL_GUARDED_BY(mutex) = 0;
  std::size_t calls ABSL_GUARDED_BY(mutex) = 0;    // for idle threads, of those
  std::size_t to_wake ABSL_GUARDED_BY(mutex) = 0;  // of those called
  std::uint64_t begun ABSL_GUARDED_BY(mutex) = 0;  // jobs, ever
  bool watched ABSL_GUARDED_BY(mutex) = false;     // a timer will look
  Crowd crowd ABSL_GUARDED_BY(mutex);
  Threads threads ABSL_GUARDED_BY(mutex);
  Threads finished ABSL_GUARDED_BY(mutex);  // about to end; to be joined

  // The deepest queue from which a job may begin now, or kDepths.
  std::size_t next_depth() ABSL_EXCLUSIVE_LOCKS_REQUIRED(mutex) {
    if (running >= options.threads || queued == 0) return kDepths;
    while (queues[deepest].empty()) --deepest;
    return deepest;
  }
  void push(std::size_t depth, Queued job)
      ABSL_EXCLUSIVE_LOCKS_REQUIRED(mutex) {
    if (spare.empty()) spare.emplace_back();
    spare.front() = std::move(job);
    queues[depth].splice(queues[depth].end(), spare, spare.begin());
    ++queued;
    deepest = std::max(deepest, depth);
  }
  // What was pushed last.
  Job take_back(std::size_t depth) ABSL_EXCLUSIVE_LOCKS_REQUIRED(mutex) {
    Job run = std::move(queues[depth].back().run);
    queues[depth].pop_back();
    --queued;
    return run;
  }

  // Sees to it that a job which may begin has a thread, at the latest when the
  // patience is over. False: there is none, and none can be had. Under a
  // WakingLock.
  bool provide_thread(bool patient) ABSL_EXCLUSIVE_LOCKS_REQUIRED(mutex) {
    if (running + coming >= options.threads || next_depth() == kDepths) {
      return true;
    }
    if (patient && running + coming > 0) {
      watch();
      return true;
    }
    if (idle > 0) {
      --idle;
      ++calls;
      ++coming;
      ++to_wake;
      return true;
    }
    const auto it = threads.emplace(threads.end());
    try {
      *it = std::thread([state = shared_from_this(), it] { state->serve(it); });
      ++coming;
      return true;
    } catch (const std::system_error&) {
      threads.pop_back();
      return !threads.empty();
    }
  }

  std::size_t max_standing() const { return options.threads; }
  bool is_late(Clock::time_point now) const
      ABSL_EXCLUSIVE_LOCKS_REQUIRED(mutex);
  // Takes out what is to be refused.
  Queue relieve(Clock::time_point now) ABSL_EXCLUSIVE_LOCKS_REQUIRED(mutex);
  static void refuse(Queue late);

  void count_awake(int change) const {
    if (options.awake == nullptr) return;
    options.awake->fetch_add(change, std::memory_order_relaxed);
  }

  bool patient() const { return options.patience.count() > 0; }
  void watch() ABSL_EXCLUSIVE_LOCKS_REQUIRED(mutex);
  void look(std::uint64_t posted);

  void serve(Threads::iterator self);
  // False: nobody called for long, or the executor stops.
  bool wait_for_call() ABSL_EXCLUSIVE_LOCKS_REQUIRED(mutex);
  void run_one(std::size_t depth) ABSL_EXCLUSIVE_LOCKS_REQUIRED(mutex);
};

// Wakes the threads that were called under it once it is let go of, which they
// would have to wait for.
class ABSL_SCOPED_LOCKABLE Executor::State::WakingLock {
 public:
  explicit WakingLock(State& state) ABSL_EXCLUSIVE_LOCK_FUNCTION(state.mutex)
      : state_(state) {
    state.mutex.lock();
  }
  ~WakingLock() ABSL_UNLOCK_FUNCTION() {
    std::size_t called = std::exchange(state_.to_wake, 0);
    state_.mutex.unlock();
    for (; called > 0; --called) state_.work.notify_one();
  }
  WakingLock(const WakingLock&) = delete;
  WakingLock& operator=(const WakingLock&) = delete;

 private:
  State& state_;
};

// Notes when a thread's job waits.
class Executor::State::Worker final : public BlockingObserver {
 public:
  Worker(State& state, std::size_t depth)
      : state_(state), depth_(depth), before_(BlockingObserver::set(this)) {
    current = this;
  }
  ~Worker() {
    current = nullptr;
    BlockingObserver::set(before_);
  }

  // That of the present thread, or nullptr.
  static thread_local const Worker* current;
  State& state() const { return state_; }
  std::size_t depth() const { return depth_; }

  bool begin_wait(bool must) override {
    const WakingLock lock(state_);
    if (!must && state_.waiting >= state_.options.max_waiting) return false;
    --state_.running;
    ++state_.waiting;
    state_.count_awake(-1);
    state_.provide_thread(/*patient=*/false);
    return true;
  }
  void end_wait() override {
    const MutexLock lock(state_.mutex);
    ++state_.running;
    --state_.waiting;
    state_.count_awake(1);
  }
  absl::Status refusal() const override {
    return absl::ResourceExhaustedError(
        "too many operations of this node wait for calls already");
  }

 private:
  State& state_;
  const std::size_t depth_;
  BlockingObserver* const before_;
};

thread_local const Executor::State::Worker* Executor::State::Worker::current =
    nullptr;

std::size_t Executor::State::next_inner_depth() const {
  const Worker* const worker = Worker::current;
  const bool inside = worker != nullptr && &worker->state() == this;
  return inside ? std::min(worker->depth() + 1, kDepths - 1) : 0;
}

bool Executor::State::post(Job& run) {
  return post(next_inner_depth(), run, nullptr);
}

void Executor::State::post_all(std::vector<Job>& jobs) {
  const std::size_t depth = next_inner_depth();
  Threads done;
  std::size_t posted = 0;
  {
    const WakingLock lock(*this);
    if (stopping) return;
    done.swap(finished);
    while (posted < jobs.size() && queued < options.max_queued) {
      push(depth, {std::move(jobs[posted++]), nullptr});
    }
    const std::size_t most = patient() ? 1 : options.threads;
    for (std::size_t i = 0; i < std::min(posted, most); ++i) {
      if (provide_thread(patient())) continue;
      while (posted > 0) jobs[--posted] = take_back(depth);
    }
  }
  for (std::thread& thread : done) thread.join();
  jobs.erase(jobs.begin(), jobs.begin() + static_cast<std::ptrdiff_t>(posted));
}

// Jobs that can't be refused hide those behind them, for the moment.
bool Executor::State::is_late(Clock::time_point now) const {
  if (queued <= max_standing()) return false;
  return std::any_of(queues.begin(), queues.end(), [&](const auto& queue) {
    return !queue.empty() && queue.front().refuse != nullptr &&
           now - queue.front().since > options.max_delay;
  });
}

Executor::State::Queue Executor::State::relieve(Clock::time_point now) {
  Queue late;
  if (!crowd.too_many(now, is_late(now), queued)) return late;
  for (Queue& queue : queues) {
    while (queued > max_standing() && !queue.empty() &&
           queue.front().refuse != nullptr &&
           now - queue.front().since > options.max_delay) {
      late.splice(late.end(), queue, queue.begin());
      --queued;
    }
  }
  return late;
}

// A refusal may post the next job for the same bucket, and so lead to others:
// they come after it, not within it.
void Executor::State::refuse(Queue late) {
  thread_local Queue* under_way = nullptr;
  if (under_way != nullptr) {
    return under_way->splice(under_way->end(), late);
  }
  under_way = &late;
  for (; !late.empty(); late.pop_front()) late.front().refuse();
  under_way = nullptr;
}

void Executor::State::run_one(std::size_t depth) {
  Queue job;
  job.splice(job.end(), queues[depth], queues[depth].begin());
  --queued;
  if (queued <= max_standing()) crowd.short_again();
  ++begun;
  ++running;
  mutex.unlock();
  {
    const Worker worker(*this, depth);
    job.front().run();
    job.front() = {};
  }
  mutex.lock();
  if (spare.size() < kMostSpare) spare.splice(spare.begin(), job);
  --running;
}

void Executor::State::watch() {
  if (watched || stopping) return;
  watched = true;
  options.timers->at(Clock::now() + options.patience,
                     [state = weak_from_this(), posted = begun + queued] {
                       if (const auto it = state.lock()) it->look(posted);
                     });
}

// Some of the first `posted` jobs have not begun: they have waited too long.
void Executor::State::look(std::uint64_t posted) {
  const WakingLock lock(*this);
  watched = false;
  if (queued == 0) return;
  if (begun < posted) provide_thread(/*patient=*/false);
  watch();
}

bool Executor::State::wait_for_call() {
  ++idle;
  const Clock::time_point end = Clock::now() + kIdle;
  while (calls == 0 && !stopping && work.wait_until(mutex, end)) {
  }
  if (calls > 0) {
    --calls;
    return true;
  }
  --idle;
  return false;
}

void Executor::State::serve(Threads::iterator self) {
  const MutexLock lock(mutex);
  do {
    --coming;
    count_awake(1);
    for (std::size_t depth = next_depth(); depth != kDepths;
         depth = next_depth()) {
      run_one(depth);
    }
    count_awake(-1);
  } while (!stopping && wait_for_call());
  finished.splice(finished.end(), threads, self);
  ended.notify_all();
}

Executor::Executor(Options options)
    : state_(std::make_shared<State>(options)) {}

Executor::~Executor() = default;

bool Executor::State::post(std::size_t depth, Job& run, Job refusal) {
  depth = std::min(depth, kDepths - 1);
  Threads done;
  bool posted = false;
  const bool bounded = options.max_delay.count() > 0;
  const Clock::time_point now = bounded ? Clock::now() : Clock::time_point();
  Queue late;
  {
    const WakingLock lock(*this);
    if (stopping || queued >= options.max_queued) return false;
    done.swap(finished);
    push(depth, {std::move(run), std::move(refusal), now});
    posted = provide_thread(patient());
    if (!posted) {
      run = take_back(depth);
    } else if (bounded) {
      late = relieve(now);
    }
  }
  for (std::thread& thread : done) thread.join();
  refuse(std::move(late));
  return posted;
}

bool Executor::post(std::size_t depth, Job& job, Job refuse) {
  return state_->post(depth, job, std::move(refuse));
}

std::shared_ptr<Runner> Executor::runner() const { return state_; }

std::shared_ptr<Runner> Executor::runner_of_thread() {
  const State::Worker* const worker = State::Worker::current;
  return worker == nullptr ? nullptr : worker->state().shared_from_this();
}

Executor::Load Executor::load() const {
  const MutexLock lock(state_->mutex);
  return {state_->running, state_->waiting, state_->queued};
}

std::uint32_t Executor::room() const {
  return static_cast<std::uint32_t>(state_->options.threads +
                                    state_->max_standing());
}

bool Executor::stop(Clock::time_point deadline) {
  std::array<State::Queue, kDepths> dropped;
  State::Threads finished;
  bool all = false;
  {
    const State::WakingLock lock(*state_);
    state_->stopping = true;
    if (state_->patient()) {
      for (std::size_t i = 0; i < state_->options.threads; ++i) {
        state_->provide_thread(/*patient=*/false);
      }
    }
    state_->work.notify_all();
    while (!state_->threads.empty() &&
           state_->ended.wait_until(state_->mutex, deadline)) {
    }
    all = state_->threads.empty();
    for (std::thread& thread : state_->threads) thread.detach();
    dropped.swap(state_->queues);
    state_->queued = 0;
    finished.swap(state_->finished);
  }
  for (std::thread& thread : finished) thread.join();
  return all;
}

}  // namespace kv::internal
