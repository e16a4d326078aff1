// Generations as they are found again: by key, by id, in lists, and what can be done with them afterwards.
#include <atomic>
#include <thread>

#include "conformance/executor_conformance.hpp"
#include "shunt/generation/error_codes.hpp"

namespace shunt::testing {
namespace {

TEST_P(ExecutorConformance, TheSameKeyAndPayloadIsTheSameGeneration) {
  const auto first = std::get<Accepted>(client_.submit(with_key(request("echo", {{"text", "a"}}), "k1")));
  const auto again = std::get<Accepted>(client_.submit(with_key(request("echo", {{"text", "a"}}), "k1")));
  EXPECT_FALSE(first.replayed);
  EXPECT_TRUE(again.replayed);
  EXPECT_EQ(first.id, again.id);
}

TEST_P(ExecutorConformance, TheSameKeyWithAnotherPayloadIsAConflict) {
  const GenerationId first = client_.start(with_key(request("echo", {{"text", "a"}}), "k2"));
  const Error error = refusal(with_key(request("echo", {{"text", "b"}}), "k2"));
  EXPECT_EQ(error.code, error_code::kIdempotencyConflict);
  EXPECT_EQ(error.details.at("generation"), boost::json::string_view(first.to_string()));
}

TEST_P(ExecutorConformance, KeysOfDifferentCallersNeverMeet) {
  const GenerationId one = client_.start(with_key(request("echo", {{"text", "a"}}), "k3", "alice"));
  const GenerationId two = client_.start(with_key(request("echo", {{"text", "b"}}), "k3", "bob"));
  EXPECT_NE(one, two);
}

TEST_P(ExecutorConformance, OneKeySubmittedByManyAtOnceStartsOneGeneration) {
  std::vector<std::thread> callers;
  std::mutex mutex;
  std::vector<Accepted> outcomes;
  for (int i = 0; i < 16; ++i) {
    callers.emplace_back([&] {
      auto outcome = client_.submit(with_key(request("echo", {{"text", "once"}}), "race"));
      const std::lock_guard lock(mutex);
      outcomes.push_back(std::get<Accepted>(std::move(outcome)));
    });
  }
  for (auto& caller : callers) caller.join();
  EXPECT_EQ(std::ranges::count(outcomes, false, &Accepted::replayed), 1);
  for (const Accepted& accepted : outcomes) EXPECT_EQ(accepted.id, outcomes[0].id);
}

TEST_P(ExecutorConformance, ARefusedSubmitGivesItsKeyBack) {
  const GenerationId running = start_running_gated();
  client_.start(request("gated"));
  EXPECT_EQ(refusal(with_key(request("gated"), "later")).code, error_code::kModelBusy);
  hold_.release();
  client_.wait_for_end(running);
  ASSERT_TRUE(eventually([&] { return subject_->executor().describe().waiting == 0; }));
  const auto outcome = client_.submit(with_key(request("gated"), "later"));
  ASSERT_TRUE(std::holds_alternative<Accepted>(outcome));
  EXPECT_FALSE(std::get<Accepted>(outcome).replayed);
}

TEST_P(ExecutorConformance, FindTellsUnknownFromKnown) {
  const auto never = GenerationId::parse("gen_0190a0b0c0d070008000000000000001");
  ASSERT_TRUE(never.has_value());
  EXPECT_TRUE(std::holds_alternative<GenerationUnknown>(*client_.find(*never)));
  EXPECT_TRUE(std::holds_alternative<GenerationUnknown>(*client_.cancel(*never, "")));
}

TEST_P(ExecutorConformance, ListPagesFromTheNewestThroughFilters) {
  std::vector<GenerationId> ids;
  for (int i = 0; i < 5; ++i) ids.push_back(client_.start(request("echo", {{"text", "x"}})));
  for (const GenerationId& id : ids) client_.wait_for_end(id);
  client_.wait_for_end(client_.start(request("throwing")));

  ListQuery query{
      .state = GenerationState::kSucceeded, .model = "echo", .caller = {}, .before = {}, .limit = 2};
  std::vector<GenerationId> listed;
  do {
    const auto page = client_.list(query);
    for (const GenerationRecord& record : page->records) listed.push_back(record.id);
    query.before = page->next;
  } while (query.before);
  std::ranges::reverse(ids);
  EXPECT_EQ(listed, ids);
}

TEST_P(ExecutorConformance, TheRequestOfAGenerationCanBeSubmittedAnew) {
  GenerationRequest made = with_key(request("echo", {{"text", "again"}, {"deep", JsonArray{1, 2}}}), "once");
  made.options.metadata = {{"order", 7}};
  made.context.tenant = "acme";
  const GenerationId first = client_.start(made);
  client_.wait_for_end(first);
  const auto found = client_.request_of(first);
  const auto* same = std::get_if<GenerationRequest>(&*found);
  ASSERT_NE(same, nullptr);
  EXPECT_EQ(same->input, made.input);
  EXPECT_EQ(same->options.metadata, made.options.metadata);
  EXPECT_EQ(same->context.tenant, "acme");
  EXPECT_EQ(same->idempotency_key, "");
  const GenerationId second = client_.start(*same);
  EXPECT_NE(second, first);
  EXPECT_EQ(client_.wait_for_end(second).text, "again");
}

TEST_P(ExecutorConformance, TheRequestOfAGenerationThatNeverRanIsKeptToo) {
  start_running_gated();
  const GenerationId waiting = client_.start(request("gated", {{"number", 3}}));
  (void)client_.cancel(waiting, "not now");
  // Its job goes a moment later.
  for (int looks = 0; looks < 20; ++looks) {
    const auto found = client_.request_of(waiting);
    const auto* same = std::get_if<GenerationRequest>(&*found);
    ASSERT_NE(same, nullptr);
    EXPECT_EQ(same->input, (Json(JsonObject{{"number", 3}})));
    std::this_thread::sleep_for(milliseconds(5));
  }
}

TEST_P(ExecutorConformance, RemovingForgetsAnEndedGeneration) {
  const GenerationId id = client_.start(with_key(request("echo", {{"text", "x"}}), "used"));
  client_.wait_for_end(id);
  // Its worker may take its time between the generation's end and the job's.
  EXPECT_TRUE(eventually([&] { return std::holds_alternative<executor::Removed>(*client_.remove(id)); }));
  EXPECT_TRUE(std::holds_alternative<GenerationGone>(*client_.find(id)));
  EXPECT_TRUE(std::holds_alternative<GenerationGone>(*client_.request_of(id)));
  EXPECT_TRUE(std::holds_alternative<GenerationGone>(*client_.remove(id)));
  EXPECT_TRUE(client_.list({})->records.empty());
  // The key still names it.
  const auto again = client_.submit(with_key(request("echo", {{"text", "x"}}), "used"));
  ASSERT_TRUE(std::holds_alternative<Accepted>(again));
  EXPECT_EQ(std::get<Accepted>(again).id, id);
  EXPECT_TRUE(std::get<Accepted>(again).replayed);
}

TEST_P(ExecutorConformance, OnlyWhatHasEndedCanBeRemoved) {
  const GenerationId running = start_running_gated();
  const GenerationId waiting = client_.start(request("gated"));
  EXPECT_TRUE(std::holds_alternative<executor::NotEnded>(*client_.remove(running)));
  EXPECT_TRUE(std::holds_alternative<executor::NotEnded>(*client_.remove(waiting)));
  EXPECT_EQ(client_.record(running).state, GenerationState::kRunning);
  const GenerationId never = GenerationIdSource(system_clock()).next();
  EXPECT_TRUE(std::holds_alternative<GenerationUnknown>(*client_.remove(never)));
  EXPECT_TRUE(std::holds_alternative<GenerationUnknown>(*client_.request_of(never)));
}

TEST_P(ExecutorConformance, WorkersAreThoseThatTheModelsCount) {
  const auto counted = [this] {
    const auto description = subject_->executor().describe();
    return !description.models.empty() && description.models[0].workers == 1;
  };
  EXPECT_TRUE(eventually(counted));
  if (!subject_->executor().describe().server) {
    EXPECT_TRUE(client_.fleet()->workers.empty());
    return;
  }
  EXPECT_TRUE(eventually([&] { return client_.fleet()->workers.size() == 1; }));
  const auto leased = client_.fleet()->workers;
  ASSERT_EQ(leased.size(), 1U);
  EXPECT_EQ(leased.front().models.size(), models_.all().size());
  EXPECT_EQ(leased.front().version, "1.2.3");
  EXPECT_TRUE(eventually([&] { return !subject_->executor().describe().server->version.empty(); }));
  EXPECT_TRUE(subject_->executor().describe().server->connected);
}

TEST_P(ExecutorConformance, TellsHowEachModelStands) {
  const auto gated = [this]() -> executor::ModelDescription {
    for (auto& model : subject_->executor().describe().models) {
      if (model.name == "gated") return model;
    }
    return {};
  };
  EXPECT_TRUE(eventually([&] { return gated().workers == 1; }));
  EXPECT_EQ(gated().slots, 1U);
  EXPECT_EQ(gated().open, 0U);
  EXPECT_EQ(gated().oldest_open_age, milliseconds(0));
  start_running_gated();
  (void)client_.start(request("gated"));
  EXPECT_TRUE(eventually([&] { return gated().open == 2; }));
  EXPECT_TRUE(eventually([&] { return gated().oldest_open_age > milliseconds(0); }));
  EXPECT_TRUE(
      eventually([&] { return gated().waiting == 1 && gated().oldest_waiting_age > milliseconds(0); }));
  hold_.release();
  EXPECT_TRUE(eventually([&] { return gated().open == 0 && gated().waiting == 0; }));
  EXPECT_EQ(subject_->executor().describe().models.size(), models_.all().size());
}

}  // namespace
}  // namespace shunt::testing
