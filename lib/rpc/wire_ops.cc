#include "rpc/wire_ops.h"

#include <algorithm>
#include <chrono>
#include <cstdint>
#include <utility>

#include "base/outcome_mark.h"

namespace kv::internal {
namespace {

namespace v1 = ::kvroute::v1;

struct OpWriter {
  v1::RouteRequest& to;

  void operator()(const Create& /*op*/) const { to.mutable_create(); }
  void operator()(const Lookup& /*op*/) const { to.mutable_lookup(); }
  void operator()(const Get& op) const { to.mutable_get()->set_key(op.key); }
  void operator()(const Put& op) const {
    to.mutable_put()->set_key(op.key);
    to.mutable_put()->set_value(op.value);
  }
  void operator()(const Delete& op) const {
    to.mutable_delete_()->set_key(op.key);
  }
  void operator()(const Drop& /*op*/) const { to.mutable_drop(); }
  void operator()(const CompareAndSet& op) const {
    v1::RouteRequest::CompareAndSet& message = *to.mutable_compare_and_set();
    message.set_key(op.key);
    if (op.expected.has_value()) message.set_expected(*op.expected);
    if (op.value.has_value()) message.set_value(*op.value);
  }
  void operator()(const Increment& op) const {
    to.mutable_increment()->set_key(op.key);
    to.mutable_increment()->set_by(op.by);
  }
  void operator()(const GetMany& op) const {
    to.mutable_get_many();
    for (const std::string& key : op.keys) to.mutable_get_many()->add_keys(key);
  }
  void operator()(const PutMany& op) const {
    to.mutable_put_many();
    for (const auto& [key, value] : op.pairs) {
      v1::Pair& pair = *to.mutable_put_many()->add_pairs();
      pair.set_key(key);
      pair.set_value(value);
    }
  }
  void operator()(const Scan& op) const {
    v1::RouteRequest::Scan& message = *to.mutable_scan();
    message.set_prefix(op.prefix);
    if (op.after.has_value()) message.set_after(*op.after);
    message.set_limit(op.limit);
  }
  void operator()(const Size& /*op*/) const { to.mutable_size(); }
  void operator()(const Whoami& /*op*/) const { to.mutable_whoami(); }
  void operator()(const Buckets& op) const {
    v1::RouteRequest::Buckets& message = *to.mutable_buckets();
    if (op.after.has_value()) message.set_after(*op.after);
    message.set_limit(op.limit);
  }
  void operator()(const GetTable& /*op*/) const { to.mutable_get_table(); }
  void operator()(const SetTable& op) const {
    to.mutable_set_table()->set_text(op.table.str());
  }
  void operator()(const ListOps& op) const {
    v1::RouteRequest::ListOps& message = *to.mutable_list_ops();
    if (op.after.has_value()) message.set_after(*op.after);
    message.set_limit(op.limit);
  }
  void operator()(const DescribeOp& op) const {
    to.mutable_describe_op()->set_name(op.name);
  }
  void operator()(const GetStats& /*op*/) const { to.mutable_get_stats(); }
  void operator()(const Apply& op) const {
    to.mutable_apply()->set_name(op.name);
    to.mutable_apply()->set_args(op.args);
  }
  void operator()(const TypedApply& op) const {
    v1::RouteRequest::Apply& message = *to.mutable_apply();
    message.set_name(op.name);
    message.set_args(op.args.bytes());
    message.mutable_signature()->set_version(op.signature.version);
    message.mutable_signature()->set_fields(op.signature.fields);
  }
};

struct ValueWriter {
  v1::RouteReply& to;

