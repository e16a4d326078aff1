// What clients of Replicate's API see of a generation.
#include <gtest/gtest.h>

#include <string>

#include "dialects/replicate/prediction_object.hpp"
#include "dialects/replicate/prediction_rendering.hpp"
#include "shunt/base/json_members.hpp"
#include "shunt/generation/error_codes.hpp"

namespace shunt::api::dialects::replicate {
namespace {

using namespace std::chrono_literals;

constexpr WallTime kNow{1'800'000'000'000ms};

const GenerationId& some_id() {
  static GenerationIdSource source(system_clock());
  static const GenerationId id = source.next();
  return id;
}

const UrlSigner& signer() {
  static const UrlSigner urls("a secret of some length");
  return urls;
}

Links links() {
  return {.base_url = "https://shunt", .urls = &signer(), .now = kNow};
}

GenerationRecord record(GenerationState state) {
  GenerationRecord made;
  made.id = some_id();
  made.model = "speech";
  made.state = state;
  made.created_at = kNow;
  if (state != GenerationState::kQueued) made.started_at = kNow + 250ms;
  if (is_terminal(state)) made.finished_at = kNow + 1300ms;
  return made;
}

GenerationRequest request_of(const Prediction& prediction = {.version = "v1"}) {
  GenerationRequest request;
  request.model = "speech";
  request.input = JsonObject{{"text", "hello"}};
  request.context.dialect = to_dialect(prediction);
  return request;
}

JsonObject shown(const Shown& what) {
  std::string text;
  append_prediction(text, what, links());
  return parse_json(text)->get_object();
}

JsonObject shown(const GenerationRecord& record, const Prediction& prediction = {.version = "v1"}) {
  const GenerationRequest request = request_of(prediction);
  return shown({.record = record, .request = &request});
}

// What follows from an event in a stream.
class Stream {
 public:
  explicit Stream(std::uint64_t after = 0) : rendering_(links(), some_id(), after) {}
  std::string add(GenerationEvent::Payload payload) {
    std::string out;
    rendering_.append_event(out, {.sequence = ++sequence_, .at = kNow, .payload = std::move(payload)});
    return out;
  }

