// The words of a line of the shell.
#ifndef KVCTL_WORDS_H_
#define KVCTL_WORDS_H_

#include <string>
#include <string_view>
#include <vector>

#include "absl/status/statusor.h"

namespace kvctl {

// Blanks part words; quotes, double or single, keep them together, and only
// single ones keep backslashes from meaning anything: 'a\b' is a\\b. A
// backslash and what follows it stay as they are, for unescape(). `#` at the
// beginning of a word begins a comment. kInvalidArgument: a quote without its
// other.
absl::StatusOr<std::vector<std::string>> split_words(std::string_view line);

// `bytes` as one word of a line: unescape(split_words(word)[0]) == bytes.
std::string as_word(std::string_view bytes);

}  // namespace kvctl

#endif  // KVCTL_WORDS_H_
