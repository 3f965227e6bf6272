#include "kvctl/completion.h"

#include <algorithm>
#include <sstream>

namespace kvctl {
namespace {

std::vector<const CLI::App*> commands_of(const CLI::App& app) {
  return app.get_subcommands([](const CLI::App*) { return true; });
}

const CLI::App* command_of(const CLI::App& app, const std::string& name) {
  for (const CLI::App* command : commands_of(app)) {
    if (command->get_name() == name) return command;
  }
  return nullptr;
}

std::vector<const CLI::Option*> options_of(const CLI::App& app) {
  return app.get_options([](const CLI::Option*) { return true; });
}

void add_options(const CLI::App& app, std::vector<std::string>& words) {
  for (const CLI::Option* option : options_of(app)) {
    for (const std::string& name : option->get_lnames()) {
      words.push_back("--" + name);
    }
  }
}

// The option that takes the word behind `word`, if it takes one.
const CLI::Option* option_of(const CLI::App& root, const CLI::App& app,
                             const std::string& word) {
  if (word.size() < 2 || word[0] != '-') return nullptr;
  for (const CLI::App* it : {&app, &root}) {
    for (const CLI::Option* option : options_of(*it)) {
      if (option->check_name(word) && option->get_items_expected_max() > 0) {
        return option;
      }
    }
  }
  return nullptr;
}

// The names of the positional arguments, each as often as it may be given.
std::vector<std::string> positionals_of(const CLI::App& app) {
  constexpr int kMany = 16;
  std::vector<std::string> names;
  for (const CLI::Option* option : options_of(app)) {
    if (!option->get_positional()) continue;
    const int most = std::min(option->get_items_expected_max(), kMany);
    for (int i = 0; i < most; ++i) {
      names.push_back(option->get_name(/*positional=*/true));
    }
  }
  return names;
}

void add_values(const std::string& name, Candidates& to) {
  to.buckets = to.buckets || name == "BUCKET";
  to.nodes = to.nodes || name == "NODE" || name == "--node" || name == "--at";
  to.files = to.files || name == "FILE" || name == "--next";
  if (name == "SHELL") to.words.emplace_back("bash");
  if (name == "--colour") to.words = {"auto", "always", "never"};
}

std::string joined(const std::vector<std::string>& words) {
  std::string text;
  for (const std::string& word : words)
    text += (text.empty() ? "" : " ") + word;
  return text;
}

// A case of the script for one command: its words, and what its positional
// arguments are.
void write_case(const CLI::App& root, const std::vector<std::string>& path,
                std::ostream& out) {
  const CLI::App* app = &root;
  for (const std::string& name : path) app = command_of(*app, name);
  std::vector<std::string> words;
  for (const CLI::App* command : commands_of(*app)) {
    words.push_back(command->get_name());
  }
  add_options(*app, words);
  if (app != &root) add_options(root, words);
  out << "    '" << joined(path) << "') words='" << joined(words)
      << "' places='" << joined(positionals_of(*app)) << "' ;;\n";
}

}  // namespace

Candidates candidates(const CLI::App& root,
                      const std::vector<std::string>& words) {
  Candidates result;
  const CLI::App* app = &root;
  std::size_t given = 0;
  const CLI::Option* wants = nullptr;
  for (const std::string& word : words) {
    if (wants != nullptr) {
      wants = nullptr;
      continue;
    }
    wants = option_of(root, *app, word);
    if (wants != nullptr || word.substr(0, 1) == "-") continue;
    const CLI::App* const command =
        given == 0 ? command_of(*app, word) : nullptr;
    if (command != nullptr) {
      app = command;
    } else {
      ++given;
    }
  }
  if (wants != nullptr) {
    add_values("--" + (wants->get_lnames().empty() ? std::string()
                                                   : wants->get_lnames()[0]),
               result);
    return result;
  }
  if (given == 0) {
    for (const CLI::App* command : commands_of(*app)) {
      result.words.push_back(command->get_name());
    }
  }
  const std::vector<std::string> places = positionals_of(*app);
  if (given < places.size()) add_values(places[given], result);
  add_options(*app, result.words);
  if (app != &root) add_options(root, result.words);
  return result;
}

std::string bash_completion(const CLI::App& root) {
  std::ostringstream cases;
  std::string with_value;
  write_case(root, {}, cases);
  for (const CLI::App* command : commands_of(root)) {
    write_case(root, {command->get_name()}, cases);
    for (const CLI::App* inner : commands_of(*command)) {
      write_case(root, {command->get_name(), inner->get_name()}, cases);
    }
  }
  std::vector<const CLI::App*> apps = commands_of(root);
  apps.push_back(&root);
  for (const CLI::App* app : apps) {
    for (const CLI::Option* option : options_of(*app)) {
      if (option->get_positional() || option->get_items_expected_max() == 0) {
        continue;
      }
      for (const std::string& name : option->get_lnames()) {
        with_value += (with_value.empty() ? "--" : "|--") + name;
      }
      for (const std::string& name : option->get_snames()) {
        with_value += "|-" + name;
      }
    }
  }
  return R"bash(# Completion of kvctl for bash: source <(kvctl completion bash)
_kvctl() {
  # Words by blanks alone: node names have colons.
  local line=${COMP_LINE:0:COMP_POINT} all cur path='' places='' words='' node=() given=0 i
  read -ra all <<<"$line"
  [[ $line == *[[:blank:]] ]] && all+=('')
  cur=${all[-1]}
  for ((i = 1; i < ${#all[@]} - 1; ++i)); do
    case ${all[i]} in
      -n|--node) node+=(--node "${all[++i]}") ;;
      )bash" +
         with_value + R"bash() ((++i)) ;;
      -*) ;;
      *) if ((given == 0)) && _kvctl_case "${path:+$path }${all[i]}"; then
           path=${path:+$path }${all[i]}
         else
           ((++given))
         fi ;;
    esac
  done
  local what=''
  _kvctl_case "$path"
  if ((i >= ${#all[@]})); then  # the value of an option
    words=''
    case ${all[-2]} in
      -n|--node|--at) what=NODE ;;
      --next) what=FILE ;;
      --colour|--color) words='auto always never' ;;
    esac
  else
    read -ra places <<<"$places"
    what=${places[given]-}
    ((given == 0)) || [[ $cur == -* ]] || words=''
  fi
  case $what in
    BUCKET) words+=" $(kvctl "${node[@]}" --timeout 1 buckets --limit 1000 2>/dev/null)" ;;
    NODE) words+=" $(kvctl "${node[@]}" --timeout 1 --json nodes 2>/dev/null |
      grep -o '"node":"[^"]*"' | cut -d'"' -f4)" ;;
    SHELL) words+=' bash' ;;
  esac
  if [[ $what == FILE ]]; then
    mapfile -t COMPREPLY < <(compgen -f -- "$cur"; compgen -W "$words" -- "$cur")
  else
    mapfile -t COMPREPLY < <(compgen -W "$words" -- "$cur")
  fi
  # bash puts a reply in the place of what stands behind the last colon or at.
  local kept=${cur%"${cur##*[:@]}"}
  [[ $COMP_WORDBREAKS == *[:@]* ]] && COMPREPLY=("${COMPREPLY[@]#"$kept"}")
  return 0
}
_kvctl_case() {
  case $1 in
)bash" + cases.str() +
         R"bash(    *) return 1 ;;
  esac
}
complete -o default -F _kvctl kvctl
)bash";
}

}  // namespace kvctl
