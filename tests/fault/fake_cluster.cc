#include "fault/fake_cluster.h"

#include <algorithm>
#include <cassert>
#include <optional>
#include <sstream>
#include <stdexcept>
#include <utility>

#include "absl/strings/str_cat.h"
#include "base/outcome_mark.h"

namespace kv::internal {
namespace {

Response failure(absl::Status status) {
  Response response;
  response.answer.status = std::move(status);
  return response;
}

std::string short_name(const NodeName& name) {
  return std::string(name.short_name());
}

// As the receiver sees it.
Request arrived(Request request) {
  if (request.sender != nullptr) request.path.push_back(*request.sender);
  request.sender = nullptr;
  return request;
}

}  // namespace

// One request under way. Answered once, by whoever comes first.
class FakeCluster::Flight final : public Cancellable,
                                  public std::enable_shared_from_this<Flight> {
 public:
  explicit Flight(Done done) : done_(std::move(done)) {}

  // At the receiver, unless the sender has given up.
  void arrive(Receiver& receiver, Request request) {
    if (ended()) return;
    set_work(receiver.receive(std::move(request),
                              [self = shared_from_this()](Response response) {
                                self->answer(std::move(response));
                              }));
  }
  // The same, and the answer is lost on its way back.
  void arrive_in_vain(Receiver& receiver, Request request,
                      const std::string& to) {
    if (ended()) return;
    set_work(receiver.receive(
        std::move(request), [self = shared_from_this(), to](Response) {
          self->answer(failure(unknown(absl::UnavailableError(
              absl::StrCat("the connection to ", to, " broke")))));
        }));
  }

  void answer(Response response) {
    Done done;
    {
      const std::lock_guard<std::mutex> lock(mutex_);
      done = std::exchange(done_, nullptr);
      work_ = nullptr;
    }
    if (done) done(std::move(response));
  }

  void cancel() override {
    give_up(unknown(absl::CancelledError("the request was cancelled")));
  }
  void expire() {
    give_up(unknown(absl::DeadlineExceededError("no answer in time")));
  }

 private:
  bool ended() const {
    const std::lock_guard<std::mutex> lock(mutex_);
    return done_ == nullptr;
  }

  void set_work(std::shared_ptr<Cancellable> work) {
    {
      const std::lock_guard<std::mutex> lock(mutex_);
      if (done_ != nullptr) {
        work_ = std::move(work);
        return;
      }
    }
    if (work != nullptr) work->cancel();  // harmless if it has answered
  }

  void give_up(absl::Status status) {
    std::shared_ptr<Cancellable> work;
    {
      const std::lock_guard<std::mutex> lock(mutex_);
      work = work_;
    }
    answer(failure(std::move(status)));
    if (work != nullptr) work->cancel();
  }

  mutable std::mutex mutex_;
  Done done_;
  std::shared_ptr<Cancellable> work_;
};

// The same for requests that share a trip: it breaks for all of them.
class FakeCluster::TripFlight final
    : public Cancellable,
      public std::enable_shared_from_this<TripFlight> {
 public:
  TripFlight(const std::vector<const Request*>& requests, Peer::Trip kind,
             Peer::DoneEach done)
      : kind_(kind), done_(std::move(done)) {
    for (const Request* const it : requests) requests_.push_back(arrived(*it));
  }

  Clock::time_point deadline() const {
    Clock::time_point last = Clock::time_point::min();
    for (const Request& it : requests_) last = std::max(last, it.deadline);
    return last;
  }

  void arrive(Receiver& receiver, bool in_vain, const std::string& to) {
    {
      const std::lock_guard<std::mutex> lock(mutex_);
      if (done_ == nullptr) return;
      missing_ = requests_.size();
      responses_.resize(requests_.size());
    }
    in_vain_ = in_vain;
    to_ = to;
    for (std::size_t i = 0; i < requests_.size(); ++i) {
      if (kind_ == Peer::Trip::kFast) {
        std::optional<Response> now = receiver.answer_now(requests_[i]);
        if (!now.has_value()) now.emplace().handed_back = true;
        collect(i, *std::move(now));
        continue;
      }
      auto work = receiver.receive(requests_[i],
                                   [self = shared_from_this(), i](Response it) {
                                     self->collect(i, std::move(it));
                                   });
      const std::lock_guard<std::mutex> lock(mutex_);
      if (work != nullptr) work_.push_back(std::move(work));
    }
  }

  void fail(const absl::Status& status) {
    // Each has a status of its own: ThreadSanitizer can't see how the copies of
    // one are counted, since Abseil is not built for it.
    std::vector<Response> responses;
    for (std::size_t i = 0; i < requests_.size(); ++i) {
      responses.push_back(failure(marked(
          absl::Status(status.code(), status.message()), outcome(status))));
    }
    answer(std::move(responses));
  }
  void cancel() override {
    fail(unknown(absl::CancelledError("the trip was cancelled")));
    std::vector<std::shared_ptr<Cancellable>> work;
    {
      const std::lock_guard<std::mutex> lock(mutex_);
      work.swap(work_);
    }
    for (const auto& it : work) it->cancel();
  }

 private:
  void collect(std::size_t place, Response response) {
    std::vector<Response> responses;
    {
      const std::lock_guard<std::mutex> lock(mutex_);
      responses_[place] = std::move(response);
      if (--missing_ > 0) return;
      responses.swap(responses_);
    }
    if (!in_vain_) return answer(std::move(responses));
    fail(unknown(absl::UnavailableError(
        absl::StrCat("the connection to ", to_, " broke"))));
  }
  void answer(std::vector<Response> responses) {
    Peer::DoneEach done;
    {
      const std::lock_guard<std::mutex> lock(mutex_);
      done = std::exchange(done_, nullptr);
    }
    if (done == nullptr) return;
    for (std::size_t i = 0; i < responses.size(); ++i) {
      done(i, std::move(responses[i]));
    }
  }

  const Peer::Trip kind_;
  std::vector<Request> requests_;
  bool in_vain_ = false;
  std::string to_;

  std::mutex mutex_;
  Peer::DoneEach done_;
  std::size_t missing_ = 0;
  std::vector<Response> responses_;
  std::vector<std::shared_ptr<Cancellable>> work_;
};

// From one node to another.
class FakeCluster::Line final : public Peer {
 public:
  Line(FakeCluster& cluster, NodeName from, NodeName to)
      : cluster_(cluster), from_(std::move(from)), to_(std::move(to)) {}

