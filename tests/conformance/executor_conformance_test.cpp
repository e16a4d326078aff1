// From the submit to the end, while others run, and the end of the executor.
#include <atomic>
#include <thread>

#include "conformance/executor_conformance.hpp"
#include "shunt/generation/error_codes.hpp"

namespace shunt::testing {
namespace {

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

TEST_P(ExecutorConformance, RunsWhatMayNotRunTwiceAsAnythingElse) {
  const GenerationId id = client_.start(request("once", {{"text", "hello"}}));
  const GenerationRecord record = client_.wait_for_end(id);
  EXPECT_EQ(record.state, GenerationState::kSucceeded);
  EXPECT_EQ(record.text, "hello");
  EXPECT_THAT(types(client_.events(id)), ::testing::ElementsAre("queued", "started", "delta", "succeeded"));
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
  hold_.release();
  client_.wait_ready(*stream);
  EXPECT_EQ(stream->read().back().type(), "succeeded");
  EXPECT_TRUE(stream->ended());
}

TEST_P(ExecutorConformance, AnAcceptanceBringsTheWholeStreamAndTheRecordAtItsEnd) {
  auto outcome = client_.submit(request("tokens", {{"count", 20}}));
  auto& accepted = std::get<Accepted>(outcome);
  ASSERT_NE(accepted.watch, nullptr);
  client_.wait_over(*accepted.watch);
  const auto record = accepted.watch->record_at_end();
  ASSERT_NE(record, nullptr);
  EXPECT_EQ(record->id, accepted.id);
  EXPECT_EQ(record->state, GenerationState::kSucceeded);
  std::vector<GenerationEvent> events;
  while (!accepted.watch->ended()) {
    for (auto& event : accepted.watch->read()) events.push_back(std::move(event));
  }
  EXPECT_EQ(types(events), types(client_.events(accepted.id)));
  EXPECT_EQ(joined_text(events), record->text);
  const GenerationRecord found = client_.record(accepted.id);
  EXPECT_EQ(found.text, record->text);
  EXPECT_EQ(found.result, record->result);
  EXPECT_EQ(found.last_sequence, record->last_sequence);
  EXPECT_EQ(found.admission.executor, record->admission.executor);
}

TEST_P(ExecutorConformance, TheRecordOfAWatchStandsAsTheGenerationDoes) {
  auto outcome = client_.submit(request("gated"));
  auto& accepted = std::get<Accepted>(outcome);
  ASSERT_NE(accepted.watch, nullptr);
  EXPECT_TRUE(eventually([&] { return accepted.watch->record().text == "waiting"; }));
  EXPECT_EQ(accepted.watch->record().state, GenerationState::kRunning);
  EXPECT_EQ(accepted.watch->record_at_end(), nullptr);
  ASSERT_TRUE(client_.cancel(accepted.id, "enough").ok());
  client_.wait_over(*accepted.watch);
  ASSERT_NE(accepted.watch->record_at_end(), nullptr);
  EXPECT_EQ(accepted.watch->record_at_end()->cancel_reason, "enough");
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
  EXPECT_FALSE(error.details.at("known").as_array().empty());
}

TEST_P(ExecutorConformance, AnInputThatTheGeneratorRejectsIsRefusedNotFailed) {
  const Error error = refusal(request("picky"));
  EXPECT_EQ(error.code, error_code::kInvalidInput);
  EXPECT_EQ(error.details.at("field"), "/input/text");
  EXPECT_FALSE(error.is_retryable());
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
  EXPECT_TRUE(std::get<Refused>(outcome).error.is_retryable());
  EXPECT_TRUE(std::get<Refused>(outcome).retry_after.has_value());

  hold_.release();
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
  hold_.release();
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
  hold_.release();
  EXPECT_TRUE(eventually([&] { return subject_->executor().describe().running == 0; }));
  EXPECT_EQ(client_.record(id).state, GenerationState::kCancelled);
  EXPECT_TRUE(client_.record(id).result.is_null());
}

TEST_P(ExecutorConformance, ADeadlineFailsARunningGeneration) {
  std::string text;
  // Doubled until the generator has said something before, on a busy machine, too.
  for (milliseconds timeout(500); text.empty() && timeout < milliseconds(10'000); timeout *= 2) {
    const GenerationId id = client_.start(with_timeout(request("gated"), timeout));
    const GenerationRecord record = client_.wait_for_end(id);
    ASSERT_EQ(record.state, GenerationState::kFailed);
    EXPECT_EQ(record.error->code, error_code::kDeadlineExceeded);
    EXPECT_EQ(record.error->details.at("timeout_ms"), timeout.count());
    text = record.text;
  }
  EXPECT_EQ(text, "waiting");
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
  EXPECT_EQ(record.artifacts[0].size(), kSize);
  EXPECT_EQ(record.artifacts[1].size(), 0U);
  const auto large = client_.load(record.artifacts[0]);
  ASSERT_TRUE(large) << large.error().message;
  EXPECT_EQ((*large)->size(), kSize);
  EXPECT_EQ((*large)->find_first_not_of('x'), std::string::npos);
  const auto empty = client_.load(record.artifacts[1]);
  ASSERT_TRUE(empty) << empty.error().message;
  EXPECT_EQ(**empty, "");
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
  // What nobody watches is known to this process for some seconds only.
  const auto running_watch = client_.watch(running);
  const auto waiting_watch = client_.watch(waiting);
  std::thread drainer([&] { EXPECT_EQ(drain(std::chrono::seconds(10)).finished, 2U); });
  EXPECT_TRUE(
      eventually([&] { return subject_->executor().describe().health == executor::Health::kDraining; }));
  EXPECT_EQ(refusal(request("echo", {{"text", "x"}})).code, error_code::kShuttingDown);
  hold_.release();
  drainer.join();
  EXPECT_EQ(client_.record(running).state, GenerationState::kSucceeded);
  EXPECT_EQ(client_.record(waiting).state, GenerationState::kSucceeded);
}

TEST_P(ExecutorConformance, DrainCancelsWhatOutlastsTheGrace) {
  const GenerationId running = start_running_gated();
  const GenerationId waiting = client_.start(request("gated"));
  const GenerationId stubborn = client_.start(request("stubborn"));
  // What nobody watches is known to this process for some seconds only.
  std::vector<std::unique_ptr<EventWatch>> watches;
  for (const GenerationId& id : {running, waiting, stubborn}) watches.push_back(client_.watch(id));
  EXPECT_EQ(drain(milliseconds(50)).cancelled, 3U);
  for (const GenerationId& id : {running, waiting, stubborn}) {
    EXPECT_EQ(client_.record(id).state, GenerationState::kCancelled);
  }
}

INSTANTIATE_TEST_SUITE_P(, ExecutorConformance, ::testing::ValuesIn(executors_under_test()),
                         [](const auto& factory) { return factory.param.name; });

}  // namespace
}  // namespace shunt::testing
