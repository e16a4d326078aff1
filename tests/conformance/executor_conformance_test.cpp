// What every GenerationExecutor does, whatever runs the generations. An executor joins the suite by adding a
// factory to executors_under_test(); nothing here knows which one it is.
#include <gmock/gmock.h>
#include <gtest/gtest.h>

#include <atomic>
#include <thread>

#include "conformance/conformance_models.hpp"
#include "conformance/executors_under_test.hpp"
#include "shunt/generation/error_codes.hpp"
#include "support/executor_client.hpp"

namespace shunt::testing {
namespace {

using executor::Accepted;
using executor::Refused;
using std::chrono::milliseconds;

GenerationRequest request(std::string model, JsonObject input = {}) {
  GenerationRequest made;
  made.model = std::move(model);
  made.input = std::move(input);
  return made;
}

GenerationRequest with_timeout(GenerationRequest made, milliseconds timeout) {
  made.options.timeout = timeout;
  return made;
}

GenerationRequest with_key(GenerationRequest made, std::string key, std::string caller = "") {
  made.idempotency_key = std::move(key);
  made.caller = std::move(caller);
  return made;
}

std::vector<std::string> types(const std::vector<GenerationEvent>& events) {
  std::vector<std::string> names;
  for (const GenerationEvent& event : events) names.emplace_back(event.type());
  return names;
}

std::string joined_text(const std::vector<GenerationEvent>& events) {
  std::string text;
  for (const GenerationEvent& event : events) {
    if (const auto* delta = std::get_if<event::Delta>(&event.payload)) text += delta->text;
  }
  return text;
}

class ExecutorConformance : public ::testing::TestWithParam<ExecutorFactory> {
 protected:
  ExecutorConformance() : loops_(2), models_(conformance_models(gate_)), client_(loops_) {
    subject_ = GetParam().make(models_, loops_);
    client_.use(subject_->executor());
  }
  ~ExecutorConformance() override {
    gate_.open();
    if (!drained_) client_.drain(milliseconds(5000));
    loops_.stop_and_join();
  }
  executor::DrainReport drain(milliseconds grace) {
    drained_ = true;
    return client_.drain(grace);
  }
  GenerationId start_running_gated() {
    const GenerationId id = client_.start(request("gated"));
    EXPECT_TRUE(eventually([&] { return !client_.record(id).text.empty(); }));
    return id;
  }
  Error refusal(GenerationRequest made) {
    const auto outcome = client_.submit(std::move(made));
    if (!std::holds_alternative<Refused>(outcome)) return {"(accepted)", ""};
    return std::get<Refused>(outcome).error;
  }

