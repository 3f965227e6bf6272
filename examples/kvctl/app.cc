#include "kvctl/app.h"

#include <algorithm>
#include <chrono>
#include <cstdlib>
#include <tuple>
#include <utility>

#include "kvctl/completion.h"

namespace kvctl {
namespace {

constexpr char kAbout[] =
    "Looks into a kvroute cluster, and talks to its buckets. Without a command "
    "it is a shell.";
constexpr char kMore[] =
    "Names, keys and values may hold any byte: in an argument \\xHH, \\n, \\r, "
    "\\t and \\\\ stand for one, and so does what is printed; --raw leaves "
    "both "
    "as they are. A value of - is standard input. In JSON bytes that are no "
    "UTF-8 are {\"base64\": \"...\"}.\n"
    "Exit codes: 0 fine, 1 not found, 2 usage, 3 the cluster refused, 4 no "
    "answer.\n"
    "Example:\n  kvctl --node foo@127.0.0.1:4001 put shopping milk 1";

// The whole command line.
class CommandLine {
 public:
  explicit CommandLine(Settings& settings)
      : root_(kAbout, "kvctl"), commands_(root_) {
    root_.footer(kMore);
    root_.fallthrough();
    root_.require_subcommand(0, 1);
    root_
        .add_option("-n,--node", settings.nodes,
                    "The node to ask, foo@127.0.0.1:4001; of several the first "
                    "that answers. Also KVCTL_NODE")
        ->allow_extra_args(false)
        ->delimiter(',');
    root_
        .add_option("--timeout", settings.timeout_seconds,
                    "Seconds that a call may take")
        ->capture_default_str()
        ->check(CLI::Range(0.001, 86400.0));
    root_.add_option("--tls-ca", settings.tls.ca,
                     "Whose certificates to believe, a PEM file: speak TLS");
    root_.add_option("--tls-certificate", settings.tls.certificate,
                     "The certificate to show");
    root_.add_option("--tls-key", settings.tls.key,
                     "The private key of the certificate");
    root_.add_option("--cookie-file", settings.cookie_file,
                     "A file with the cluster's cookie");
    root_.add_flag("--json", settings.json, "Print JSON, for programs");
    root_.add_flag("--raw", settings.raw,
                   "Arguments and values are bytes as they are, without "
                   "escapes, and without an end of line");
    root_.add_option("--colour,--color", settings.colour, "When to use colour")
        ->capture_default_str()
        ->check(CLI::IsMember({"auto", "always", "never"}));
    add_commands(commands_);
    CLI::App& complete = *root_.add_subcommand(
        "completion", "Prints a script that makes a shell complete commands");
    complete.footer("Example:\n  source <(kvctl completion bash)");
    complete.add_option("SHELL", shell_, "bash")
        ->required()
        ->check(CLI::IsMember({"bash"}));
    complete.callback([this] { text_ = bash_completion(root_); });
    CLI::App& help =
        *root_.add_subcommand("help", "Shows how a command is used");
    help.footer("Example:\n  kvctl help table set");
    help.add_option("COMMAND", help_of_, "Which command; else all")
        ->expected(0, 2);
    help.callback([this] { text_ = help_text(); });
  }

  CLI::App& root() { return root_; }
  const Commands& commands() const { return commands_; }
  // What a command that needs no cluster has to say.
  const std::string& text() const { return text_; }

 private:
  std::string help_text() {
    CLI::App* app = &root_;
    std::string prefix = "kvctl";
    for (const std::string& name : help_of_) {
      prefix += app == &root_ ? "" : " " + app->get_name();
      app = app->get_subcommand(name);  // throws for what is none
    }
    // As `--help` asks; the root would tell of `help` itself.
    root_.clear();
    return app == &root_ ? root_.help() : app->help(prefix);
  }

