#include "queue/services/generation_lister.hpp"

#include <optional>
#include <utility>

#include "queue/services/found_summary.hpp"
#include "shunt/executor/redis/redis_fault.hpp"

namespace shunt::executor {
namespace {

using bullmq::awaitable;

// How many ids one call of list.lua goes through, and how many calls one page may take when its filters let
// little through.
constexpr std::size_t kStretch = 1'000;
constexpr int kStretches = 50;
// Bounds for adopting what the version before left: generations a call, calls a page, generations a round.
constexpr std::size_t kAdoptions = 500;
constexpr int kCallsForAPage = 20;
constexpr int kCallsOfARound = 40;
constexpr std::chrono::seconds kAdoptionInterval{60};
// This many bytes of records make a page full whatever its limit.
constexpr std::size_t kPageBytes = 4UL * 1024 * 1024;

}  // namespace

void GenerationLister::start() {
  adopting_ = run_periodically(context_.loop, context_.faults, "adopt", kAdoptionInterval,
                               [this] { return adopt(kCallsOfARound); });
}

void GenerationLister::stop() {
  adopting_.stop();
}

awaitable<void> GenerationLister::adopt(int calls) {
  for (int call = 0; call < calls; ++call) {
    auto answered = co_await context_.list_records.adopt(kAdoptions);
    const AdoptAnswer answer = value_or_throw(std::move(answered));
    if (!answer.more) co_return;
  }
}

awaitable<Result<ListAnswer>> GenerationLister::search(const ListQuery& query, std::string before,
                                                       std::size_t wanted) {
  ListSearch search;
  search.before = std::move(before);
  search.stretch = kStretch;
  search.wanted = wanted;
  search.caller = query.caller;
  search.state = query.state;
  search.model = query.model;
  ListSearch again = search;
  auto answer = co_await context_.list_records.list(std::move(search));
  if (!answer || !answer->adopt) co_return answer;
  co_await adopt(kCallsForAPage);
  again.despite_unadopted = true;
  answer = co_await context_.list_records.list(std::move(again));
  co_return answer;
}

// Appends the records of `chosen` from `at` on, as many as one call has. What has gone meanwhile, or is
// broken, is left out: it is nobody else's trouble.
awaitable<std::size_t> GenerationLister::read_summaries(const ListQuery& query,
                                                        const std::vector<std::string>& chosen,
                                                        std::size_t& at,
                                                        std::vector<GenerationRecord>& records) {
  std::vector<std::string> left(chosen.begin() + static_cast<std::ptrdiff_t>(at), chosen.end());
  auto answered = co_await context_.list_records.summaries(std::move(left));
  Summaries summaries = value_or_throw(std::move(answered));
  at += summaries.found.size();
  for (Summary& summary : summaries.found) {
    StoredGeneration* const stored = take_found(context_, summary);
    if (stored == nullptr) continue;
    GenerationRecord record = stored->generation->record(Generation::Detail::kSummary);
    record.last_sequence = stored->sequence;
    // The index that led here may be as wrong as anything.
    if (query.caller && record.caller != *query.caller) continue;
    records.push_back(std::move(record));
  }
  co_return summaries.bytes;
}

awaitable<Result<GenerationLister::Choice>> GenerationLister::choose(const ListQuery& query) {
  Choice choice;
  choice.next = query.before ? query.before->to_string() : std::string();
  bool more = true;
  for (int stretch = 0; more && choice.ids.size() <= query.limit && stretch < kStretches; ++stretch) {
    auto found = co_await search(query, choice.next, query.limit + 1 - choice.ids.size());
    if (!found) co_return std::move(found).error();
    more = !found->next.empty();
    choice.next = found->next;
    for (std::string& id : found->ids) {
      if (GenerationId::parse(id)) {
        choice.ids.push_back(std::move(id));
      } else {
        context_.broken.tell("index", id, "it is no generation's id");
      }
    }
  }
  co_return choice;
}

awaitable<Result<RecordPage>> GenerationLister::list(ListQuery query) {
  std::optional<Error> failure;
  try {
    RecordPage page;
    auto choice = co_await choose(query);
    if (!choice) co_return std::move(choice).error();
    std::vector<std::string>& chosen = choice->ids;
    std::string& next = choice->next;
    if (chosen.size() > query.limit) {
      chosen.resize(query.limit);
      next = chosen.back();
    }
    std::size_t at = 0;
    std::size_t bytes = 0;
    while (at < chosen.size() && bytes < kPageBytes) {
      const std::size_t read = co_await read_summaries(query, chosen, at, page.records);
      bytes += read;
    }
    // A page that is full before its limit ends where it is; one whose search was cut goes on from there.
    if (at < chosen.size()) next = chosen[at - 1];
    if (!next.empty()) page.next = GenerationId::parse(next);
    co_return page;
  } catch (const std::exception& error) {
    note_caught(context_.faults, "list");
    failure = cannot_look(error);
  }
  co_return std::move(*failure);
}

}  // namespace shunt::executor
