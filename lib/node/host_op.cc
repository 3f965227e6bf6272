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
  Context(Call& call, StoredBucket* bucket)
      : call_(call), buffer_(call.core().limits().out_bytes), out_(&buffer_) {
    if (bucket != nullptr) {
      transaction_.emplace(bucket->name(), bucket->contents().pairs,
                           bucket->limits());
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

absl::Status threw(const std::string& name, const char* what) {
  return absl::InternalError(
      absl::StrCat("op ", quoted(name), " threw: ", what));
}

absl::StatusOr<std::string> invoke(const Apply& apply,
                                   const OpFunction& function,
                                   Context& context) {
  try {
    return function(context, apply.args);
  } catch (const std::exception& error) {
    return threw(apply.name, error.what());
  } catch (...) {
    return threw(apply.name, "something that is no std::exception");
  }
}

}  // namespace

void execute_host_op(Call& call, const OpFunction& function,
                     StoredBucket* bucket) {
  const auto& apply = std::get<Apply>(call.request().op);
  Context context(call, bucket);
  std::vector<Held> held = call.request().held;
  held.push_back({call.core().self(), bucket == nullptr ? "" : bucket->name()});

  absl::StatusOr<std::string> result;
  {
    const CurrentOp current(std::move(held), call.request().deadline);
    result = invoke(apply, function, context);
  }
  const std::size_t limit = call.core().limits().args_bytes;
  if (result.ok() && result->size() > limit) {
    result = absl::ResourceExhaustedError(
        absl::StrCat("the answer of op ", quoted(apply.name), " has ",
                     result->size(), " bytes, over the limit of ", limit));
  }
  if (result.ok()) {
    context.commit();
    call.complete({absl::OkStatus(), Value(*std::move(result))},
                  context.take_out());
  } else {
    // Whatever calls of its own came to, this operation ran.
    call.complete({marked(std::move(result).status(), Outcome::kRan), {}},
                  context.take_out());
  }
}

}  // namespace kv::internal