  void operator()(std::monostate /*nothing*/) const {}
  void operator()(std::string&& text) const { to.set_text(std::move(text)); }
  void operator()(std::optional<std::string>&& maybe) const {
    write(std::move(maybe), *to.mutable_maybe());
  }
  void operator()(const BucketRef& ref) const {
    to.mutable_ref()->set_node(ref.node().str());
    to.mutable_ref()->set_bucket(ref.name());
    to.mutable_ref()->set_id(ref.id());
  }
  void operator()(bool yes) const { to.set_yes(yes); }
  void operator()(std::int64_t number) const { to.set_number(number); }
  void operator()(std::uint64_t count) const { to.set_count(count); }
  void operator()(std::vector<std::optional<std::string>>&& values) const {
    to.mutable_maybes();
    for (std::optional<std::string>& value : values) {
      write(std::move(value), *to.mutable_maybes()->add_values());
    }
  }
  void operator()(
      std::vector<std::pair<std::string, std::string>>&& pairs) const {
    to.mutable_pairs();
    for (auto& [key, value] : pairs) {
      v1::Pair& pair = *to.mutable_pairs()->add_pairs();
      pair.set_key(std::move(key));
      pair.set_value(std::move(value));
    }
  }
  void operator()(const Payload& payload) const {
    to.set_text(payload.bytes());
  }
  void operator()(std::vector<std::string>&& texts) const {
    to.mutable_texts();
    for (std::string& text : texts) {
      to.mutable_texts()->add_texts(std::move(text));
    }
  }

  void operator()(const RoutingTable& table) const {
    to.set_table(table.str());
  }
  void operator()(const std::vector<OpInfo>& ops) const {
    to.mutable_ops();
    for (const OpInfo& info : ops) write(info, *to.mutable_ops()->add_ops());
  }
  void operator()(const OpDescription& op) const {
    write(op.info, *to.mutable_op()->mutable_info());
    to.mutable_op()->set_descriptors(op.descriptors);
  }

  void operator()(const Stats& stats) const {
    write(stats, *to.mutable_stats());
  }

