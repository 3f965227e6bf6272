// kvctl: a tool for people who look after a cluster. `kvctl --help`
#include <unistd.h>

#include <cstdlib>
#include <iostream>
#include <string>
#include <vector>

#include "kvctl/app.h"
#include "kvctl/shell.h"

int main(int argc, char** argv) {
  // What gRPC has to say of connections that fail comes as an error of ours.
  // NOLINTNEXTLINE(concurrency-mt-unsafe): before any thread starts
  setenv("GRPC_VERBOSITY", "NONE", /*overwrite=*/0);
  std::ios::sync_with_stdio(false);
  kvctl::App app({std::cin, std::cout, std::cerr, isatty(STDIN_FILENO) == 1,
                  isatty(STDOUT_FILENO) == 1, isatty(STDERR_FILENO) == 1});
  kvctl::Exit exit = app.run(std::vector<std::string>(argv + 1, argv + argc));
  if (app.shell_wanted()) exit = kvctl::run_shell(app);
  std::cout << std::flush;
  return std::cout ? static_cast<int>(exit) : 1;
}
