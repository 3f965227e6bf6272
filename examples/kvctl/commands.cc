#include "kvctl/commands.h"

#include <iterator>
#include <utility>

namespace kvctl {

CLI::App& Commands::add(CLI::App& parent, const std::string& name,
                        const std::string& description,
                        const std::string& example, Run run) {
  CLI::App& command = *parent.add_subcommand(name, description);
  command.footer("Example:\n  kvctl --node foo@127.0.0.1:4001 " + example);
  command.callback([this, run = std::move(run), &command] {
    // A command with commands of its own runs only if none of them was given.
    if (!command.get_subcommands().empty()) return;
    chosen_ = run;
  });
  return command;
}

absl::StatusOr<std::string> argument(Context& context,
                                     const std::string& text) {
  if (text == "-") {
    return std::string(std::istreambuf_iterator<char>(context.in), {});
  }
  if (context.out.raw()) return text;
  auto bytes = unescape(text);
  if (bytes.ok()) return bytes;
  return usage_error(std::string(bytes.status().message()) +
                     "; a backslash is written \\\\, or use --raw");
}

}  // namespace kvctl
