// What kvctl says: for people, aligned and in colour on a terminal, or JSON.
#ifndef KVCTL_OUTPUT_H_
#define KVCTL_OUTPUT_H_

#include <cstddef>
#include <ostream>
#include <string>
#include <string_view>
#include <vector>

#include "kvctl/bytes.h"
#include "kvctl/ending.h"

namespace kvctl {

// Rows of one form, in columns as wide as their widest cell.
class Columns {
 public:
  explicit Columns(std::vector<std::string> titles)
      : rows_{std::move(titles)} {}

  void add(std::vector<std::string> row) { rows_.push_back(std::move(row)); }
  std::string str(bool colour) const;

 private:
  std::vector<std::vector<std::string>> rows_;
};

// As many places as `text` takes on a terminal, if its characters are narrow.
std::size_t width(std::string_view text);

struct OutputOptions {
  bool json = false;
  bool raw = false;  // bytes as they are, without an end of line
  bool colour = false;
};

class Output {
 public:
  Output(std::ostream& out, std::ostream& err, OutputOptions options)
      : out_(out), err_(err), options_(options) {}

  bool json() const { return options_.json; }
  bool raw() const { return options_.raw; }
  std::ostream& err() { return err_; }

  // One of each pair is shown.
  void line(const Json& json, const std::string& text);
  void columns(const Json& json, const Columns& columns);
  // More of them for people, what `json` of the first ones holds already.
  void more_columns(const Columns& columns);
  // A value, escaped unless raw.
  void bytes(const Json& json, std::string_view bytes);
  // Text for people only, as it is.
  void text(std::string_view text);

  // On standard error.
  void failed(const Ending& ending);

 private:
  std::string red(const std::string& text) const;

  std::ostream& out_;
  std::ostream& err_;
  const OutputOptions options_;
};

}  // namespace kvctl

#endif  // KVCTL_OUTPUT_H_
