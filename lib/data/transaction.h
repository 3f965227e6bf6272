// Transaction: a bucket as one operation of the host sees it.
#ifndef KV_DATA_TRANSACTION_H_
#define KV_DATA_TRANSACTION_H_

#include <optional>
#include <string>
#include <string_view>

#include "absl/container/flat_hash_map.h"
#include "absl/status/status.h"
#include "base/strings.h"
#include "data/limits.h"
#include "data/pair_set.h"
#include "kv/bucket.h"

namespace kv::internal {

// Writes are kept aside until commit(), so that they appear all at once or not
// at all; reads see them already. For one thread, which has the bucket's turn.
class Transaction final : public Bucket {
 public:
  // All outlive the transaction. `read_only`: writes are refused.
  Transaction(const std::string& name, PairSet& pairs, const Limits& limits,
              bool read_only)
      : name_(name), pairs_(pairs), limits_(limits), read_only_(read_only) {}

  void commit();
  // kFailedPrecondition: an operation that is read_only tried to write.
  const absl::Status& refused() const { return refused_; }

  const std::string& name() const override { return name_; }
  std::optional<std::string> get(std::string_view key) const override;
  absl::Status put(std::string_view key, std::string_view value) override;
  std::optional<std::string> del(std::string_view key) override;
  std::size_t size() const override;
  void clear() override;
  void for_each(const Visit& visit) const override;
  Pairs scan(std::string_view prefix, std::size_t limit) const override;
  absl::Status update(std::string_view key, const Change& change) override;

 private:
  bool refuse_write();

  const std::string& name_;
  PairSet& pairs_;
  const Limits& limits_;
  const bool read_only_;
  absl::Status refused_;

  bool cleared_ = false;  // before the writes: what is in pairs_ does not count
  // nullopt: deleted.
  absl::flat_hash_map<std::string, std::optional<std::string>, BytesHash,
                      BytesEqual>
      writes_;
};

}  // namespace kv::internal

#endif  // KV_DATA_TRANSACTION_H_
