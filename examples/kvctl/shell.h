// kvctl without a command: a shell.
#ifndef KVCTL_SHELL_H_
#define KVCTL_SHELL_H_

#include "kvctl/app.h"

namespace kvctl {

// Reads commands, a line each, until the end of the input or `exit`: on a
// terminal with history and completion, else without prompts. The exit code is
// that of the last command that failed.
Exit run_shell(App& app);

}  // namespace kvctl

#endif  // KVCTL_SHELL_H_
