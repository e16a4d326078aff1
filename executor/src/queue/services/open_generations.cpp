#include "queue/services/open_generations.hpp"

#include <functional>
#include <memory>
#include <utility>

#include "queue/runtime/for_each_at_once.hpp"
#include "queue/runtime/generation_deadline.hpp"

namespace shunt::executor {
namespace {

using bullmq::awaitable;

constexpr const char* kDuty = "open_generations";
constexpr std::chrono::seconds kInterval{60};
// One round looks at so many pages of so many generations of a model.
constexpr std::size_t kPageSize = 200;
constexpr std::size_t kPages = 50;

}  // namespace

void OpenGenerations::start() {
  looking_ =
      run_periodically(context_.loop, context_.faults, kDuty, kInterval, [this] { return look_at_all(); });
}

void OpenGenerations::stop() {
  looking_.stop();
}

awaitable<void> OpenGenerations::look_at_all() {
  // A copy: the models may be others while one is looked at.
  const auto models = context_.timeouts();
  for (const auto& [model, timeout] : models) {
    // One that cannot be looked at does not keep the others.
    try {
      co_await look_at_model(model, timeout);
    } catch (...) {
      note_part(context_.faults, kDuty);
    }
  }
}

// The oldest come first; what ends leaves the list, and what stays is passed over.
awaitable<void> OpenGenerations::look_at_model(std::string model, std::chrono::milliseconds timeout) {
  std::size_t passed = 0;
  for (std::size_t page = 0; page < kPages; ++page) {
    const Page seen = co_await look_at_page(model, timeout, passed);
    if (seen.looked_at < kPageSize) co_return;
    passed += seen.looked_at - seen.ended;
  }
}

awaitable<OpenGenerations::Page> OpenGenerations::look_at_page(std::string model,
                                                               std::chrono::milliseconds timeout,
                                                               std::size_t skip) {
  const WallTime until = context_.clock.now() - missing_after(context_.options.queue);
  const std::vector<std::string> ids = co_await context_.records.open_before(model, until, skip, kPageSize);
  if (ids.empty()) co_return Page{};
  std::vector<std::string> copy = ids;
  auto answered = co_await context_.records.look_at_jobs(std::move(copy));
  const auto answers = value_or_throw(std::move(answered));
  std::vector<std::string> expired;
  std::vector<std::string> over;
  for (std::size_t i = 0; i < ids.size(); ++i) {
    const Result<JobLookAnswer>& answer = answers[i];
    if (!answer) {
      context_.broken.tell("record", ids[i], answer.error().message);
      continue;
    }
    if (std::holds_alternative<RecordExpired>(*answer)) {
      expired.push_back(ids[i]);
      continue;
    }
    const auto id = GenerationId::parse(ids[i]);
    const bool late = !id || context_.clock.now() - id->created_at() > timeout;
    const auto* const found = std::get_if<LookedAt>(&*answer);
    if (late || found == nullptr || !found->job.exists || found->job.finished_on) over.push_back(ids[i]);
  }
  Page page{ids.size(), expired.size()};
  if (!expired.empty()) co_await context_.records.drop_open(model, std::move(expired));
  page.ended += co_await end_together(std::move(over));
  co_return page;
}

// Their calls of Redis leave together, and the ends that they write share calls.
awaitable<std::size_t> OpenGenerations::end_together(std::vector<std::string> ids) {
  const auto ended = std::make_shared<std::size_t>(0);
  std::function<awaitable<void>(std::string)> end_one = [this, ended](std::string id) -> awaitable<void> {
    const auto outcome = co_await reader_.read(std::move(id), GenerationReader::Follow::kNo);
    const auto* const stored = outcome ? std::get_if<StoredGeneration>(&*outcome) : nullptr;
    if (stored == nullptr) co_return;
    const bool over = co_await ends_.end_if_over(*stored);
    if (over) ++*ended;
  };
  co_await for_each_at_once<std::string>(context_.loop, context_.faults, kDuty, std::move(ids), kEndedAtOnce,
                                         std::move(end_one));
  co_return *ended;
}

}  // namespace shunt::executor
