// What becomes of requests to Replicate's API, before anything runs.
#include <gtest/gtest.h>

#include <memory>
#include <string>
#include <vector>

#include "dialects/replicate/model_names.hpp"
#include "dialects/replicate/model_object.hpp"
#include "dialects/replicate/prediction_call.hpp"
#include "dialects/replicate/prediction_object.hpp"
#include "dialects/replicate/replicate_error.hpp"
#include "dialects/replicate/replicate_files.hpp"
#include "dialects/replicate/wait_header.hpp"
#include "representation/problem.hpp"
#include "shunt/base/json_members.hpp"
#include "shunt/generation/errors.hpp"

namespace shunt::api::dialects::replicate {
namespace {

using namespace std::chrono_literals;

std::shared_ptr<const Model> model(std::string name) {
  auto made = std::make_shared<Model>();
  made->name = std::move(name);
  made->timeout = 10min;
  InputRule image;
  image.type = InputRule::Type::kFile;
  image.urls = {InputRule::Url::kData};
  made->input_rules = InputRules::compile({{"image", image}}).value();
  return made;
}

// A request to a server with some models.
class Asked {
 public:
  std::vector<std::shared_ptr<const Model>> models{model("speech"), model("meta/llama"), model("shunt/own"),
                                                   model("a/b/c"), model("llama:8b")};
  http::Request request;
  http::RequestTarget target;
  std::vector<std::string_view> path{"", "", ""};
  UrlSigner urls{"a secret of some length"};

