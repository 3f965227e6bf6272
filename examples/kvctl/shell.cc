#include "kvctl/shell.h"

#include <editline/readline.h>

#include <algorithm>
#include <chrono>
#include <cstdio>
#include <cstdlib>
#include <cstring>
#include <optional>
#include <string>
#include <utility>
#include <vector>

#include "kvctl/completion.h"
#include "kvctl/words.h"

namespace kvctl {
namespace {

constexpr int kHistory = 1000;

// Asks the cluster for what may be completed, not more often than it changes.
class Completer {
 public:
  explicit Completer(App& app) : app_(app) {}

  // What the word that begins with `begun` behind `before` may become, as it is
  // to be typed.
  std::vector<std::string> complete(const std::string& before,
                                    const std::string& begun, bool& files) {
    const auto words = split_words(before);
    Candidates found;
    App::with_command_line([&](const CLI::App& root) {
      found =
          candidates(root, words.ok() ? *words : std::vector<std::string>());
    });
    if (words.ok() && words->empty()) {
      for (const char* own : {"exit", "help", "use"})
        found.words.push_back(own);
    }
    if (words.ok() && *words == std::vector<std::string>{"use"}) {
      found = Candidates();
      found.nodes = true;
    }
    files = found.files;
    if (found.buckets) append(buckets(), found.words);
    if (found.nodes) append(nodes(), found.words);
    std::vector<std::string> fitting;
    for (std::string& word : found.words) {
      const bool option = word[0] == '-' && begun.substr(0, 1) != "-";
      if (!option && word.compare(0, begun.size(), begun) == 0) {
        fitting.push_back(std::move(word));
      }
    }
    std::sort(fitting.begin(), fitting.end());
    fitting.erase(std::unique(fitting.begin(), fitting.end()), fitting.end());
    return fitting;
  }

 private:
  using Clock = std::chrono::steady_clock;
  struct Known {
    std::string asked;
    Clock::time_point until;
    std::vector<std::string> words;
  };

  static void append(const std::vector<std::string>& from,
                     std::vector<std::string>& to) {
    to.insert(to.end(), from.begin(), from.end());
  }

  template <typename Ask>
  const std::vector<std::string>& fresh(Known& known, const Ask& ask) {
    auto session = app_.session();
    if (!session.ok()) return known.words;
    const std::string& asked = (*session)->asked().str();
    if (known.asked == asked && Clock::now() < known.until) return known.words;
    known = {asked, Clock::now() + std::chrono::seconds(2), ask(**session)};
    return known.words;
  }

  const std::vector<std::string>& nodes() {
    return fresh(nodes_, [](Session& session) {
      std::vector<std::string> words;
      for (const auto& [node, table] : look_around(session).tables) {
        words.push_back(node.str());
      }
      return words;
    });
  }
  const std::vector<std::string>& buckets() {
    return fresh(buckets_, [](Session& session) {
      constexpr std::size_t kMost = 1000;
      std::vector<std::string> words;
      for (const auto& [node, table] : look_around(session).tables) {
        auto names = session.call(node, kv::Buckets{std::nullopt, kMost});
        if (!names.ok()) continue;
        for (const std::string& name : *names) words.push_back(as_word(name));
      }
      return words;
    });
  }

  App& app_;
  Known nodes_;
  Known buckets_;
};

// The line editor is a C library with one state for the program, so there is
// one of these.
class Editor {
 public:
  explicit Editor(App& app) : completer_(app), file_(history_file()) {
    current = this;
    rl_readline_name = "kvctl";
    rl_completer_word_break_characters = kBreaks;
    rl_attempted_completion_function = attempt;
    using_history();
    if (!file_.empty()) read_history(file_.c_str());
    stifle_history(kHistory);
  }
  ~Editor() {
    if (!file_.empty()) write_history(file_.c_str());
    current = nullptr;
  }
  Editor(const Editor&) = delete;
  Editor& operator=(const Editor&) = delete;

  std::optional<std::string> read(const std::string& prompt) {
    char* const line = readline(prompt.c_str());
    if (line == nullptr) return std::nullopt;
    std::string text = line;
    std::free(line);  // NOLINT: readline's malloc
    if (!text.empty() && text != last_) add_history(text.c_str());
    last_ = text;
    return text;
  }

 private:
  static std::string history_file() {
    // NOLINTBEGIN(concurrency-mt-unsafe): nobody changes the environment.
    if (const char* const file = std::getenv("KVCTL_HISTORY")) return file;
    const char* const home = std::getenv("HOME");
    // NOLINTEND(concurrency-mt-unsafe)
    return home == nullptr ? "" : std::string(home) + "/.kvctl_history";
  }

  static char** attempt(const char* text, int start, int /*end*/) {
    bool files = false;
    current->fitting_ = current->completer_.complete(
        std::string(rl_line_buffer, static_cast<std::size_t>(start)), text,
        files);
    if (files && current->fitting_.empty()) return nullptr;  // files it is
    rl_attempted_completion_over = 1;
    return rl_completion_matches(text, next);
  }
  static char* next(const char* /*text*/, int state) {
    static std::size_t place = 0;
    if (state == 0) place = 0;
    if (place >= current->fitting_.size()) return nullptr;
    return strdup(current->fitting_[place++].c_str());
  }

  static inline char kBreaks[] = " \t";
  static inline Editor* current = nullptr;

  Completer completer_;
  const std::string file_;
  std::string last_;
  std::vector<std::string> fitting_;
};

// One line; nullopt: the last one.
std::optional<Exit> obey(App& app, const std::string& line) {
  const auto words = split_words(line);
  if (!words.ok()) {
    app.streams().err << "kvctl: " << words.status().message() << "\n";
    return Exit::kUsage;
  }
  if (words->empty()) return Exit::kFine;
  const std::string& command = words->front();
  if (command == "exit" || command == "quit") return std::nullopt;
  if (command == "use") {
    if (words->size() != 2) {
      app.streams().err << "kvctl: use NODE: asks that node from now on\n";
      return Exit::kUsage;
    }
    const auto node = kv::NodeName::parse((*words)[1]);
    if (!node.ok()) {
      app.streams().err << "kvctl: " << node.status().message() << "\n";
      return Exit::kUsage;
    }
    app.use(node->str());
    return Exit::kFine;
  }
  const Exit exit = app.run(*words);
  if (command == "help") {
    app.streams().out << "In the shell also: use NODE, exit\n";
  }
  return exit;
}

std::string prompt(const App& app) {
  const auto& nodes = app.settings().nodes;
  return (nodes.empty() ? std::string("kvctl") : nodes.front()) + "> ";
}

}  // namespace

Exit run_shell(App& app) {
  Exit exit = Exit::kFine;
  const auto run = [&](const std::string& line) {
    const std::optional<Exit> done = obey(app, line);
    if (done.has_value() && *done != Exit::kFine) exit = *done;
    app.streams().out << std::flush;
    return done.has_value();
  };
  if (!app.streams().in_is_terminal) {
    for (std::string line; std::getline(app.streams().in, line) && run(line);) {
    }
    return exit;
  }
  app.streams().out << "`help` lists the commands, Tab completes, Ctrl-D ends\n"
                    << std::flush;
  Editor editor(app);
  for (;;) {
    const std::optional<std::string> line = editor.read(prompt(app));
    if (!line.has_value()) {
      app.streams().out << "\n";
      return Exit::kFine;
    }
    if (!run(*line)) return Exit::kFine;
  }
}

}  // namespace kvctl
