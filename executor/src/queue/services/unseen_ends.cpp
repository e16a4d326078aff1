#include "queue/services/unseen_ends.hpp"

#include <utility>

#include "queue/records/unseen_records.hpp"
#include "queue/services/found_summary.hpp"

namespace shunt::executor {
namespace {

using bullmq::awaitable;

// An end is in the figures of the next tick but one of the flip's controller at the latest.
constexpr std::chrono::seconds kInterval{2};
// One command takes so many; a round takes what came in its interval, and the rest of a full list (10,000)
// after an outage within a few rounds.
constexpr std::size_t kTaken = 200;
constexpr int kTakesOfARound = 20;

}  // namespace

void UnseenEnds::start() {
  if (context_.options.observer == nullptr) return;
  counting_ = run_periodically(context_.loop, context_.faults, "unseen_ends", kInterval,
                               [this] { return count_all(); });
}

void UnseenEnds::stop() {
  counting_.stop();
}

awaitable<void> UnseenEnds::count_all() {
  for (int round = 0; round < kTakesOfARound; ++round) {
    std::vector<std::string> ids = co_await take_unseen(context_.list_connection, context_.keys, kTaken);
    const bool more = ids.size() == kTaken;
    co_await count(std::move(ids));
    if (!more) co_return;
  }
}

// As a list reads them; what has gone meanwhile has no figures.
awaitable<void> UnseenEnds::count(std::vector<std::string> ids) {
  while (!ids.empty()) {
    std::vector<std::string> asked = ids;
    auto answered = co_await context_.list_records.summaries(std::move(asked));
    Summaries summaries = value_or_throw(std::move(answered));
    if (summaries.found.empty()) co_return;
    ids.erase(ids.begin(), ids.begin() + static_cast<std::ptrdiff_t>(summaries.found.size()));
    for (Summary& summary : summaries.found) {
      StoredGeneration* const stored = take_found(context_, summary);
      if (stored == nullptr) continue;
      if (is_terminal(stored->generation->state()))
        reports_.report(*stored->generation, EndReports::Seen::kAfterwards);
    }
  }
}

}  // namespace shunt::executor
