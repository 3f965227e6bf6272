#include "node/host_op.h"

#include <algorithm>
#include <exception>
#include <optional>
#include <ostream>
#include <streambuf>
#include <string>
#include <utility>

#include "absl/strings/str_cat.h"
#include "base/outcome_mark.h"
#include "base/strings.h"
#include "data/transaction.h"
#include "exec/current_op.h"
#include "exec/signature.h"

namespace kv::internal {
namespace {

// Collects at most `limit` bytes, then fails.
class BoundedBuffer final : public std::streambuf {
 public:
  explicit BoundedBuffer(std::size_t limit) : limit_(limit) {}

  std::string take() { return std::move(text_); }

 private:
  std::streamsize xsputn(const char* bytes, std::streamsize count) override {
    const std::size_t taken = std::min<std::size_t>(
        static_cast<std::size_t>(count), limit_ - text_.size());
    text_.append(bytes, taken);
    return static_cast<std::streamsize>(taken);
  }
  int_type overflow(int_type byte) override {
    if (traits_type::eq_int_type(byte, traits_type::eof())) {
      return traits_type::not_eof(byte);
    }
    const char it = traits_type::to_char_type(byte);
    return xsputn(&it, 1) == 1 ? byte : traits_type::eof();
  }

  const std::size_t limit_;
  std::string text_;
};

class Context final : public OpContext {
 public:
  Context(Call& call, StoredBucket* bucket, OpTraits traits)
      : call_(call), buffer_(call.core().limits().out_bytes), out_(&buffer_) {
    if (bucket != nullptr) {
      transaction_.emplace(bucket->name(), bucket->contents().pairs,
                           bucket->limits(), traits.read_only);
    }
  }

  Bucket* bucket() override {
    return transaction_.has_value() ? &*transaction_ : nullptr;
  }
  std::string_view bucket_name() const override {
    return call_.request().bucket;
  }
  std::ostream& out() override { return out_; }
  Router& router() override { return call_.core().router(); }
  bool cancelled() const override {
    return call_.ended() || Clock::now() >= deadline();
  }
  std::chrono::steady_clock::time_point deadline() const override {
    return call_.request().deadline;
  }
  std::optional<TraceContext> traceparent() const override {
    return call_.request().trace;
  }

  // What it tried to do without having a way to hear that it must not.
  absl::Status refused() const {
    return transaction_.has_value() ? transaction_->refused()
                                    : absl::OkStatus();
  }
  void commit() {
    if (transaction_.has_value()) transaction_->commit();
  }
  std::string take_out() { return buffer_.take(); }

 private:
  Call& call_;
  BoundedBuffer buffer_;
  std::ostream out_;
  std::optional<Transaction> transaction_;
};

const std::string& name_of(const Op& op) {
  const auto* const bytes = std::get_if<Apply>(&op);
  return bytes != nullptr ? bytes->name : std::get<TypedApply>(op).name;
}

absl::Status threw(const Op& op, const char* what) {
  return absl::InternalError(
      absl::StrCat("op ", quoted(name_of(op)), " threw: ", what));
}

absl::StatusOr<Payload> invoke(const Op& op, const HostOp& host_op,
                               const Payload& args, Context& context) {
  try {
    return host_op.function.run(context, args);
  } catch (const std::exception& error) {
    return threw(op, error.what());
  } catch (...) {
    return threw(op, "something that is no std::exception");
  }
}

// As the caller wants it: an object stays one only for a caller with types.
absl::StatusOr<Value> answer_of(const Op& op, Payload answer,
                                std::size_t limit) {
  const bool typed = std::holds_alternative<TypedApply>(op);
  if (typed && answer.object() != nullptr) return Value(std::move(answer));
  std::string bytes = answer.bytes();
  if (bytes.size() > limit) {
    return absl::ResourceExhaustedError(
        absl::StrCat("the answer of op ", quoted(name_of(op)), " has ",
                     bytes.size(), " bytes, over the limit of ", limit));
  }
  return Value(std::move(bytes));
}

}  // namespace

absl::StatusOr<Payload> args_of(const HostOp& host_op, const Op& op) {
  Payload args;
  if (const auto* const bytes = std::get_if<Apply>(&op)) {
    args = Payload(bytes->args);
  } else {
    const auto& typed = std::get<TypedApply>(op);
    absl::Status status = check_signatures(typed.signature, host_op.signature);
    if (!status.ok()) {
      return absl::InvalidArgumentError(
          absl::StrCat("caller and owner disagree about op ",
                       quoted(typed.name), ": ", status.message()));
    }
    args = typed.args;
  }
  return host_op.function.parse ? host_op.function.parse(args) : args;
}

void execute_host_op(Call& call, const HostOp& host_op, const Payload& args,
                     StoredBucket* bucket) {
  const Op& op = call.request().op;
  Context context(call, bucket, host_op.traits);
  std::vector<Held> held = call.request().held;
  held.push_back({call.core().self(), bucket == nullptr ? "" : bucket->name()});

  absl::StatusOr<Payload> payload;
  {
    const CurrentOp current(
        std::move(held), call.request().deadline,
        [outer = call.shared_from_this()](
            const std::shared_ptr<Cancellable>& inner) { outer->adopt(inner); },
        call.request().trace);
    payload = invoke(op, host_op, args, context);
  }
  if (!context.refused().ok()) payload = context.refused();
  absl::StatusOr<Value> answer = absl::UnknownError("");
  if (payload.ok()) {
    answer =
        answer_of(op, *std::move(payload), call.core().limits().args_bytes);
  } else {
    answer = std::move(payload).status();
  }
  if (answer.ok()) {
    context.commit();
    call.complete({absl::OkStatus(), *std::move(answer)}, context.take_out());
  } else {
    // Whatever calls of its own came to, this operation ran.
    call.complete({marked(std::move(answer).status(), Outcome::kRan), {}},
                  context.take_out());
  }
}

}  // namespace kv::internal