  Gate gate_;
  EventLoopThreads loops_;  // outlives the generators, which may hold a run a moment longer than its end
  ModelRegistry models_;
  ExecutorClient client_;
  std::unique_ptr<ExecutorUnderTest> subject_;
  bool drained_ = false;
};

TEST_P(ExecutorConformance, RunsAGenerationToItsResult) {
  const GenerationId id = client_.start(request("echo", {{"text", "hello"}}));
  const GenerationRecord record = client_.wait_for_end(id);
  EXPECT_EQ(record.id, id);
  EXPECT_EQ(record.model, "echo");
  EXPECT_EQ(record.state, GenerationState::kSucceeded);
  EXPECT_EQ(record.text, "hello");
  EXPECT_EQ(record.result, (Json(JsonObject{{"length", 5}})));
  EXPECT_TRUE(record.started_at && record.finished_at);
  EXPECT_LE(record.created_at, *record.started_at);
  EXPECT_LE(*record.started_at, *record.finished_at);
}

TEST_P(ExecutorConformance, EventsAreInOrderNumberedFromOneAndEndOnce) {
  const GenerationId id = client_.start(request("tokens", {{"count", 20}}));
  const auto events = client_.events(id);
  ASSERT_GE(events.size(), 5U);
  for (std::size_t i = 0; i < events.size(); ++i) {
    EXPECT_EQ(events[i].sequence, i + 1);
    EXPECT_EQ(events[i].terminal(), i + 1 == events.size());
  }
  EXPECT_EQ(events[0].type(), "queued");
  EXPECT_EQ(events[1].type(), "started");
  EXPECT_EQ(events.back().type(), "succeeded");
  EXPECT_EQ(joined_text(events), client_.record(id).text);
  EXPECT_THAT(types(events), ::testing::IsSupersetOf({"progress", "log"}));
}

TEST_P(ExecutorConformance, AWatchFromTheMiddleSeesExactlyTheRest) {
  const GenerationId id = client_.start(request("tokens", {{"count", 20}}));
  const auto all = client_.events(id);
  for (const std::uint64_t after : {std::uint64_t{0}, std::uint64_t{7}, all.back().sequence - 1}) {
    const auto rest = client_.events(id, {.after_sequence = after});
    ASSERT_EQ(rest.size(), all.size() - after);
    EXPECT_EQ(rest.front().sequence, after + 1);
    EXPECT_EQ(rest.back().type(), "succeeded");
  }
  EXPECT_TRUE(client_.events(id, {.after_sequence = all.back().sequence}).empty());
}

TEST_P(ExecutorConformance, AWatchSeesEventsWhileTheGenerationRuns) {
  const GenerationId id = client_.start(request("gated"));
  const auto stream = client_.watch(id);
  std::string seen;
  while (seen != "waiting") {
    client_.wait_ready(*stream);
    seen += joined_text(stream->read());
  }
  EXPECT_FALSE(stream->ended());
  gate_.open();
  client_.wait_ready(*stream);
  EXPECT_EQ(stream->read().back().type(), "succeeded");
  EXPECT_TRUE(stream->ended());
}

TEST_P(ExecutorConformance, ManyWatchesSeeTheSame) {
  const GenerationId id = client_.start(request("tokens", {{"count", 200}}));
  std::vector<std::vector<GenerationEvent>> seen(4);
  std::vector<std::thread> readers;
  for (auto& into : seen) readers.emplace_back([&] { into = client_.events(id); });
  for (auto& reader : readers) reader.join();
  for (const auto& events : seen) {
    EXPECT_EQ(types(events), types(seen[0]));
    EXPECT_EQ(joined_text(events), joined_text(seen[0]));
  }
}

TEST_P(ExecutorConformance, ASlowWatchLosesNothingAndReadsInBoundedPieces) {
  const GenerationId id = client_.start(request("tokens", {{"count", 5000}}));
  const auto stream = client_.watch(id);
  const GenerationRecord record = client_.wait_for_end(id);  // it reads only after the end
  std::string text;
  while (!stream->ended()) {
    const auto piece = stream->read(4096);
    EXPECT_LE(piece.size(), 100U);
    text += joined_text(piece);
  }
  EXPECT_EQ(text, record.text);
}

TEST_P(ExecutorConformance, AnUnknownModelIsRefusedWithTheKnownOnes) {
  const Error error = refusal(request("gpt-99"));
  EXPECT_EQ(error.code, error_code::kUnknownModel);
  EXPECT_EQ(error.details.at("field"), "/model");
  EXPECT_FALSE(error.details.at("available").as_array().empty());
}

TEST_P(ExecutorConformance, AnInputThatTheGeneratorRejectsIsRefusedNotFailed) {
  const Error error = refusal(request("picky"));
  EXPECT_EQ(error.code, error_code::kInvalidInput);
  EXPECT_EQ(error.details.at("field"), "/input/text");
  EXPECT_FALSE(error.retryable);
}

TEST_P(ExecutorConformance, AnInputThatCannotTravelIsRefusedByName) {
  const Error error = refusal(request("echo", {{"text", "x"}, {"seed", std::int64_t{1} << 60}}));
  EXPECT_EQ(error.code, "number_out_of_range");
  EXPECT_EQ(error.details.at("field"), "/input/seed");
}

TEST_P(ExecutorConformance, ATimeoutBeyondTheModelsIsRefusedWithTheLimit) {
  const Error error = refusal(with_timeout(request("echo", {{"text", ""}}), std::chrono::hours(48)));
  EXPECT_EQ(error.details.at("field"), "/options/timeout_ms");
  EXPECT_EQ(error.details.at("limit"), 600'000);
}

TEST_P(ExecutorConformance, BeyondConcurrencyAndLineItIsRefusedAsBusyAndRoomComesBack) {
  const GenerationId running = start_running_gated();
  const GenerationId waiting = client_.start(request("gated"));
  EXPECT_EQ(client_.record(waiting).state, GenerationState::kQueued);

  const auto outcome = client_.submit(request("gated"));
  ASSERT_TRUE(std::holds_alternative<Refused>(outcome));
  EXPECT_EQ(std::get<Refused>(outcome).error.code, error_code::kModelBusy);
  EXPECT_TRUE(std::get<Refused>(outcome).error.retryable);
  EXPECT_TRUE(std::get<Refused>(outcome).retry_after.has_value());

  gate_.open();
  EXPECT_EQ(client_.wait_for_end(running).state, GenerationState::kSucceeded);
  EXPECT_EQ(client_.wait_for_end(waiting).state, GenerationState::kSucceeded);
  EXPECT_EQ(client_.wait_for_end(client_.start(request("gated"))).state, GenerationState::kSucceeded);
}

TEST_P(ExecutorConformance, CancelBeforeTheStartEndsItAtOnceAndItNeverRuns) {
  const GenerationId running = start_running_gated();
  const GenerationId waiting = client_.start(request("gated"));
  const auto outcome = client_.cancel(waiting, "changed my mind");
  const auto& record = std::get<GenerationRecord>(*outcome);
  EXPECT_EQ(record.state, GenerationState::kCancelled);
  EXPECT_EQ(record.cancel_reason, "changed my mind");
  gate_.open();
  client_.wait_for_end(running);
  EXPECT_EQ(types(client_.events(waiting)), (std::vector<std::string>{"queued", "cancelled"}));
}

TEST_P(ExecutorConformance, CancelWhileRunningStopsTheGeneratorAndKeepsItsText) {
  const GenerationId id = start_running_gated();
  ASSERT_TRUE(client_.cancel(id, "enough").ok());
  const GenerationRecord record = client_.wait_for_end(id);
  EXPECT_EQ(record.state, GenerationState::kCancelled);
  EXPECT_EQ(record.cancel_reason, "enough");
  EXPECT_EQ(record.text, "waiting");
  EXPECT_EQ(client_.events(id).back().type(), "cancelled");
}

TEST_P(ExecutorConformance, CancelAfterTheEndChangesNothing) {
  const GenerationId id = client_.start(request("echo", {{"text", "done"}}));
  client_.wait_for_end(id);
  const auto outcome = client_.cancel(id, "too late");
  EXPECT_EQ(std::get<GenerationRecord>(*outcome).state, GenerationState::kSucceeded);
  EXPECT_EQ(client_.events(id).back().type(), "succeeded");
}

TEST_P(ExecutorConformance, AGeneratorThatIgnoresItsStopEndsAfterTheGraceAndItsLateResultIsRefused) {
  const GenerationId id = client_.start(request("stubborn"));
  ASSERT_TRUE(eventually([&] { return client_.record(id).state == GenerationState::kRunning; }));
  ASSERT_TRUE(client_.cancel(id, "now").ok());
  EXPECT_EQ(client_.wait_for_end(id).state, GenerationState::kCancelled);
  gate_.open();
  EXPECT_TRUE(eventually([&] { return subject_->executor().describe().running == 0; }));
  EXPECT_EQ(client_.record(id).state, GenerationState::kCancelled);
  EXPECT_TRUE(client_.record(id).result.is_null());
}

TEST_P(ExecutorConformance, ADeadlineFailsARunningGeneration) {
  const GenerationId id = client_.start(with_timeout(request("gated"), milliseconds(80)));
  const GenerationRecord record = client_.wait_for_end(id);
  ASSERT_EQ(record.state, GenerationState::kFailed);
  EXPECT_EQ(record.error->code, error_code::kDeadlineExceeded);
  EXPECT_EQ(record.error->details.at("timeout_ms"), 80);
  EXPECT_EQ(record.text, "waiting");
}

TEST_P(ExecutorConformance, ADeadlineFailsAWaitingGenerationWithoutRunningIt) {
  start_running_gated();
  const GenerationId waiting = client_.start(with_timeout(request("gated"), milliseconds(80)));
  const GenerationRecord record = client_.wait_for_end(waiting);
  ASSERT_EQ(record.state, GenerationState::kFailed);
  EXPECT_EQ(record.error->code, error_code::kDeadlineExceeded);
  EXPECT_FALSE(record.started_at.has_value());
}

TEST_P(ExecutorConformance, AnExceptionOfTheGeneratorIsAFailureWithItsWords) {
  const GenerationRecord record = client_.wait_for_end(client_.start(request("throwing")));
  ASSERT_EQ(record.state, GenerationState::kFailed);
  EXPECT_EQ(record.error->code, error_code::kGeneratorFailed);
  EXPECT_THAT(record.error->message, ::testing::HasSubstr("no luck today"));
}

TEST_P(ExecutorConformance, AGeneratorThatDropsItsRunFailsTheGeneration) {
  const GenerationRecord record = client_.wait_for_end(client_.start(request("vanishing")));
  ASSERT_EQ(record.state, GenerationState::kFailed);
  EXPECT_EQ(record.error->code, error_code::kGeneratorVanished);
}

TEST_P(ExecutorConformance, ABrokenOutputLimitFailsTheGenerationAndNamesTheLimit) {
  const GenerationRecord record = client_.wait_for_end(client_.start(request("limited", {{"count", 1000}})));
  ASSERT_EQ(record.state, GenerationState::kFailed);
  EXPECT_EQ(record.error->code, error_code::kOutputTooLarge);
  EXPECT_EQ(record.error->details.at("limit"), 64);
  EXPECT_LE(record.text.size(), 64U);
  EXPECT_TRUE(eventually([&] { return subject_->executor().describe().running == 0; }));
}

TEST_P(ExecutorConformance, ALargeArtifactArrivesWholeAndAnEmptyOneToo) {
  constexpr std::size_t kSize = 64 * 1024 * 1024;
  const GenerationRecord record = client_.wait_for_end(client_.start(request("artifact", {{"size", kSize}})));
  ASSERT_EQ(record.state, GenerationState::kSucceeded);
  ASSERT_EQ(record.artifacts.size(), 2U);
  EXPECT_EQ(record.artifacts[0].name, "large.bin");
  EXPECT_EQ(record.artifacts[0].bytes->size(), kSize);
  EXPECT_EQ(record.artifacts[0].bytes->find_first_not_of('x'), std::string::npos);
  EXPECT_EQ(record.artifacts[1].size(), 0U);
}

TEST_P(ExecutorConformance, UnicodePassesAndBrokenBytesAreReplaced) {
  const std::string text = "z\u00df\u6c34\U0001f682 \"quoted\" \\ \n\t";
  EXPECT_EQ(client_.wait_for_end(client_.start(request("echo", {{"text", text}}))).text, text);
  const GenerationRecord broken = client_.wait_for_end(client_.start(request("bytes")));
  EXPECT_EQ(broken.text, "caf\u00e9 \ufffd \ufffd");
}

TEST_P(ExecutorConformance, AnEmptyResultIsAResult) {
  const GenerationId id = client_.start(request("tokens", {{"count", 0}}));
  const GenerationRecord record = client_.wait_for_end(id);
  EXPECT_EQ(record.state, GenerationState::kSucceeded);
  EXPECT_EQ(record.text, "");
  EXPECT_TRUE(record.result.is_null());
}

TEST_P(ExecutorConformance, MetadataComesBack) {
  GenerationRequest made = request("echo", {{"text", "x"}});
  made.options.metadata = {{"order", 7}};
  EXPECT_EQ(client_.wait_for_end(client_.start(made)).metadata, (JsonObject{{"order", 7}}));
}

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
      const auto outcome = client_.submit(with_key(request("echo", {{"text", "once"}}), "race"));
      const std::lock_guard lock(mutex);
      outcomes.push_back(std::get<Accepted>(outcome));
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
  gate_.open();
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
  EXPECT_TRUE(std::holds_alternative<executor::Removed>(*client_.remove(id)));
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
    EXPECT_TRUE(client_.workers()->empty());
    return;
  }
  EXPECT_TRUE(eventually([&] { return client_.workers()->size() == 1; }));
  const auto leased = client_.workers();
  ASSERT_EQ(leased->size(), 1U);
  EXPECT_EQ(leased->front().models.size(), models_.all().size());
  EXPECT_EQ(leased->front().version, "1.2.3");
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
  gate_.open();
  EXPECT_TRUE(eventually([&] { return gated().open == 0 && gated().waiting == 0; }));
  EXPECT_EQ(subject_->executor().describe().models.size(), models_.all().size());
}

TEST_P(ExecutorConformance, AThousandAtOnceAllEndOnceEach) {
  std::vector<GenerationId> ids(1000);
  std::vector<std::thread> callers;
  for (std::size_t t = 0; t < 4; ++t) {
    callers.emplace_back([&, t] {
      for (std::size_t i = t; i < ids.size(); i += 4) {
        ids[i] = client_.start(request("echo", {{"text", std::to_string(i)}}));
      }
    });
  }
  for (auto& caller : callers) caller.join();
  for (std::size_t i = 0; i < ids.size(); ++i) {
    const auto events = client_.events(ids[i]);
    EXPECT_EQ(types(events), (std::vector<std::string>{"queued", "started", "delta", "succeeded"}));
    EXPECT_EQ(joined_text(events), std::to_string(i));
  }
}

TEST_P(ExecutorConformance, DrainLetsRunningWorkFinishAndRefusesNewWork) {
  const GenerationId running = start_running_gated();
  const GenerationId waiting = client_.start(request("gated"));
  std::thread drainer([&] { EXPECT_EQ(drain(std::chrono::seconds(10)).finished, 2U); });
  EXPECT_TRUE(
      eventually([&] { return subject_->executor().describe().health == executor::Health::kDraining; }));
  EXPECT_EQ(refusal(request("echo", {{"text", "x"}})).code, error_code::kShuttingDown);
  gate_.open();
  drainer.join();
  EXPECT_EQ(client_.record(running).state, GenerationState::kSucceeded);
  EXPECT_EQ(client_.record(waiting).state, GenerationState::kSucceeded);
}

TEST_P(ExecutorConformance, DrainCancelsWhatOutlastsTheGrace) {
  const GenerationId running = start_running_gated();
  const GenerationId waiting = client_.start(request("gated"));
  const GenerationId stubborn = client_.start(request("stubborn"));
  EXPECT_EQ(drain(milliseconds(50)).cancelled, 3U);
  for (const GenerationId& id : {running, waiting, stubborn}) {
    EXPECT_EQ(client_.record(id).state, GenerationState::kCancelled);
  }
}

INSTANTIATE_TEST_SUITE_P(, ExecutorConformance, ::testing::ValuesIn(executors_under_test()),
                         [](const auto& factory) { return factory.param.name; });

}  // namespace
}  // namespace shunt::testing
