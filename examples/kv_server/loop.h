// A thread that serves its share of the connections.
#ifndef KV_SERVER_LOOP_H_
#define KV_SERVER_LOOP_H_

#include <array>
#include <asio/executor_work_guard.hpp>
#include <asio/io_context.hpp>
#include <functional>
#include <mutex>
#include <string>
#include <vector>

namespace kv_server {

// Sockets, and jobs that other threads hand in. What is not marked otherwise is
// for the loop's thread alone.
class Loop {
 public:
  using Job = std::function<void()>;

  Loop() : work_(context_.get_executor()) {}
  Loop(const Loop&) = delete;
  Loop& operator=(const Loop&) = delete;

  // Until finish(). Once.
  void run();
  // From any thread. Jobs that have not begun are dropped, and later ones too.
  void finish();

  // From any thread: runs `job` on the loop's, in the order of the calls.
  void post(Job job);
  // From a job: runs `job` after all jobs that are there already, so that what
  // they bring is handled together.
  void after_jobs(Job job) { after_jobs_.push_back(std::move(job)); }

  asio::io_context& context() { return context_; }

  // Memory that a connection uses for a moment.
  static constexpr std::size_t kPieceBytes = std::size_t{64} * 1024;
  std::array<char, kPieceBytes>& piece() { return piece_; }
  std::string& answer_memory() { return answer_memory_; }

 private:
  void run_jobs();

  asio::io_context context_{1};  // one thread
  asio::executor_work_guard<asio::io_context::executor_type> work_;
  std::array<char, kPieceBytes> piece_{};
  std::string answer_memory_;
  std::vector<Job> after_jobs_;

  std::mutex mutex_;
  std::vector<Job> jobs_;  // guarded by mutex_
  bool closed_ = false;    // guarded by mutex_
};

}  // namespace kv_server

#endif  // KV_SERVER_LOOP_H_