 private:
  StreamRendering rendering_;
  std::uint64_t sequence_ = 0;
};

TEST(ReplicatePrediction, HasEveryMemberThatClientsKnow) {
  const JsonObject prediction = shown(record(GenerationState::kSucceeded));
  for (const char* member :
       {"id", "model", "version", "status", "input", "output", "error", "logs", "metrics", "created_at",
        "started_at", "completed_at", "deadline", "data_removed", "source", "urls"}) {
    EXPECT_TRUE(prediction.contains(member)) << member;
  }
  EXPECT_EQ(text_in(prediction, "id"), some_id().to_string());
  EXPECT_EQ(text_in(prediction, "model"), "shunt/speech");
  EXPECT_EQ(text_in(prediction, "version"), "v1");
  EXPECT_EQ(to_json_text(prediction.at("input")), R"({"text":"hello"})");
  EXPECT_DOUBLE_EQ(number_in(object_in(prediction, "metrics"), "predict_time"), 1.05);
  EXPECT_DOUBLE_EQ(number_in(object_in(prediction, "metrics"), "total_time"), 1.3);
  for (const char* url : {"get", "cancel", "stream", "web"})
    EXPECT_TRUE(text_in(object_in(prediction, "urls"), url).starts_with("https://shunt/")) << url;
}

TEST(ReplicatePrediction, TextIsAListOfPiecesAndFilesAreUrls) {
  GenerationRecord said = record(GenerationState::kSucceeded);
  said.text = "a\"b";
  EXPECT_EQ(to_json_text(shown(said).at("output")), R"(["a\"b"])");
  GenerationRecord made = record(GenerationState::kSucceeded);
  made.artifacts.push_back({.name = "audio.wav", .media_type = "audio/wav", .bytes = nullptr});
  EXPECT_TRUE(text_in(shown(made), "output").starts_with("https://shunt/replicate/v1/artifacts/gen_"));
  made.artifacts.push_back({.name = "b.png", .media_type = "image/png", .bytes = nullptr});
  EXPECT_EQ(shown(made).at("output").get_array().size(), 2U);
  made.text = "beside";
  EXPECT_EQ(text_in(object_in(shown(made), "output"), "text"), "beside");
  GenerationRecord found = record(GenerationState::kSucceeded);
  found.result = JsonObject{{"x", 1}};
  EXPECT_EQ(to_json_text(shown(found).at("output")), R"({"x":1})");
}

TEST(ReplicatePrediction, StatusIsWhatReplicateCallsIt) {
  const Prediction plain;
  const Prediction timed{.cancel_after = true};
  EXPECT_EQ(status_of(record(GenerationState::kQueued), plain), "starting");
  EXPECT_EQ(status_of(record(GenerationState::kRunning), plain), "processing");
  EXPECT_EQ(status_of(record(GenerationState::kSucceeded), plain), "succeeded");
  EXPECT_EQ(status_of(record(GenerationState::kCancelled), plain), "canceled");
  GenerationRecord late = record(GenerationState::kFailed);
  late.error = Error{error_code::kDeadlineExceeded, "too late"};
  EXPECT_EQ(status_of(late, plain), "failed");
  EXPECT_EQ(status_of(late, timed), "canceled");
  late.started_at.reset();
  EXPECT_EQ(status_of(late, timed), "aborted");
  GenerationRecord failed = record(GenerationState::kFailed);
  failed.error = Error{"program_exited", "it failed"};
  EXPECT_EQ(status_of(failed, timed), "failed");
  EXPECT_EQ(text_in(shown(failed), "error"), "it failed");
}

TEST(ReplicatePrediction, AWaitThatEndsFirstSeesNothingButStarting) {
  GenerationRecord running = record(GenerationState::kRunning);
  running.text = "half";
  const GenerationRequest request = request_of();
  const JsonObject seen = shown({.record = running, .request = &request, .only_starting = true});
  EXPECT_EQ(text_in(seen, "status"), "starting");
  EXPECT_TRUE(seen.at("output").is_null());
  EXPECT_TRUE(seen.at("started_at").is_null());
  // An end is shown whoever asks.
  const GenerationRecord ended = record(GenerationState::kSucceeded);
  EXPECT_EQ(text_in(shown({.record = ended, .request = &request, .only_starting = true}), "status"),
            "succeeded");
}

TEST(ReplicatePrediction, OfAnotherApisGenerationOnlyTheInputIsMissingWhereItIsForgotten) {
  const GenerationRecord ended = record(GenerationState::kSucceeded);
  const JsonObject seen = shown({.record = ended, .version = "now"});
  EXPECT_TRUE(is_true_in(seen, "data_removed"));
  EXPECT_EQ(text_in(seen, "version"), "now");
}

TEST(ReplicatePrediction, WhatIsStoredOfItIsReadWhateverItSays) {
  const Prediction kept{.version = "v",
                        .base_url = "http://a",
                        .webhook = "https://b",
                        .webhook_events_filter = {"completed"},
                        .cancel_after = true,
                        .files = {{"image", "https://c"}}};
  const Prediction again = from_dialect(to_dialect(kept));
  EXPECT_EQ(to_dialect(again), to_dialect(kept));
  for (const char* text :
       {"{}", R"({"name":"openai"})", R"({"name":"replicate","version":1,"files":[],"webhook":{}})",
        R"({"name":"replicate","files":{"a":1},"cancel_after":"yes","webhook_events_filter":3})"}) {
    const Prediction read = from_dialect(parse_json(text)->get_object());
    EXPECT_TRUE(read.version.empty() && read.files.empty() && !read.cancel_after) << text;
  }
}

TEST(ReplicatePrediction, ItsTokensOpenWhatTheyAreForAlone) {
  const JsonObject prediction = shown(record(GenerationState::kSucceeded));
  const std::string stream(text_in(object_in(prediction, "urls"), "stream"));
  const std::string token = stream.substr(stream.find("token=") + 6);
  const std::string id = some_id().to_string();
  EXPECT_TRUE(signer().allows(token, kStreamOperation, id, kNow));
  EXPECT_FALSE(signer().allows(token, kArtifactOperation, id, kNow));
  EXPECT_FALSE(signer().allows(token, kArtifactOperation, id + "/audio.wav", kNow));
}

TEST(ReplicatePrediction, LogsAreTheLinesThatWereLoggedAndTheLastOfMany) {
  PredictionRendering rendering(links(), "v", PredictionRendering::Answers::kShow);
  const auto log = [&](const std::string& message) {
    rendering.take_event({.sequence = 1, .at = kNow, .payload = event::Log{"info", message}});
  };
  http::Response response;
  log("one");
  log("two\n");
  rendering.answer(response, record(GenerationState::kSucceeded), {});
  EXPECT_EQ(text_in(parse_json(response.body)->get_object(), "logs"), "one\ntwo\n");
  for (int i = 0; i < 10'000; ++i) log("line " + std::to_string(i) + std::string(20, '.'));
  rendering.answer(response, record(GenerationState::kSucceeded), {});
  const auto seen = parse_json(response.body)->get_object();
  const std::string_view logs = text_in(seen, "logs");
  EXPECT_LE(logs.size(), 64U * 1024);
  EXPECT_TRUE(logs.starts_with("line "));
  EXPECT_NE(logs.find("line 9999."), std::string::npos);
  rendering.take_event({.sequence = 2, .at = kNow, .payload = event::Restarted{}});
  rendering.answer(response, record(GenerationState::kSucceeded), {});
  EXPECT_EQ(text_in(parse_json(response.body)->get_object(), "logs"), "");
}

TEST(ReplicateStream, OutputsThenIsDone) {
  Stream stream;
  EXPECT_EQ(stream.add(event::Queued{}), "");
  EXPECT_EQ(stream.add(event::Started{}), "");
  EXPECT_EQ(stream.add(event::Delta{.text = "hel"}), "event: output\nid: 3\ndata: hel\n\n");
  EXPECT_EQ(stream.add(event::Delta{.text = " a\nb\r\nc\r"}),
            "event: output\nid: 4\ndata:  a\ndata: b\ndata: c\ndata: \n\n");
  EXPECT_EQ(stream.add(event::Log{"info", "x"}), "");
  EXPECT_EQ(stream.add(event::Succeeded{}), "event: done\nid: 6\ndata: {}\n\n");
}

TEST(ReplicateStream, TellsFailureAndCancelling) {
  Stream failed;
  EXPECT_EQ(failed.add(event::Failed{Error{"x", "it\nfailed"}}),
            "event: error\nid: 1\ndata: {\"detail\":\"it\\nfailed\"}\n\nevent: done\nid: 1\ndata: "
            "{\"reason\":\"error\"}\n\n");
  Stream cancelled;
  EXPECT_EQ(cancelled.add(event::Cancelled{"by its caller"}),
            "event: done\nid: 1\ndata: {\"reason\":\"canceled\"}\n\n");
}

TEST(ReplicateStream, AResultWithoutTextIsOneOutput) {
  Stream stream;
  EXPECT_EQ(stream.add(event::Succeeded{JsonObject{{"a", 1}}}),
            "event: output\nid: 1\ndata: {\"a\":1}\n\nevent: done\nid: 1\ndata: {}\n\n");
}

TEST(ReplicateStream, GoesOnBehindWhatTheClientHas) {
  Stream stream(2);
  EXPECT_EQ(stream.add(event::Delta{.text = "a"}), "");
  EXPECT_EQ(stream.add(event::Delta{.text = "b"}), "");
  EXPECT_EQ(stream.add(event::Delta{.text = "c"}), "event: output\nid: 3\ndata: c\n\n");
  Stream beyond(99);
  EXPECT_EQ(beyond.add(event::Delta{.text = "a"}), "");
  EXPECT_NE(beyond.add(event::Succeeded{}).find("event: done"), std::string::npos);
}

TEST(ReplicateStream, EndsWithAnErrorWhereItsOutputBecameVoid) {
  Stream fresh;
  EXPECT_EQ(fresh.add(event::Restarted{}), "");
  EXPECT_NE(fresh.add(event::Delta{.text = "a"}), "");
  const std::string end = fresh.add(event::Restarted{});
  EXPECT_NE(end.find("event: error"), std::string::npos);
  EXPECT_NE(end.find("event: done"), std::string::npos);
  EXPECT_EQ(fresh.add(event::Delta{.text = "b"}), "");
  EXPECT_EQ(fresh.add(event::Succeeded{}), "");
}

}  // namespace
}  // namespace shunt::api::dialects::replicate