  CallContext context() {
    return {.request = request,
            .target = target,
            .path = path,
            .base_url = "http://shunt:8080",
            .find_model = [this](std::string_view name) -> Result<std::shared_ptr<const Model>> {
              for (const auto& each : models) {
                if (each->name == name) return each;
              }
              return unknown_model(name, {});
            },
            .now = WallTime(1'800'000'000'000ms),
            .models = [this] { return models; },
            .urls = &urls};
  }
  Result<Call> predict(const std::string& body) {
    return predict_version(context(), parse_json(body)->get_object());
  }
  Result<Call> run(std::string_view owner, std::string_view name, const std::string& body) {
    path = {owner, name, ""};
    return predict_model(context(), parse_json(body)->get_object());
  }
  std::string version(std::size_t index) { return version_of(*models[index]); }
};

TEST(ReplicateCalls, AVersionIsAHashAModelsNameOrBoth) {
  Asked asked;
  const std::string hash = asked.version(1);
  const std::vector<std::pair<std::string, std::string>> table{
      {hash, "meta/llama"}, {"meta/llama", "meta/llama"}, {"meta/llama:" + hash, "meta/llama"},
      {"speech", "speech"}, {"shunt/speech", "speech"},   {"shunt/own", "shunt/own"},
      {"a/b/c", "a/b/c"},   {"llama:8b", "llama:8b"},     {"shunt/llama:8b", "llama:8b"}};
  for (const auto& [version, wanted] : table) {
    const auto call = asked.predict(R"({"version":")" + version + R"(","input":{}})");
    ASSERT_TRUE(call.ok()) << version << ": " << call.error().message;
    EXPECT_EQ(call->request.model, wanted) << version;
  }
}

TEST(ReplicateCalls, AnUnknownVersionIsNotFound) {
  Asked asked;
  const std::string other(64, '0');
  for (const std::string& version :
       {std::string(), std::string("/"), std::string("nobody/speech"), other, "meta/llama:" + other,
        "speech:" + asked.version(1), std::string("meta/llama:"), std::string(":"), asked.version(0) + "0"}) {
    const auto call = asked.predict(R"({"version":")" + version + R"(","input":{}})");
    ASSERT_FALSE(call.ok()) << version;
    http::Response response;
    write_error(response, call.error());
    EXPECT_EQ(response.status, 404) << version;
  }
}

TEST(ReplicateCalls, AModelsNameMayHaveSlashesOfItsOwn) {
  Asked asked;
  EXPECT_EQ(asked.run("a", "b/c", R"({"input":{}})")->request.model, "a/b/c");
  EXPECT_EQ(asked.run("shunt", "speech", R"({"input":{}})")->request.model, "speech");
  EXPECT_FALSE(asked.run("nobody", "speech", R"({"input":{}})").ok());
}

TEST(ReplicateCalls, AVersionStaysWhileTheModelIsDescribedAsItIs) {
  Model one = *model("speech");
  const std::string before = version_of(one);
  EXPECT_EQ(before.size(), 64U);
  EXPECT_EQ(version_of(one), before);
  one.concurrency = 99;
  EXPECT_EQ(version_of(one), before);
  one.description = "another";
  EXPECT_NE(version_of(one), before);
}

TEST(ReplicateCalls, WhatIsNotKnownOrOfAnotherTypeIsRefusedByName) {
  Asked asked;
  const std::vector<std::pair<std::string, std::string>> table{
      {R"({"input":{}})", "/version"},
      {R"({"version":1,"input":{}})", "/version"},
      {R"({"version":"speech"})", "/input"},
      {R"({"version":"speech","input":[]})", "/input"},
      {R"({"version":"speech","input":null})", "/input"},
      {R"({"version":"speech","input":{},"colour":1})", "/colour"},
      {R"({"version":"speech","input":{},"stream":"yes"})", "/stream"},
      {R"({"version":"speech","input":{},"webhook":1})", "/webhook"},
      {R"({"version":"speech","input":{},"webhook":"https://a","webhook_completed":"https://b"})",
       "/webhook_completed"},
      {R"({"version":"speech","input":{},"webhook_events_filter":"completed"})", "/webhook_events_filter"},
      {R"({"version":"speech","input":{},"webhook_events_filter":[]})", "/webhook_events_filter"},
      {R"({"version":"speech","input":{},"webhook_events_filter":["completed","started"]})",
       "/webhook_events_filter"},
      {R"({"version":"speech","input":{},"webhook_events_filter":[{}]})", "/webhook_events_filter"}};
  for (const auto& [body, field] : table) {
    const auto call = asked.predict(body);
    ASSERT_FALSE(call.ok()) << body;
    EXPECT_EQ(text_in(call.error().details, "field"), field) << body << call.error().message;
  }
  EXPECT_FALSE(asked.run("shunt", "speech", R"({"version":"speech","input":{}})").ok());
}

TEST(ReplicateCalls, AWebhookIsHandedOnInThisForm) {
  Asked asked;
  const auto call = asked.predict(
      R"({"version":"speech","input":{},"webhook":"https://a/b","webhook_events_filter":["completed"]})");
  ASSERT_TRUE(call.ok());
  EXPECT_EQ(to_json_text(*call->webhook), R"({"url":"https://a/b"})");
  EXPECT_EQ(call->webhook_form, "replicate");
  const Prediction kept = from_dialect(call->request.context.dialect);
  EXPECT_EQ(kept.webhook, "https://a/b");
  EXPECT_EQ(kept.version, asked.version(0));
  EXPECT_EQ(kept.webhook_events_filter.size(), 1U);
}

TEST(ReplicateCalls, CancelAfterIsTheDeadlineWhereItComesBeforeTheModels) {
  Asked asked;
  asked.request.headers.add("Cancel-After", "1m");
  auto call = asked.predict(R"({"version":"speech","input":{}})");
  EXPECT_EQ(call->request.options.timeout, 1min);
  EXPECT_TRUE(from_dialect(call->request.context.dialect).cancel_after);
  asked.request.headers.clear();
  asked.request.headers.add("Cancel-After", "1h");
  call = asked.predict(R"({"version":"speech","input":{}})");
  EXPECT_FALSE(call->request.options.timeout);
  EXPECT_FALSE(from_dialect(call->request.context.dialect).cancel_after);
  asked.request.headers.clear();
  asked.request.headers.add("Cancel-After", "soon");
  EXPECT_FALSE(asked.predict(R"({"version":"speech","input":{}})").ok());
}

TEST(ReplicateCalls, FilesOfOursAreNamedByTheirUrl) {
  Asked asked;
  const std::string id = "file-0123456789abcdef0123456789abcdef";
  const std::string url = "http://shunt:8080/replicate/v1/files/" + id;
  const auto call = asked.predict(R"({"version":"speech","input":{"image":")" + url + R"("}})");
  ASSERT_TRUE(call.ok());
  EXPECT_EQ(to_json_text(call->request.input), R"({"image":{"file":")" + id + R"("}})");
  EXPECT_EQ(from_dialect(call->request.context.dialect).files.at("image"), url);
  // A data: URL may be large, and is not kept twice.
  const auto inlined = asked.predict(R"({"version":"speech","input":{"image":"data:text/plain,a"}})");
  EXPECT_TRUE(from_dialect(inlined->request.context.dialect).files.empty());
}

TEST(ReplicateFiles, OnlyAUrlOfThisServerIsAFileOfOurs) {
  const std::string id = "file-0123456789abcdef0123456789abcdef";
  const std::string base = "https://shunt";
  EXPECT_EQ(file_of_url("https://shunt/replicate/v1/files/" + id, base), id);
  EXPECT_EQ(file_of_url("http://shunt/replicate/v1/files/" + id, base), id);
  for (const std::string& url :
       {std::string(), "https://shunt.evil/replicate/v1/files/" + id,
        "https://other/replicate/v1/files/" + id, "https://shunt/replicate/v1/files/" + id + "/../x",
        std::string("https://shunt/replicate/v1/files/"), "https://shunt/v1/files/" + id,
        "ftp://shunt/replicate/v1/files/" + id, "https://shunt/replicate/v1/files/../" + id}) {
    EXPECT_FALSE(file_of_url(url, base)) << url;
  }
  EXPECT_FALSE(file_of_url("https:///replicate/v1/files/" + id, ""));
}

TEST(ReplicateHeaders, PreferSaysHowLongToWait) {
  const std::vector<std::pair<std::string_view, std::chrono::milliseconds>> table{
      {"", 0ms},          {"wait", 60s},          {"wait=5", 5s},     {"WAIT = 5", 5s},
      {"wait=\"7\"", 7s}, {"a, wait=3, b", 3s},   {"wait=-1", 0ms},   {"wait=x", 0ms},
      {"waiting=5", 0ms}, {"wait=99999999", 24h}, {"wait=5;x=1", 5s}, {",,;=,wait", 60s},
      {"wait=", 0ms},     {"respond-async", 0ms}, {"wait=1e3", 0ms}};
  for (const auto& [prefer, wanted] : table) EXPECT_EQ(wait_of(prefer), wanted) << prefer;
}

TEST(ReplicateHeaders, CancelAfterIsADurationOfReplicates) {
  const std::vector<std::pair<std::string_view, std::chrono::milliseconds>> right{
      {"5", 5s}, {"90s", 90s}, {"1m", 1min}, {"1h30m45s", 1h + 30min + 45s}, {"24h", 24h}, {" 10m ", 10min}};
  for (const auto& [text, wanted] : right) EXPECT_EQ(*parse_cancel_after(text), wanted) << text;
  for (const std::string_view text : {"", " ", "4s", "0", "25h", "m", "1", "1d", "-5s", "1m1m", "1s1m",
                                      "1m30", "5 s", "99999999999999999999s", "1.5m", "1h-30m", "86401"}) {
    EXPECT_FALSE(parse_cancel_after(text).ok()) << text;
  }
}

TEST(ReplicateErrors, HaveDetailStatusTitleAndTheField) {
  http::Response response;
  response.add_header("Retry-After", "1");
  write_error(response, invalid_field("/input/image", "it is missing"));
  EXPECT_EQ(response.status, 422);
  const auto body = parse_json(response.body)->get_object();
  EXPECT_EQ(text_in(body, "detail"), "it is missing");
  EXPECT_EQ(body.at("status"), 422);
  EXPECT_FALSE(text_in(body, "title").empty());
  EXPECT_EQ(text_in(array_in(body, "invalid_fields").at(0).get_object(), "field"), "input.image");
  EXPECT_NE(response.headers.find("Retry-After"), std::string::npos);
}

TEST(ReplicateErrors, AreBoundedWhateverTheyQuote) {
  http::Response response;
  Error error = invalid_field('/' + std::string(1 << 20, 'x'), std::string(1 << 20, '"'));
  write_error(response, error);
  EXPECT_LT(response.body.size(), 64U * 1024);
  EXPECT_TRUE(parse_json(response.body).ok());
}

TEST(ReplicateModels, ShowTheirInputsSchemaAsCogDoes) {
  Asked asked;
  std::string text;
  append_model(text, *asked.models[1], "http://shunt");
  const auto shown = parse_json(text)->get_object();
  EXPECT_EQ(text_in(shown, "owner"), "meta");
  EXPECT_EQ(text_in(shown, "name"), "llama");
  const auto& version = object_in(shown, "latest_version");
  EXPECT_EQ(text_in(version, "id"), asked.version(1));
  const auto& schemas = object_in(object_in(object_in(version, "openapi_schema"), "components"), "schemas");
  EXPECT_TRUE(object_in(object_in(schemas, "Input"), "properties").contains("image"));
  EXPECT_TRUE(schemas.contains("Output"));
}

TEST(ReplicateModels, OfAModelThatChatsTheOutputIsAListOfPieces) {
  Model chats = *model("chats");
  chats.calls.emplace(CallKind::kChat, ServedCall{});
  std::string text;
  append_version(text, chats);
  EXPECT_NE(text.find(R"("x-cog-array-type":"iterator")"), std::string::npos);
}

TEST(ReplicateModels, ASearchLooksAtNamesAndDescriptions) {
  Asked asked;
  asked.request.body = " LLAMA ";
  http::Response response;
  ASSERT_TRUE(search_models(response, asked.context(), asked.models).ok());
  const auto page = parse_json(response.body)->get_object();
  EXPECT_EQ(array_in(page, "results").size(), 2U);
  asked.request.body = std::string(2'000, 'x');
  EXPECT_FALSE(search_models(response, asked.context(), asked.models).ok());
}

}  // namespace
}  // namespace shunt::api::dialects::replicate
