// kvctl as a whole: from words to an exit code.
#ifndef KVCTL_APP_H_
#define KVCTL_APP_H_

#include <CLI/App.hpp>
#include <CLI/Config.hpp>
#include <CLI/Formatter.hpp>
#include <istream>
#include <memory>
#include <ostream>
#include <string>
#include <vector>

#include "kvctl/commands.h"
#include "kvctl/session.h"

namespace kvctl {

struct Settings {
  std::vector<std::string> nodes = {};
  double timeout_seconds = 5;
  std::string colour = "auto";
  kv::Tls tls = {};  // unless `ca` is empty
  std::string cookie_file = {};
  bool json = false;
  bool raw = false;
};

// The streams, and what is a terminal.
struct Streams {
  std::istream& in;
  std::ostream& out;
  std::ostream& err;
  bool in_is_terminal = false;
  bool out_is_terminal = false;
  bool err_is_terminal = false;
};

// Keeps its connections from one command to the next. Not thread-safe.
class App {
 public:
  explicit App(const Streams& streams) : streams_(streams) {}

  // One command with its options, or none: then `shell_wanted()` is true and
  // the options hold for what follows.
  Exit run(const std::vector<std::string>& words);
  bool shell_wanted() const { return shell_wanted_; }

  const Streams& streams() const { return streams_; }
  const Settings& settings() const { return settings_; }
  // Asks this node from now on.
  void use(const std::string& node) { settings_.nodes = {node}; }
  // The session that the settings ask for.
  absl::StatusOr<Session*> session() { return session(settings_); }

  // The command line itself, for help and completion: calls `look`.
  static void with_command_line(
      const std::function<void(const CLI::App&)>& look);

 private:
  absl::StatusOr<Session*> session(const Settings& settings);
  Output output(const Settings& settings);
  Ending run(const Settings& settings, const Run& command, Output& out);

  const Streams streams_;
  Settings settings_;  // of the shell
  bool shell_wanted_ = false;
  std::unique_ptr<Session> session_;
  Settings session_settings_;
};

}  // namespace kvctl

#endif  // KVCTL_APP_H_