  std::shared_ptr<Cancellable> send(std::shared_ptr<const Request> request,
                                    Done done) override {
    return cluster_.send(from_, to_, *request, std::move(done));
  }
  std::shared_ptr<Cancellable> send_trip(
      const std::vector<const Request*>& requests, Trip kind,
      DoneEach done) override {
    return cluster_.send_trip(from_, to_, requests, kind, std::move(done));
  }

 private:
  FakeCluster& cluster_;
  const NodeName from_;
  const NodeName to_;
};

class FakeCluster::Lines final : public Peers {
 public:
  Lines(FakeCluster& cluster, NodeName self)
      : cluster_(cluster), self_(std::move(self)) {}

  absl::StatusOr<std::shared_ptr<Peer>> find(const NodeName& name) override {
    return std::make_shared<Line>(cluster_, self_, name);
  }
  std::vector<PeerStats> stats() const override { return {}; }

 private:
  FakeCluster& cluster_;
  const NodeName self_;
};

FakeCluster::FakeCluster(const std::vector<std::string>& nodes,
                         const NodeOptions& options, Delivery delivery)
    : delivery_(delivery) {
  int port = 4001;
  for (const std::string& node : nodes) {
    const NodeName name =
        *NodeName::parse(absl::StrCat(node, "@127.0.0.1:", port++));
    nodes_[node] = {name,
                    std::make_shared<Core>(options, name,
                                           std::make_unique<Lines>(*this, name),
                                           Log::make(options.log))};
  }
}

FakeCluster::~FakeCluster() {
  for (auto& [node, it] : nodes_) {
    it.core->stop(std::chrono::seconds(5)).IgnoreError();
  }
  for (Timers& network : network_) network.stop();
}

NodeName FakeCluster::name(const std::string& node) const {
  const auto it = nodes_.find(node);
  if (it != nodes_.end()) return it->second.name;
  return *NodeName::parse(node + "@127.0.0.1:4999");
}

RoutingTable FakeCluster::table(const std::string& text) const {
  std::istringstream lines(text);
  std::string full;
  for (std::string line; std::getline(lines, line);) {
    const std::size_t node = line.rfind(' ') + 1;
    const bool is_setting = line[0] == 'v' && line.find("..") == line.npos;
    full += line.substr(0, node);
    full += is_setting ? line.substr(node) : str(line.substr(node));
    full += '\n';
  }
  absl::StatusOr<RoutingTable> table = RoutingTable::parse(full);
  if (!table.ok()) throw std::runtime_error(table.status().ToString());
  return *std::move(table);
}

void FakeCluster::set_table(const std::string& node,
                            const std::string& text) const {
  const absl::Status status = core(node).table().set(table(text));
  if (!status.ok()) throw std::runtime_error(status.ToString());
}

void FakeCluster::set_tables(const std::string& text) const {
  for (const auto& [node, it] : nodes_) set_table(node, text);
}

void FakeCluster::define(const std::string& node, const std::string& op,
                         OpFunction function) const {
  const absl::Status status = core(node).ops().define(
      core(node).limits(), op, bytes_op(std::move(function)));
  if (!status.ok()) throw std::runtime_error(status.ToString());
}

void FakeCluster::set_link(const std::string& from, const std::string& to,
                           Link link) {
  const std::lock_guard<std::mutex> lock(mutex_);
  links_[{from, to}] = std::move(link);
}

void FakeCluster::set_link(const std::string& from, const std::string& to,
                           Fate fate) {
  set_link(from, to, [fate](const Request&) { return Passage{fate}; });
}

void FakeCluster::set_all_links(Link link) {
  const std::lock_guard<std::mutex> lock(mutex_);
  all_links_ = std::move(link);
}

int FakeCluster::sent(const std::string& from, const std::string& to) const {
  const std::lock_guard<std::mutex> lock(mutex_);
  const auto it = sent_.find({from, to});
  return it == sent_.end() ? 0 : it->second;
}

Passage FakeCluster::passage(const NodeName& from, const NodeName& to,
                             const Request& request) {
  const std::pair<std::string, std::string> ends(short_name(from),
                                                 short_name(to));
  const std::lock_guard<std::mutex> lock(mutex_);
  ++sent_[ends];
  if (nodes_.count(ends.second) == 0) return {Fate::kRefuse};
  const auto it = links_.find(ends);
  if (it != links_.end()) return it->second(request);
  return all_links_ ? all_links_(request) : Passage();
}

void FakeCluster::later(Clock::time_point time, std::function<void()> job) {
  network_[turn_++ % network_.size()].at(time, std::move(job));
}

std::shared_ptr<Cancellable> FakeCluster::send(const NodeName& from,
                                               const NodeName& to,
                                               const Request& request,
                                               Done done) {
  const auto flight = std::make_shared<Flight>(std::move(done));
  const Passage how = passage(from, to, request);
  later(request.deadline, [it = std::weak_ptr<Flight>(flight)] {
    if (const auto late = it.lock()) late->expire();
  });
  if (how.fate == Fate::kDrop) return flight;

  const auto arrive = [this, flight, how, to, copy = arrived(request)] {
    if (how.fate == Fate::kRefuse) {
      return flight->answer(failure(not_run(
          absl::UnavailableError(absl::StrCat("can't reach ", to.str())))));
    }
    Core& receiver = core(short_name(to));
    if (how.fate == Fate::kLoseAnswer) {
      flight->arrive_in_vain(receiver, copy, to.str());
    } else {
      flight->arrive(receiver, copy);
    }
  };
  if (delivery_ == Delivery::kInline && how.delay.count() == 0) {
    arrive();
  } else {
    later(Clock::now() + how.delay, arrive);
  }
  return flight;
}

std::shared_ptr<Cancellable> FakeCluster::send_trip(
    const NodeName& from, const NodeName& to,
    const std::vector<const Request*>& requests, Peer::Trip kind,
    Peer::DoneEach done) {
  const auto flight =
      std::make_shared<TripFlight>(requests, kind, std::move(done));
  Passage how;
  for (const Request* const it : requests) {
    const Passage passage = this->passage(from, to, *it);
    if (how.fate == Fate::kDeliver) how.fate = passage.fate;
    how.delay = std::max(how.delay, passage.delay);
  }
  later(flight->deadline(), [it = std::weak_ptr<TripFlight>(flight)] {
    const auto late = it.lock();
    if (late) late->fail(unknown(absl::DeadlineExceededError("no answer")));
  });
  if (how.fate == Fate::kDrop) return flight;

  const auto arrive = [this, flight, how, to] {
    if (how.fate == Fate::kRefuse) {
      return flight->fail(not_run(
          absl::UnavailableError(absl::StrCat("can't reach ", to.str()))));
    }
    flight->arrive(core(short_name(to)), how.fate == Fate::kLoseAnswer,
                   to.str());
  };
  if (delivery_ == Delivery::kInline && how.delay.count() == 0) {
    arrive();
  } else {
    later(Clock::now() + how.delay, arrive);
  }
  return flight;
}

}  // namespace kv::internal
