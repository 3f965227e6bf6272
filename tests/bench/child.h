// A process of this very program in another role.
#ifndef KV_BENCH_CHILD_H_
#define KV_BENCH_CHILD_H_

#include <sys/types.h>

#include <memory>
#include <string>
#include <vector>

namespace kv_bench {

// For the program in that role: has the kernel kill it if its parent dies,
// frozen or not.
void end_with_parent();

// Ends with its owner, whose destructor kills it. Inherits the cores that this
// process is pinned to. Not thread-safe.
class Child {
 public:
  // `arguments` after the program's name. Returns once it has said its first
  // line. Ends this process if that does not come.
  explicit Child(const std::vector<std::string>& arguments);
  ~Child();
  Child(const Child&) = delete;
  Child& operator=(const Child&) = delete;

  // The first line: where it listens.
  const std::string& address() const { return address_; }
  // Sends a line, returns the one that it answers.
  std::string command(const std::string& line);
  // After SIGSTOP it is frozen when this returns.
  void signal(int number);

 private:
  std::string read_line();

  pid_t pid_ = -1;
  int in_ = -1;
  int out_ = -1;
  std::string output_;
  std::string address_;
};

}  // namespace kv_bench

#endif  // KV_BENCH_CHILD_H_
