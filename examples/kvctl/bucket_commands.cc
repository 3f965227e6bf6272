// What is done to buckets and their keys.
#include <kv/kv.h>

#include <algorithm>
#include <memory>
#include <string>
#include <utility>

#include "kvctl/commands.h"

namespace kvctl {
namespace {

struct Args {
  std::string bucket;
  std::string key;
  std::string value;
  std::int64_t by = 1;
  std::string expected;
  std::string prefix;
  std::string after;
  std::size_t limit = 100;
  std::string node;
  const CLI::Option* has_expected = nullptr;
  const CLI::Option* has_value = nullptr;
  const CLI::Option* has_after = nullptr;
};
using ArgsRun = Ending (*)(Context& context, const Args& args);

std::string in_quotes(const std::string& bytes) {
  return "\"" + escape(bytes) + "\"";
}

Ending no_such_key(const std::string& bucket, const std::string& key) {
  return not_found("bucket " + in_quotes(bucket) + " has no key " +
                   in_quotes(key));
}

Ending done(Context& context) {
  context.out.line({{"ok", true}}, "OK");
  return {};
}

Ending create(Context& context, const Args& args) {
  KVCTL_TRY(bucket, argument(context, args.bucket));
  KVCTL_TRY(ref, context.session.route(bucket, kv::Create{}));
  context.out.line({{"bucket", to_json(std::string_view(ref.name()))},
                    {"node", ref.node().str()}},
                   escape(ref.name()) + " lives on " + ref.node().str());
  return {};
}

Ending get(Context& context, const Args& args) {
  KVCTL_TRY(bucket, argument(context, args.bucket));
  KVCTL_TRY(key, argument(context, args.key));
  KVCTL_TRY(value, context.session.route(bucket, kv::Get{key}));
  if (!value.has_value()) return no_such_key(bucket, key);
  context.out.bytes({{"value", to_json(value)}}, *value);
  return {};
}

Ending put(Context& context, const Args& args) {
  KVCTL_TRY(bucket, argument(context, args.bucket));
  KVCTL_TRY(key, argument(context, args.key));
  KVCTL_TRY(value, argument(context, args.value));
  const absl::Status status =
      context.session.route(bucket, kv::Put{key, value});
  return status.ok() ? done(context) : ending_of(status);
}

Ending del(Context& context, const Args& args) {
  KVCTL_TRY(bucket, argument(context, args.bucket));
  KVCTL_TRY(key, argument(context, args.key));
  KVCTL_TRY(value, context.session.route(bucket, kv::Delete{key}));
  if (!value.has_value()) return no_such_key(bucket, key);
  context.out.bytes({{"deleted", to_json(value)}}, *value);
  return {};
}

Ending drop(Context& context, const Args& args) {
  KVCTL_TRY(bucket, argument(context, args.bucket));
  const absl::Status status = context.session.route(bucket, kv::Drop{});
  return status.ok() ? done(context) : ending_of(status);
}

Ending incr(Context& context, const Args& args) {
  KVCTL_TRY(bucket, argument(context, args.bucket));
  KVCTL_TRY(key, argument(context, args.key));
  KVCTL_TRY(sum, context.session.route(bucket, kv::Increment{key, args.by}));
  context.out.line({{"value", sum}}, std::to_string(sum));
  return {};
}

Ending cas(Context& context, const Args& args) {
  KVCTL_TRY(bucket, argument(context, args.bucket));
  KVCTL_TRY(key, argument(context, args.key));
  kv::CompareAndSet op{key};
  if (args.has_expected->count() > 0) {
    KVCTL_TRY(expected, argument(context, args.expected));
    op.expected = expected;
  }
  if (args.has_value->count() > 0) {
    KVCTL_TRY(value, argument(context, args.value));
    op.value = value;
  }
  KVCTL_TRY(did, context.session.route(bucket, op));
  if (did) return done(context);
  return not_found("key " + in_quotes(key) + " of bucket " + in_quotes(bucket) +
                       (op.expected.has_value() ? " has another value"
                                                : " has a value already"),
                   "`kvctl get` shows the present one");
}

// Up to `limit` pairs, page by page; smaller pages where they are too large.
absl::StatusOr<kv::Scan::Value> scan_all(Context& context,
                                         const std::string& bucket,
                                         const std::string& prefix,
                                         std::optional<std::string> after,
                                         std::size_t limit) {
  kv::Scan::Value all;
  std::size_t page_size = 1000;
  while (all.size() < limit) {
    const std::size_t wanted = std::min(page_size, limit - all.size());
    auto page = context.session.route(bucket, kv::Scan{prefix, after, wanted});
    if (absl::IsResourceExhausted(page.status()) && page_size > 1) {
      page_size = std::max<std::size_t>(page_size / 4, 1);
      continue;
    }
    if (!page.ok()) return page;
    if (!page->empty()) after = page->back().first;
    const bool last = page->size() < wanted;
    std::move(page->begin(), page->end(), std::back_inserter(all));
    if (last) break;
  }
  return all;
}

Ending scan(Context& context, const Args& args) {
  KVCTL_TRY(bucket, argument(context, args.bucket));
  KVCTL_TRY(prefix, argument(context, args.prefix));
  std::optional<std::string> after;
  if (args.has_after->count() > 0) {
    KVCTL_TRY(key, argument(context, args.after));
    after = key;
  }
  KVCTL_TRY(pairs, scan_all(context, bucket, prefix, after, args.limit));
  Json json = Json::array();
  Columns columns({"KEY", "VALUE"});
  for (const auto& [key, value] : pairs) {
    json.push_back({{"key", to_json(std::string_view(key))},
                    {"value", to_json(std::string_view(value))}});
    columns.add({escape(key), escape(value)});
  }
  context.out.columns(json, columns);
  if (pairs.size() == args.limit) {
    context.out.err() << "hint: there may be more: --after "
                      << escape(pairs.empty() ? "" : pairs.back().first)
                      << ", or a higher --limit\n";
  }
  return {};
}

Ending buckets(Context& context, const Args& args) {
  KVCTL_TRY(node, context.session.node(args.node));
  std::optional<std::string> after;
  if (args.has_after->count() > 0) {
    KVCTL_TRY(name, argument(context, args.after));
    after = name;
  }
  Json json = Json::array();
  std::size_t shown = 0;
  std::string text;
  while (shown < args.limit) {
    const std::size_t wanted = std::min<std::size_t>(args.limit - shown, 1000);
    KVCTL_TRY(page, context.session.call(node, kv::Buckets{after, wanted}));
    for (const std::string& name : page) {
      json.push_back(to_json(std::string_view(name)));
      text += escape(name) + "\n";
    }
    shown += page.size();
    if (page.size() < wanted) break;
    after = page.back();
  }
  if (context.out.json()) context.out.line(json, "");
  context.out.text(text);
  return {};
}

// A command with a bucket and, if `key` is set, a key.
CLI::App& add(Commands& commands, const std::string& name,
              const std::string& description, const std::string& example,
              const std::shared_ptr<Args>& args, ArgsRun run,
              bool key = false) {
  CLI::App& command = commands.add(
      name, description, example,
      [args, run](Context& context) { return run(context, *args); });
  command.add_option("BUCKET", args->bucket, "The bucket's name")->required();
  if (key) command.add_option("KEY", args->key, "The key")->required();
  return command;
}

constexpr char kValueHelp[] = "The value; - takes standard input";

void add_cas(Commands& commands) {
  auto args = std::make_shared<Args>();
  CLI::App& command =
      add(commands, "cas",
          "Changes the value of a key if it is what you expect. Without "
          "--expected: if there is none; without --value: removes it",
          "cas shopping milk --expected 1 --value 2", args, cas, true);
  args->has_expected =
      command.add_option("--expected", args->expected, "The present value");
  args->has_value = command.add_option("--value", args->value, kValueHelp);
}

void add_listings(Commands& commands) {
  auto args = std::make_shared<Args>();
  CLI::App& pairs =
      add(commands, "scan", "Lists the keys of a bucket and their values",
          "scan shopping --prefix m", args, scan);
  pairs.add_option("--prefix", args->prefix, "Only keys that begin so");
  args->has_after =
      pairs.add_option("--after", args->after, "Only keys behind this one");
  pairs.add_option("--limit", args->limit, "At most so many")
      ->capture_default_str();

  auto names = std::make_shared<Args>();
  CLI::App& command = commands.add(
      "buckets", "Lists the buckets that live on a node",
      "buckets bar@127.0.0.1:4002",
      [names](Context& context) { return buckets(context, *names); });
  command.add_option("NODE", names->node, "Which node; else the one asked");
  names->has_after =
      command.add_option("--after", names->after, "Only names behind this one");
  names->limit = 10000;
  command.add_option("--limit", names->limit, "At most so many")
      ->capture_default_str();
}

}  // namespace

void add_bucket_commands(Commands& commands) {
  add(commands, "create", "Makes a bucket, if there is none of that name",
      "create shopping", std::make_shared<Args>(), create);
  add(commands, "get", "Shows the value of a key", "get shopping milk",
      std::make_shared<Args>(), get, true);
  auto args = std::make_shared<Args>();
  add(commands, "put", "Sets the value of a key", "put shopping milk 1", args,
      put, true)
      .add_option("VALUE", args->value, kValueHelp)
      ->required();
  add(commands, "delete", "Removes a key, and shows the value it had",
      "delete shopping milk", std::make_shared<Args>(), del, true);
  add(commands, "drop", "Removes a bucket with all its keys", "drop shopping",
      std::make_shared<Args>(), drop);
  args = std::make_shared<Args>();
  add(commands, "incr", "Adds to a number, and shows the sum",
      "incr shopping visits 2", args, incr, true)
      .add_option("BY", args->by, "How much; may be negative")
      ->capture_default_str();
  add_cas(commands);
  add_listings(commands);
}

}  // namespace kvctl
