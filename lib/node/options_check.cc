#include "node/options_check.h"

#include <algorithm>
#include <chrono>
#include <string>
#include <string_view>

#include "absl/strings/str_cat.h"
#include "base/strings.h"

namespace kv::internal {
namespace {

// protobuf takes no message of 2 GiB.
constexpr std::size_t kMostBytes = 1024 * 1024 * 1024;
// Half of it is more than the pause that every node allows between two pings.
constexpr std::chrono::milliseconds kLeastKeepalive{500};
// Names, path and framing of a message.
constexpr std::size_t kMessageRest = 128 * 1024;

bool is_loopback(std::string_view host) {
  const bool is_number =
      host.find_first_not_of("0123456789.") == std::string_view::npos;
  return host == "localhost" || host == "::1" ||
         (is_number && host.substr(0, 4) == "127.");
}

absl::Status check_range(const char* field, std::size_t value,
                         std::size_t least, std::size_t most) {
  if (value >= least && value <= most) return absl::OkStatus();
  return absl::InvalidArgumentError(absl::StrCat("NodeOptions::", field, " is ",
                                                 value, ", not from ", least,
                                                 " to ", most));
}

absl::Status check_time(const char* field, std::chrono::milliseconds value,
                        std::chrono::milliseconds least) {
  if (value >= least && value <= std::chrono::hours(1)) {
    return absl::OkStatus();
  }
  return absl::InvalidArgumentError(
      absl::StrCat("NodeOptions::", field, " is ", value.count(),
                   " ms, not from ", least.count(), " ms to one hour"));
}

absl::Status check_times(const NodeOptions& options) {
  const std::chrono::milliseconds one(1);
  absl::Status status =
      check_time("connect_timeout", options.connect_timeout, one);
  if (!status.ok()) return status;
  status = check_time("max_reconnect_pause", options.max_reconnect_pause, one);
  if (!status.ok()) return status;
  status = check_time("max_queue_delay", options.max_queue_delay, one);
  if (!status.ok()) return status;
  return check_time("keepalive", options.keepalive, kLeastKeepalive);
}

absl::Status check_limits(const NodeOptions& options) {
  const struct {
    const char* field;
    std::size_t value;
    std::size_t least;
    std::size_t most;
  } checks[] = {
      {"max_bucket_name_bytes", options.max_bucket_name_bytes, 1, 64 * 1024},
      {"max_key_bytes", options.max_key_bytes, 0, kMostBytes / 8},
      {"max_value_bytes", options.max_value_bytes, 0, kMostBytes},
      {"max_op_name_bytes", options.max_op_name_bytes, 1, 64 * 1024},
      {"max_args_bytes", options.max_args_bytes, 0, kMostBytes},
      {"max_out_bytes", options.max_out_bytes, 0, kMostBytes / 8},
      {"max_calls", options.max_calls, 1, kMostBytes},
      {"max_calls_per_peer", options.max_calls_per_peer, 1, kMostBytes},
      {"max_queued_bytes", options.max_queued_bytes, 1, 1024 * kMostBytes},
      {"max_calls_per_bucket", options.max_calls_per_bucket, 1, kMostBytes},
      {"op_threads", options.op_threads, 1, 4096},
      {"max_waiting_ops", options.max_waiting_ops, 1, 4096},
      {"max_queued_ops", options.max_queued_ops, 1, kMostBytes},
      {"callback_threads", options.callback_threads, 1, 4096},
      {"max_connections", options.max_connections, 1, kMostBytes},
      {"io_threads", options.io_threads, 1, 64},
      {"max_trips_per_peer", options.max_trips_per_peer, 1, 1024},
      {"max_trip_ops", options.max_trip_ops, 1, 64 * 1024},
      {"max_trip_bytes", options.max_trip_bytes, 1024, kMostBytes / 8},
  };
  for (const auto& check : checks) {
    absl::Status status =
        check_range(check.field, check.value, check.least, check.most);
    if (!status.ok()) return status;
  }
  constexpr std::chrono::milliseconds kMostBusyPoll{10};
  if (options.busy_poll.count() < 0 || options.busy_poll > kMostBusyPoll) {
    return absl::InvalidArgumentError(absl::StrCat("NodeOptions::busy_poll is ",
                                                   options.busy_poll.count(),
                                                   " us, not from 0 to 10 ms"));
  }
  if (options.retry_budget >= 0 && options.retry_budget <= 1) {
    return absl::OkStatus();
  }
  return absl::InvalidArgumentError(
      absl::StrCat("NodeOptions::retry_budget is ", options.retry_budget,
                   ", not from 0 to 1"));
}

std::size_t largest_message(const NodeOptions& options) {
  return std::max(options.max_value_bytes + options.max_key_bytes,
                  options.max_args_bytes + options.max_out_bytes) +
         options.max_bucket_name_bytes + options.max_op_name_bytes +
         options.max_trip_bytes + kMessageRest;
}

absl::Status check_client(const NodeOptions& options, const NodeName& name) {
  if (name.port() != 0) {
    return absl::InvalidArgumentError(absl::StrCat(
        "NodeOptions::name is ", quoted(options.name),
        ", but nobody can dial a client, so that its port must be 0"));
  }
  if (!options.listen.empty()) {
    return absl::InvalidArgumentError(
        absl::StrCat("NodeOptions::listen is ", quoted(options.listen),
                     ", but a client does not listen"));
  }
  return absl::OkStatus();
}

absl::Status check_listening(const NodeOptions& options, const NodeName& name) {
  std::string_view host = name.host();
  absl::StatusOr<NodeName> listen = name;
  if (!options.listen.empty()) {
    listen = NodeName::parse("listen@" + options.listen);
    if (!listen.ok() || listen->port() == 0) {
      return absl::InvalidArgumentError(
          absl::StrCat("NodeOptions::listen is ", quoted(options.listen),
                       ", not \"host:port\" with a port from 1 to 65535"));
    }
    if (name.port() == 0) {
      return absl::InvalidArgumentError(absl::StrCat(
          "NodeOptions::name is ", quoted(options.name),
          ", but only a node that listens at its own name can take port 0"));
    }
    host = listen->host();
  }
  if (!is_loopback(host) && !options.tls.has_value() && !options.insecure) {
    return absl::FailedPreconditionError(
        absl::StrCat("listening on ", to_absl(host),
                     " without TLS lets anybody who reaches it in: set "
                     "NodeOptions::tls, or NodeOptions::insecure if that is "
                     "meant, or listen on loopback"));
  }
  return absl::OkStatus();
}

}  // namespace

absl::StatusOr<NodeName> check_options(const NodeOptions& options) {
  absl::StatusOr<NodeName> name = NodeName::parse(options.name);
  if (!name.ok()) return name;
  absl::Status status = options.client ? check_client(options, *name)
                                       : check_listening(options, *name);
  if (!status.ok()) return status;
  status = check_times(options);
  if (status.ok()) status = check_limits(options);
  if (!status.ok()) return status;
  return name;
}

std::size_t max_message_bytes(const NodeOptions& options) {
  return std::max(largest_message(options), largest_message(NodeOptions()));
}

}  // namespace kv::internal
