// Lists of generations: which ones a page has is found by fields of their records (list.lua); then the
// records themselves are read, so many at a time as are small together.
#include <utility>

#include "bullmq/error.hpp"
#include "queue/services/queue_core.hpp"
#include "queue/runtime/redis_fault.hpp"
#include "shunt/generation/error_codes.hpp"

namespace shunt::executor {
namespace {

// How many ids one call of list.lua goes through, and how many calls one page may take when its filters let
// little through.
constexpr std::size_t kStretch = 1'000;
constexpr int kStretches = 50;
// Of the version before, in one call and for one page.
constexpr std::size_t kAdoptions = 500;
constexpr int kAdoptionCalls = 20;
// So many bytes of records make a page full whatever its limit.
constexpr std::size_t kPageBytes = 4UL * 1024 * 1024;

}  // namespace

// Generations that processes of the version before have made enter the indexes of their callers. True: all
// that there were.
awaitable<bool> QueueCore::adopt(int calls) {
  for (int call = 0; call < calls; ++call) {
    auto answered = co_await listing_.adopt(kAdoptions);
    const AdoptAnswer answer = value_or_throw(std::move(answered));
    if (!answer.more) co_return true;
  }
  co_return false;
}

awaitable<Result<ListAnswer>> QueueCore::find_page(const ListQuery& query, const std::string& before,
                                                   std::size_t wanted) {
  bool adopted = false;
  while (true) {
    ListSearch search;
    search.before = before;
    search.stretch = kStretch;
    search.wanted = wanted;
    search.caller = query.caller;
    search.state = query.state;
    search.model = query.model;
    search.despite_unadopted = adopted;
    auto answer = co_await listing_.list(std::move(search));
    if (!answer || !answer->adopt || adopted) co_return answer;
    adopted = true;
    (void)co_await adopt(kAdoptionCalls);
  }
}

// Appends the records of `chosen` from `at` on, as many as one call has. What has gone meanwhile, or is
// broken, is left out: it is nobody else's trouble.
awaitable<std::size_t> QueueCore::read_summaries(const ListQuery& query,
                                                 const std::vector<std::string>& chosen, std::size_t& at,
                                                 std::vector<GenerationRecord>& records) {
  std::vector<std::string> left(chosen.begin() + static_cast<std::ptrdiff_t>(at), chosen.end());
  Result<Summaries> answer = co_await listing_.summaries(std::move(left));
  Summaries summaries = value_or_throw(std::move(answer));
  at += summaries.found.size();
  for (auto& [id, outcome] : summaries.found) {
    if (!outcome && outcome.error().code == error_code::kOverloaded)
      throw bullmq::RedisError(outcome.error().message);
    if (!outcome) {
      broken_.tell("record", id, outcome.error().message);
      continue;
    }
    auto* const stored = std::get_if<StoredGeneration>(&*outcome);
    if (stored == nullptr) continue;
    // A summary has no result.
    if (stored->withheld) {
      stored->withheld->sequence = stored->generation->last_sequence() + 1;
      stored->generation->apply(std::move(*stored->withheld));
    }
    GenerationRecord record = stored->generation->record(Generation::Detail::kSummary);
    record.last_sequence = stored->sequence;
    // The index that led here may be as wrong as anything.
    if (query.caller && record.caller != *query.caller) continue;
    records.push_back(std::move(record));
  }
  co_return summaries.bytes;
}

awaitable<Result<RecordPage>> QueueCore::list(ListQuery query) {
  std::optional<Error> failure;
  try {
    RecordPage page;
    std::string before = query.before ? query.before->to_string() : std::string();
    std::vector<std::string> chosen;
    bool more = true;
    // One more than asked for tells whether there is a next page.
    for (int stretch = 0; more && chosen.size() <= query.limit && stretch < kStretches; ++stretch) {
      auto found = co_await find_page(query, before, query.limit + 1 - chosen.size());
      if (!found) co_return std::move(found).error();
      more = !found->next.empty();
      before = found->next;
      for (std::string& id : found->ids) {
        if (GenerationId::parse(id)) {
          chosen.push_back(std::move(id));
        } else {
          broken_.tell("index", id, "it is no generation's id");
        }
      }
    }
    if (chosen.size() > query.limit) {
      chosen.resize(query.limit);
      before = chosen.back();
    }
    std::size_t at = 0;
    std::size_t bytes = 0;
    while (at < chosen.size() && bytes < kPageBytes) {
      const std::size_t read = co_await read_summaries(query, chosen, at, page.records);
      bytes += read;
    }
    // A page that is full before its limit ends where it is; one whose search was cut goes on from there.
    if (at < chosen.size()) before = chosen[at - 1];
    if (!before.empty()) page.next = GenerationId::parse(before);
    co_return page;
  } catch (const std::exception& error) {
    note_caught(faults, "list");
    failure = cannot_look(error);
  }
  co_return std::move(*failure);
}

}  // namespace shunt::executor
