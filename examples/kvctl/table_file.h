// Tables that the operator gives.
#ifndef KVCTL_TABLE_FILE_H_
#define KVCTL_TABLE_FILE_H_

#include <kv/routing_table.h>

#include <string>

#include "absl/status/statusor.h"
#include "kvctl/commands.h"

namespace kvctl {

// A table's text from a file, or from standard input if `file` is "-". A
// usage_error() which names file and line.
absl::StatusOr<kv::RoutingTable> read_table(Context& context,
                                            const std::string& file);

}  // namespace kvctl

#endif  // KVCTL_TABLE_FILE_H_