  CLI::App root_;
  Commands commands_;
  std::string shell_;
  std::vector<std::string> help_of_;
  std::string text_;
};

// What CLI11 says of a command line it can't read, and which help tells more.
Ending usage_of(const CLI::Error& error, const CLI::App& root) {
  std::string what = error.what();
  const bool extra = dynamic_cast<const CLI::ExtrasError*>(&error) != nullptr;
  if (extra && root.get_subcommands().empty()) {
    what = "no such command: " + what.substr(what.rfind(' ') + 1);
  }
  std::string command = "kvctl";
  const CLI::App* app = &root;
  while (!app->get_subcommands().empty()) {
    app = app->get_subcommands().front();
    command += " " + app->get_name();
  }
  return usage(what, "`" + command + " --help` shows how");
}

// Whether they lead to the same session.
bool same_way(const Settings& a, const Settings& b) {
  const auto way = [](const Settings& it) {
    return std::tie(it.nodes, it.timeout_seconds, it.tls.ca, it.tls.certificate,
                    it.tls.key, it.cookie_file);
  };
  return way(a) == way(b);
}

}  // namespace

Exit App::run(const std::vector<std::string>& words) {
  Settings settings = settings_;
  CommandLine line(settings);
  shell_wanted_ = false;
  std::vector<std::string> arguments = words;
  std::reverse(arguments.begin(), arguments.end());  // as CLI11 wants them
  try {
    line.root().parse(std::move(arguments));
  } catch (const CLI::CallForHelp&) {
    streams_.out << line.root().help();
    return Exit::kFine;
  } catch (const CLI::Error& error) {
    Output out = output(settings);
    out.failed(usage_of(error, line.root()));
    return Exit::kUsage;
  }
  if (!line.text().empty()) {
    streams_.out << line.text();
    return Exit::kFine;
  }
  if (settings.nodes.empty()) {
    // NOLINTNEXTLINE(concurrency-mt-unsafe): nobody changes the environment.
    const char* const node = std::getenv("KVCTL_NODE");
    if (node != nullptr && *node != '\0') {
      std::string all = node;
      for (std::size_t comma; (comma = all.find(',')) != std::string::npos;) {
        settings.nodes.push_back(all.substr(0, comma));
        all.erase(0, comma + 1);
      }
      settings.nodes.push_back(all);
    }
  }
  if (!line.commands().chosen()) {
    settings_ = settings;
    shell_wanted_ = true;
    return Exit::kFine;
  }
  Output out = output(settings);
  const Ending ending = run(settings, line.commands().chosen(), out);
  out.failed(ending);
  return ending.exit;
}

Ending App::run(const Settings& settings, const Run& command, Output& out) {
  KVCTL_TRY(session, this->session(settings));
  Context context{*session, out, streams_.in, streams_.err_is_terminal};
  return command(context);
}

absl::StatusOr<Session*> App::session(const Settings& settings) {
  if (session_ == nullptr || !same_way(session_settings_, settings)) {
    auto opened = Session::open(
        settings.nodes, settings.tls, settings.cookie_file,
        std::chrono::duration_cast<std::chrono::nanoseconds>(
            std::chrono::duration<double>(settings.timeout_seconds)));
    if (!opened.ok()) return std::move(opened).status();
    session_ = *std::move(opened);
    session_settings_ = settings;
  }
  return session_.get();
}

Output App::output(const Settings& settings) {
  // NOLINTNEXTLINE(concurrency-mt-unsafe): nobody changes the environment.
  const char* const no_colour = std::getenv("NO_COLOR");
  const bool colour = settings.colour == "always" ||
                      (settings.colour == "auto" && streams_.out_is_terminal &&
                       streams_.err_is_terminal &&
                       (no_colour == nullptr || *no_colour == '\0'));
  return {streams_.out, streams_.err,
          OutputOptions{settings.json, settings.raw, colour}};
}

void App::with_command_line(const std::function<void(const CLI::App&)>& look) {
  Settings settings;
  CommandLine line(settings);
  look(line.root());
}

}  // namespace kvctl
