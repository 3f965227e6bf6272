#include "data/transaction.h"

#include <map>
#include <utility>

#include "absl/strings/str_cat.h"

namespace kv::internal {

void Transaction::commit() {
  if (cleared_) pairs_.clear();
  for (const auto& [key, value] : writes_) {
    if (value.has_value()) {
      pairs_.put(key, *value);
    } else {
      pairs_.erase(key);
    }
  }
  cleared_ = false;
  writes_.clear();
}

std::optional<std::string> Transaction::get(std::string_view key) const {
  const auto written = writes_.find(key);
  if (written != writes_.end()) return written->second;
  if (cleared_) return std::nullopt;
  const PairSet::Found found = pairs_.find(key);
  if (!found.found) return std::nullopt;
  return std::string(found.value);
}

bool Transaction::refuse_write() {
  if (!read_only_) return false;
  refused_ = absl::FailedPreconditionError(absl::StrCat(
      "an op that is read_only tried to write to bucket ", quoted(name_)));
  return true;
}

absl::Status Transaction::put(std::string_view key, std::string_view value) {
  if (refuse_write()) return refused_;
  absl::Status status = check_key(limits_, key);
  if (status.ok()) status = check_value(limits_, value);
  if (status.ok()) writes_[std::string(key)] = std::string(value);
  return status;
}

std::optional<std::string> Transaction::del(std::string_view key) {
  std::optional<std::string> before = get(key);
  if (refuse_write()) return before;
  if (before.has_value()) writes_[std::string(key)] = std::nullopt;
  return before;
}

std::size_t Transaction::size() const {
  std::size_t size = cleared_ ? 0 : pairs_.size();
  for (const auto& [key, value] : writes_) {
    const bool was_there = !cleared_ && pairs_.find(key).found;
    if (value.has_value() && !was_there) ++size;
    if (!value.has_value() && was_there) --size;
  }
  return size;
}

void Transaction::clear() {
  if (refuse_write()) return;
  writes_.clear();
  cleared_ = true;
}

void Transaction::for_each(const Visit& visit) const {
  if (!cleared_) {
    pairs_.for_each([&](std::string_view key, std::string_view value) {
      if (!writes_.contains(key)) visit(key, value);
    });
  }
  for (const auto& [key, value] : writes_) {
    if (value.has_value()) visit(key, *value);
  }
}

Bucket::Pairs Transaction::scan(std::string_view prefix,
                                std::size_t limit) const {
  std::map<std::string_view, const std::optional<std::string>*> written;
  for (const auto& [key, value] : writes_) {
    if (key.compare(0, prefix.size(), prefix) == 0) written[key] = &value;
  }
  Pairs pairs;
  auto next = written.begin();
  const auto add_written = [&](auto&& comes_before) {
    for (; next != written.end() && comes_before(next->first); ++next) {
      if (pairs.size() < limit && next->second->has_value()) {
        pairs.emplace_back(next->first, **next->second);
      }
    }
  };
  if (!cleared_) {
    pairs_.scan(prefix, std::nullopt,
                [&](std::string_view key, std::string_view value) {
                  add_written([&](std::string_view it) { return it < key; });
                  if (pairs.size() >= limit) return false;
                  if (written.count(key) == 0) pairs.emplace_back(key, value);
                  return true;
                });
  }
  add_written([](std::string_view /*it*/) { return true; });
  return pairs;
}

absl::Status Transaction::update(std::string_view key, const Change& change) {
  std::optional<std::string> value = change(get(key));
  if (value.has_value()) return put(key, *value);
  del(key);
  return check_key(limits_, key);
}

}  // namespace kv::internal
