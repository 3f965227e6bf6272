// What a half-written command line may go on with.
#ifndef KVCTL_COMPLETION_H_
#define KVCTL_COMPLETION_H_

#include <CLI/App.hpp>
#include <CLI/Config.hpp>
#include <CLI/Formatter.hpp>
#include <string>
#include <vector>

namespace kvctl {

// What the word behind `words` may be: fixed ones, and what only the cluster
// can tell.
struct Candidates {
  std::vector<std::string> words;  // commands, options
  bool buckets = false;
  bool nodes = false;
  bool files = false;
};
Candidates candidates(const CLI::App& root,
                      const std::vector<std::string>& words);

// A script for bash, which asks the cluster for buckets and nodes where
// --node or KVCTL_NODE says which.
std::string bash_completion(const CLI::App& root);

}  // namespace kvctl

#endif  // KVCTL_COMPLETION_H_
