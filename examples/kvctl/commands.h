// The commands: each adds itself to the command line, and runs.
#ifndef KVCTL_COMMANDS_H_
#define KVCTL_COMMANDS_H_

#include <CLI/App.hpp>
#include <CLI/Config.hpp>
#include <CLI/Formatter.hpp>
#include <functional>
#include <istream>
#include <string>

#include "kvctl/ending.h"
#include "kvctl/output.h"
#include "kvctl/session.h"

namespace kvctl {

// What a command has to work with.
struct Context {
  Session& session;
  Output& out;
  std::istream& in;  // for values that are "-"
  bool err_is_terminal = false;
};
using Run = std::function<Ending(Context&)>;

// The command line, and what was chosen on it.
class Commands {
 public:
  explicit Commands(CLI::App& root) : root_(root) {}

  // `example` is what follows `kvctl --node ...`. `run` is called after all of
  // the command line has been read.
  CLI::App& add(const std::string& name, const std::string& description,
                const std::string& example, Run run) {
    return add(root_, name, description, example, std::move(run));
  }
  CLI::App& add(CLI::App& parent, const std::string& name,
                const std::string& description, const std::string& example,
                Run run);
  // Null: none was.
  const Run& chosen() const { return chosen_; }

 private:
  CLI::App& root_;
  Run chosen_;
};

// What an argument means: unescaped, unless --raw; "-" is all of standard
// input. A usage_error().
absl::StatusOr<std::string> argument(Context& context, const std::string& text);

void add_bucket_commands(Commands& commands);   // create, get, put, ...
void add_call_command(Commands& commands);      // call
void add_node_commands(Commands& commands);     // nodes, ping, ops, ...
void add_routing_commands(Commands& commands);  // whoami, where, explain, check
void add_table_commands(Commands& commands);    // table show, set, diff
void add_stats_command(Commands& commands);     // stats
void add_bench_command(Commands& commands);     // bench

// All of them.
inline void add_commands(Commands& commands) {
  add_bucket_commands(commands);
  add_call_command(commands);
  add_routing_commands(commands);
  add_table_commands(commands);
  add_node_commands(commands);
  add_stats_command(commands);
  add_bench_command(commands);
}

}  // namespace kvctl

#endif  // KVCTL_COMMANDS_H_
