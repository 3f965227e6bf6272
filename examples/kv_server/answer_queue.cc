#include "kv_server/answer_queue.h"

#include <utility>

namespace kv_server {
namespace {

// A connection without answers keeps no more than this.
constexpr std::size_t kIdleBytes = 1024;
constexpr std::size_t kIdleSlots = 16;

}  // namespace

void AnswerQueue::add(std::string_view answer) {
  if (expected_ == 0) {
    ready_ += answer;
    return;
  }
  waiting_bytes_ += answer.size();
  slots_.emplace_back(answer);
}

AnswerQueue::Ticket AnswerQueue::expect() {
  ++expected_;
  slots_.emplace_back();
  return first_ticket_ + (slots_.size() - first_ - 1);
}

void AnswerQueue::fill(Ticket ticket, std::string answer) {
  --expected_;
  waiting_bytes_ += answer.size();
  slots_[first_ + (ticket - first_ticket_)] = std::move(answer);
  move_up();
}

void AnswerQueue::move_up() {
  for (; first_ < slots_.size() && slots_[first_].has_value(); ++first_) {
    ready_ += *slots_[first_];
    waiting_bytes_ -= slots_[first_]->size();
    slots_[first_].reset();
    ++first_ticket_;
  }
  if (first_ == slots_.size()) {
    slots_.clear();
    first_ = 0;
    if (slots_.capacity() > kIdleSlots) slots_ = Slots();
  } else if (first_ > slots_.size() / 2) {
    slots_.erase(slots_.begin(),
                 slots_.begin() + static_cast<Slots::difference_type>(first_));
    first_ = 0;
  }
}

void AnswerQueue::sent(std::size_t bytes) {
  sent_ += bytes;
  if (sent_ == ready_.size()) {
    ready_.clear();
    sent_ = 0;
  } else if (sent_ > ready_.size() / 2) {
    ready_.erase(0, sent_);
    sent_ = 0;
  }
}

void AnswerQueue::borrow_memory(std::string& lent) {
  if (ready_.empty()) ready_.swap(lent);
}

void AnswerQueue::give_memory_back(std::string& lent) {
  if (!ready_.empty()) return;
  if (ready_.capacity() > lent.capacity()) ready_.swap(lent);
  if (ready_.capacity() > kIdleBytes) ready_ = std::string();
}

}  // namespace kv_server