  static void write(const Stats& stats, v1::Stats& message) {
    message.set_node(stats.node.str());
    message.set_uptime_nanoseconds(
        static_cast<std::uint64_t>(stats.uptime.count()));
    message.set_table_version(stats.table_version);
    message.set_table_entries(stats.table_entries);
    message.set_buckets(stats.buckets);
    message.set_calls(stats.calls);
    message.set_running_ops(stats.running_ops);
    message.set_waiting_ops(stats.waiting_ops);
    message.set_queued_ops(stats.queued_ops);
    message.set_queued_callbacks(stats.queued_callbacks);
    for (const PeerStats& it : stats.peers) {
      v1::Stats::Peer& peer = *message.add_peers();
      peer.set_node(it.node.str());
      peer.set_state(static_cast<std::uint32_t>(it.state));
      peer.set_calls(it.calls);
      peer.set_waiting(it.waiting);
      peer.set_answered(it.answered);
      peer.set_failed(it.failed);
      peer.set_sent_bytes(it.sent_bytes);
      peer.set_received_bytes(it.received_bytes);
      peer.set_last_error(it.last_error);
      peer.set_last_error_age_nanoseconds(
          static_cast<std::uint64_t>(it.last_error_age.count()));
    }
    for (const OpStats& it : stats.ops) write(it, *message.add_ops());
  }
  static void write(const OpStats& stats, v1::Stats::Op& message) {
    message.set_name(stats.op);
    message.set_of_host(stats.of_host);
    message.set_path(static_cast<std::uint32_t>(stats.path));
    message.set_code(static_cast<std::int32_t>(stats.code));
    message.set_outcome(static_cast<std::uint32_t>(stats.outcome));
    message.set_count(stats.count);
    message.set_sum_nanoseconds(
        static_cast<std::uint64_t>(stats.latency.sum().count()));
    for (std::size_t i = 0; i < Histogram::kCells; ++i) {
      if (stats.latency.cells()[i] == 0) continue;
      message.add_cells(static_cast<std::uint32_t>(i));
      message.add_counts(stats.latency.cells()[i]);
    }
  }
  static void write(const OpInfo& info, v1::OpInfo& message) {
    message.set_name(info.name);
    message.set_read_only(info.traits.read_only);
    message.set_idempotent(info.traits.idempotent);
    message.set_version(info.version);
    message.set_request(info.request);
    message.set_response(info.response);
  }
  static void write(std::optional<std::string>&& maybe,
                    v1::RouteReply::Maybe& message) {
    if (maybe.has_value()) message.set_value(*std::move(maybe));
  }
};

std::optional<std::string> read_maybe(v1::RouteReply::Maybe& message) {
  if (!message.has_value()) return std::nullopt;
  return std::move(*message.mutable_value());
}

template <typename Message>
std::optional<std::string> read_after(const Message& message) {
  if (!message.has_after()) return std::nullopt;
  return message.after();
}

OpInfo read_info(const v1::OpInfo& from) {
  return {from.name(),
          {from.read_only(), from.idempotent()},
          from.version(),
          from.request(),
          from.response()};
}

OpStats read_op(const v1::Stats::Op& from) {
  OpStats stats;
  stats.op = from.name();
  stats.of_host = from.of_host();
  stats.path = static_cast<CallPath>(from.path());
  stats.code = static_cast<absl::StatusCode>(from.code());
  stats.outcome = static_cast<Outcome>(from.outcome());
  stats.count = from.count();
  const int cells = std::min(from.cells_size(), from.counts_size());
  for (int i = 0; i < cells; ++i) {
    if (from.cells(i) >= Histogram::kCells) continue;
    stats.latency.add(from.cells(i), from.counts(i),
                      std::chrono::nanoseconds(0));
  }
  stats.latency.add(0, 0, std::chrono::nanoseconds(from.sum_nanoseconds()));
  return stats;
}

Stats read_stats(const v1::Stats& from) {
  Stats stats;
  stats.node = NodeName::parse(from.node()).value_or(NodeName());
  stats.uptime = std::chrono::nanoseconds(from.uptime_nanoseconds());
  stats.table_version = from.table_version();
  stats.table_entries = from.table_entries();
  stats.buckets = from.buckets();
  stats.calls = from.calls();
  stats.running_ops = from.running_ops();
  stats.waiting_ops = from.waiting_ops();
  stats.queued_ops = from.queued_ops();
  stats.queued_callbacks = from.queued_callbacks();
  for (const v1::Stats::Peer& it : from.peers()) {
    PeerStats& peer = stats.peers.emplace_back();
    peer.node = NodeName::parse(it.node()).value_or(NodeName());
    peer.state = static_cast<PeerState>(it.state());
    peer.calls = it.calls();
    peer.waiting = it.waiting();
    peer.answered = it.answered();
    peer.failed = it.failed();
    peer.sent_bytes = it.sent_bytes();
    peer.received_bytes = it.received_bytes();
    peer.last_error = it.last_error();
    peer.last_error_age =
        std::chrono::nanoseconds(it.last_error_age_nanoseconds());
  }
  for (const v1::Stats::Op& it : from.ops()) stats.ops.push_back(read_op(it));
  return stats;
}

absl::StatusOr<Op> read_set_table(const v1::RouteRequest::SetTable& from) {
  auto table = RoutingTable::parse(from.text());
  if (!table.ok()) return not_run(std::move(table).status());
  return SetTable{*std::move(table)};
}

Op read_compare_and_set(v1::RouteRequest::CompareAndSet& from) {
  CompareAndSet op;
  op.key = std::move(*from.mutable_key());
  if (from.has_expected()) op.expected = std::move(*from.mutable_expected());
  if (from.has_value()) op.value = std::move(*from.mutable_value());
  return op;
}

Op read_apply(v1::RouteRequest::Apply& from) {
  if (!from.has_signature()) {
    return Apply{std::move(*from.mutable_name()),
                 std::move(*from.mutable_args())};
  }
  return TypedApply{std::move(*from.mutable_name()),
                    Payload(std::move(*from.mutable_args())),
                    {from.signature().version(), from.signature().fields()}};
}

GetMany read_get_many(v1::RouteRequest::GetMany& from) {
  std::vector<std::string> keys;
  keys.reserve(static_cast<std::size_t>(from.keys_size()));
  for (std::string& key : *from.mutable_keys()) keys.push_back(std::move(key));
  return GetMany(std::move(keys));
}

Op read_put_many(v1::RouteRequest::PutMany& from) {
  PutMany op;
  op.pairs.reserve(static_cast<std::size_t>(from.pairs_size()));
  for (v1::Pair& pair : *from.mutable_pairs()) {
    op.pairs.emplace_back(std::move(*pair.mutable_key()),
                          std::move(*pair.mutable_value()));
  }
  return op;
}

}  // namespace

void write_op(const Op& op, v1::RouteRequest& to) {
  std::visit(OpWriter{to}, op);
}

absl::StatusOr<Op> read_op(v1::RouteRequest& from) {
  switch (from.op_case()) {
    case v1::RouteRequest::kCreate:
      return Create{};
    case v1::RouteRequest::kLookup:
      return Lookup{};
    case v1::RouteRequest::kGet:
      return Get{std::move(*from.mutable_get()->mutable_key())};
    case v1::RouteRequest::kPut:
      return Put{std::move(*from.mutable_put()->mutable_key()),
                 std::move(*from.mutable_put()->mutable_value())};
    case v1::RouteRequest::kDelete:
      return Delete{from.delete_().key()};
    case v1::RouteRequest::kDrop:
      return Drop{};
    case v1::RouteRequest::kCompareAndSet:
      return read_compare_and_set(*from.mutable_compare_and_set());
    case v1::RouteRequest::kIncrement:
      return Increment{from.increment().key(), from.increment().by()};
    case v1::RouteRequest::kGetMany:
      return read_get_many(*from.mutable_get_many());
    case v1::RouteRequest::kPutMany:
      return read_put_many(*from.mutable_put_many());
    case v1::RouteRequest::kScan:
      return Scan{from.scan().prefix(), read_after(from.scan()),
                  from.scan().limit()};
    case v1::RouteRequest::kSize:
      return Size{};
    case v1::RouteRequest::kWhoami:
      return Whoami{};
    case v1::RouteRequest::kBuckets:
      return Buckets{read_after(from.buckets()), from.buckets().limit()};
    case v1::RouteRequest::kGetTable:
      return GetTable{};
    case v1::RouteRequest::kSetTable:
      return read_set_table(from.set_table());
    case v1::RouteRequest::kGetStats:
      return GetStats{};
    case v1::RouteRequest::kListOps:
      return ListOps{read_after(from.list_ops()), from.list_ops().limit()};
    case v1::RouteRequest::kDescribeOp:
      return DescribeOp{from.describe_op().name()};
    case v1::RouteRequest::kApply:
      return read_apply(*from.mutable_apply());
    case v1::RouteRequest::OP_NOT_SET:
      break;
  }
  return not_run(absl::UnimplementedError(
      "the request has no operation that this version of kvroute knows"));
}

void write_value(Value value, v1::RouteReply& to) {
  std::visit(ValueWriter{to}, std::move(value));
}

Value read_value(v1::RouteReply& from) {
  switch (from.answer_case()) {
    case v1::RouteReply::kText:
      return std::move(*from.mutable_text());
    case v1::RouteReply::kMaybe:
      return read_maybe(*from.mutable_maybe());
    case v1::RouteReply::kRef: {
      auto node = NodeName::parse(from.ref().node());
      if (!node.ok()) break;
      return BucketRef(*std::move(node), from.ref().bucket(), from.ref().id());
    }
    case v1::RouteReply::kYes:
      return from.yes();
    case v1::RouteReply::kNumber:
      return std::int64_t{from.number()};
    case v1::RouteReply::kCount:
      return std::uint64_t{from.count()};
    case v1::RouteReply::kMaybes: {
      std::vector<std::optional<std::string>> values;
      for (v1::RouteReply::Maybe& it :
           *from.mutable_maybes()->mutable_values()) {
        values.push_back(read_maybe(it));
      }
      return values;
    }
    case v1::RouteReply::kPairs: {
      std::vector<std::pair<std::string, std::string>> pairs;
      for (v1::Pair& it : *from.mutable_pairs()->mutable_pairs()) {
        pairs.emplace_back(std::move(*it.mutable_key()),
                           std::move(*it.mutable_value()));
      }
      return pairs;
    }
    case v1::RouteReply::kTexts:
      return std::vector<std::string>(from.texts().texts().begin(),
                                      from.texts().texts().end());
    case v1::RouteReply::kTable: {
      auto table = RoutingTable::parse(from.table());
      if (!table.ok()) break;
      return *std::move(table);
    }
    case v1::RouteReply::kOps: {
      std::vector<OpInfo> ops;
      for (const v1::OpInfo& it : from.ops().ops()) {
        ops.push_back(read_info(it));
      }
      return ops;
    }
    case v1::RouteReply::kOp:
      return OpDescription{read_info(from.op().info()),
                           from.op().descriptors()};
    case v1::RouteReply::kStats:
      return read_stats(from.stats());
    case v1::RouteReply::kStatus:
    case v1::RouteReply::ANSWER_NOT_SET:
      break;
  }
  return std::monostate();
}

}  // namespace kv::internal
