// Operations that hosts have defined.
#include <kv/kv.h>

#include <memory>
#include <optional>
#include <sstream>
#include <string>
#include <vector>

#include "kvctl/commands.h"
#include "kvctl/typed_op.h"

namespace kvctl {
namespace {

struct Args {
  std::vector<std::string> words;  // [BUCKET] OP [ARGUMENT]
  std::string node;
  bool bytes = false;
};

// Where the operation runs: at a bucket's owner, or on a node.
struct Aim {
  std::string bucket;
  kv::NodeName node;

  template <typename Op>
  typename Op::Result run(Session& session, const Op& op,
                          const kv::CallOptions& options) const {
    return node.empty() ? session.router().route(bucket, op, options)
                        : session.router().call(node, op, options);
  }
};

// nullopt: from bytes to bytes. A usage_error() where only the owner's program
// knows the types.
absl::StatusOr<std::optional<TypedOp>> types_of(const kv::OpDescription& op) {
  if (op.info.request.empty()) return std::nullopt;
  if (op.descriptors.empty()) {
    return usage_error("op \"" + op.info.name + "\" takes a " +
                       op.info.request +
                       ", whose fields its node can't tell (the host was built "
                       "with protobuf's lite runtime): give the message's "
                       "bytes, with --bytes");
  }
  auto types = TypedOp::of(op);
  if (!types.ok()) return std::move(types).status();
  return std::optional<TypedOp>(*std::move(types));
}

void show(Context& context, const std::string& out, const std::string& answer,
          bool is_json) {
  Json json;
  if (!out.empty()) json["out"] = to_json(std::string_view(out));
  if (is_json) {
    json["answer"] = Json::parse(answer, nullptr, /*allow_exceptions=*/false);
    context.out.text(out);
    context.out.line(json, answer);
  } else {
    json["answer"] = to_json(std::string_view(answer));
    context.out.text(out);
    context.out.bytes(json, answer);
  }
}

Ending call(Context& context, const Args& args) {
  Session& session = context.session;
  Aim aim;
  std::size_t next = 0;
  if (args.node.empty()) {
    KVCTL_TRY(bucket, argument(context, args.words[next++]));
    aim.bucket = bucket;
  } else {
    KVCTL_TRY(node, session.node(args.node));
    aim.node = node;
  }
  if (next == args.words.size()) {
    return usage("which op?", "`kvctl ops` lists those of a node");
  }
  KVCTL_TRY(name, argument(context, args.words[next++]));
  std::string given;
  if (next < args.words.size()) {
    // JSON has escapes of its own.
    const std::string& word = args.words[next++];
    if (!args.bytes && word != "-") {
      given = word;
    } else {
      KVCTL_TRY(bytes, argument(context, word));
      given = bytes;
    }
  }
  if (next < args.words.size()) {
    return usage("too many arguments: \"" + args.words[next] + "\"",
                 "with --at NODE there is no BUCKET: `kvctl call --help`");
  }

  std::optional<TypedOp> types;
  if (!args.bytes) {
    KVCTL_TRY(op, aim.run(session, kv::DescribeOp{name}, session.options()));
    KVCTL_TRY(found, types_of(op));
    types = std::move(found);
  }
  std::string request = given;
  if (types.has_value()) {
    KVCTL_TRY(message, types->request(given));
    request = message;
  } else if (!args.bytes && !given.empty() && args.words.back() != "-") {
    KVCTL_TRY(bytes, argument(context, given));
    request = bytes;
  }
  std::ostringstream out;
  kv::CallOptions options = session.options();
  options.out = &out;
  const auto answer = aim.run(session, kv::Apply{name, request}, options);
  if (!answer.ok()) {
    context.out.text(out.str());
    return ending_of(answer.status());
  }
  if (!types.has_value()) {
    show(context, out.str(), *answer, false);
    return {};
  }
  KVCTL_TRY(json, types->response_json(*answer));
  show(context, out.str(), json, true);
  return {};
}

}  // namespace

void add_call_command(Commands& commands) {
  auto args = std::make_shared<Args>();
  CLI::App& command = commands.add(
      "call",
      "Runs an operation that the bucket's owner has defined. The argument is "
      "JSON where the operation is typed by protobuf messages, bytes else",
      "call shopping Shop.sell '{\"item\": \"milk\"}'",
      [args](Context& context) { return call(context, *args); });
  command
      .add_option("BUCKET", args->words,
                  "[BUCKET] OP [ARGUMENT]; an ARGUMENT of - is standard "
                  "input")
      ->required()
      ->expected(1, 3)
      ->type_name("");
  command.add_option("--at", args->node, "On this node; there is no BUCKET");
  command.add_flag("--bytes", args->bytes,
                   "Argument and answer are bytes, whatever the types");
}

}  // namespace kvctl
