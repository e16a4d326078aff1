#include "queue/services/owner_queries.hpp"

#include <functional>
#include <utility>

namespace shunt::executor {
namespace {

OwnerQueries::Outcome outcome_of(OwnerAnswer answer) {
  switch (answer) {
    case OwnerAnswer::kDone:
      return OwnerQueries::Outcome::kDone;
    case OwnerAnswer::kAbsent:
      return OwnerQueries::Outcome::kAbsent;
    case OwnerAnswer::kFailed:
      return OwnerQueries::Outcome::kFailed;
  }
  return OwnerQueries::Outcome::kFailed;
}

}  // namespace

bullmq::awaitable<OwnerQueries::Outcome> OwnerQueries::ask(std::string owner, std::string id,
                                                           OwnerRequest what) {
  const SteadyTime until = context_.clock.steady_now() + context_.options.queue.command_timeout;
  // The answer may come before the call's own.
  const auto question = std::make_shared<Question>(Question{what});
  const auto place = open_.emplace(id, question);
  std::exception_ptr failure;
  bool asked = false;
  try {
    asked = co_await context_.sync_records.ask(std::move(owner), std::move(id), what);
  } catch (...) {
    failure = std::current_exception();
  }
  if (asked) {
    std::function<bool()> is_answered = [question] { return question->answer.has_value(); };
    (void)co_await answered_.wait_until(until, std::move(is_answered));
  }
  open_.erase(place);
  if (failure) std::rethrow_exception(failure);
  if (!asked) co_return Outcome::kGone;
  co_return question->answer ? outcome_of(*question->answer) : Outcome::kSilent;
}

void OwnerQueries::answered(const std::string& id, const OwnerAnswered& answer) {
  const auto [first, last] = open_.equal_range(id);
  for (auto question = first; question != last; ++question) {
    if (question->second->what == answer.what) question->second->answer = answer.answer;
  }
  if (first != last) answered_.notify_all();
}

}  // namespace shunt::executor
