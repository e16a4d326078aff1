#include "call_fixture.hpp"
#include "dialects/openai/audio/transcript_call.hpp"
#include "dialects/openai/audio/transcript_rendering.hpp"
#include "dialects/openai/images/image_call.hpp"
#include "representation/form_fields.hpp"
#include "shunt/generation/error_codes.hpp"

namespace shunt::api::dialects::openai {
namespace {

// Calls that are forms. "server" speaks the API itself; "program" gets the sound and a language.
class OpenAiForms : public CallTest {
 protected:
  OpenAiForms() {
    add_model("server", CallKind::kTranscription).calls = {
        {CallKind::kTranscription, {}}, {CallKind::kTranslation, {}}, {CallKind::kImageEdits, {}}};
    Model& program = add_model("program", CallKind::kTranscription, {{"file", "sound"}});
    std::map<std::string, InputRule> rules;
    rules["sound"].type = InputRule::Type::kFile;
    rules["language"].type = InputRule::Type::kString;
    rules["temperature"].type = InputRule::Type::kNumber;
    rules["n"].type = InputRule::Type::kInteger;
    program.input_rules = *InputRules::compile(std::move(rules));
    program.calls[CallKind::kImageEdits] = ServedCall{{{"image", "sound"}}};
    files_ = {"file"};
  }
  struct Case {
    const char* members;   // beside the model
    const char* expected;  // outcome()
  };
  void expect(Make make_call, const std::string& model, std::initializer_list<Case> cases) {
    for (const Case& each : cases) {
      const std::string body = "{\"model\":\"" + model + "\"" + each.members + "}";
      EXPECT_EQ(outcome(make_call, body), each.expected) << body;
    }
  }
};

TEST_F(OpenAiForms, AServerGetsAllOfATranscriptionButTheStream) {
  expect(make_transcription_call, "server",
         {{R"(,"language":"nl","temperature":"0.5","include":["logprobs"],"stream":"true")",
           R"({"language":"nl","temperature":"0.5","include":["logprobs"]})"},
          {R"(,"response_format":"srt","unheard_of":"1")", R"({"response_format":"srt","unheard_of":"1"})"},
          {R"(,"response_format":"verbose_json","timestamp_granularities":["word"])",
           R"({"response_format":"verbose_json","timestamp_granularities":["word"]})"},
          {R"(,"response_format":"docx")", "invalid_request /response_format"},
          {R"(,"response_format":["srt"])", "invalid_request /response_format"},
          {R"(,"response_format":"vtt","stream":"true")", "invalid_request /response_format"},
          {R"(,"stream":"1")", "invalid_request /stream"},
          {R"(,"file":"text")", "invalid_request /file"}});
  expect(make_translation_call, "server", {{"", "{}"}});
}

TEST_F(OpenAiForms, AProgramGetsWhatItHasRulesForInTheTypesOfThese) {
  expect(make_transcription_call, "program",
         {{R"(,"language":"7","temperature":"0.5","response_format":"text")",
           R"({"language":"7","temperature":0.5})"},
          {R"(,"temperature":"warm")", R"({"temperature":"warm"})"},
          {R"(,"response_format":"srt")", "invalid_request /response_format"},
          {R"(,"prompt":"x")", "invalid_request /prompt"}});
  EXPECT_EQ(outcome(make_translation_call, R"({"model":"program"})"), "invalid_request /model");
  const auto call = make(make_transcription_call, R"({"model":"program"})");
  ASSERT_TRUE(call.ok());
  EXPECT_EQ(call->file_members.at("file"), "sound");
}

TEST_F(OpenAiForms, TheFilesAreThoseOfTheCall) {
  files_ = {};
  expect(make_transcription_call, "server", {{"", "invalid_request /file"}});
  files_ = {"file", "other"};
  expect(make_transcription_call, "server", {{"", "invalid_request /other"}});
  files_ = {"mask"};
  expect(make_image_edit_call, "server", {{R"(,"prompt":"x")", "invalid_request /image"}});
  files_ = {"image", "mask"};
  expect(make_image_edit_call, "server",
         {{R"(,"prompt":"x","n":"2","size":"64x64")", R"({"prompt":"x","n":2,"size":"64x64"})"}});
  files_ = {"image[0]"};
  const auto call = make(make_image_edit_call, R"({"model":"program","prompt":"x"})");
  EXPECT_FALSE(call.ok());  // it has no rule for a prompt
  const auto listed = make(make_image_edit_call, R"({"model":"server","prompt":"x"})");
  ASSERT_TRUE(listed.ok());
  EXPECT_EQ(listed->file_members.at("image[0]"), "image");
}

TEST_F(OpenAiForms, SeveralImagesGoWhereTheModelHasRulesForThem) {
  Model& collage = add_model("collage", CallKind::kImageEdits, {{"image", "picture"}});
  std::map<std::string, InputRule> rules;
  for (const char* const member : {"picture", "picture_2", "picture_3", "mask"})
    rules[member].type = InputRule::Type::kFile;
  rules["prompt"].type = InputRule::Type::kString;
  collage.input_rules = *InputRules::compile(std::move(rules));
  files_ = {"image[0]", "image[1]", "image[2]", "mask"};
  const auto call = make(make_image_edit_call, R"({"model":"collage","prompt":"x"})");
  ASSERT_TRUE(call.ok()) << call.error().message;
  EXPECT_EQ(call->file_members.at("image[0]"), "picture");
  EXPECT_EQ(call->file_members.at("image[1]"), "picture_2");
  EXPECT_EQ(call->file_members.at("image[2]"), "picture_3");
  EXPECT_EQ(call->file_members.at("mask"), "mask");
  for (const std::vector<std::string>& files : std::vector<std::vector<std::string>>{
           {"image[0]", "image[1]", "image[2]", "image[3]"}, {"image", "image[0]"}}) {
    files_ = files;
    expect(make_image_edit_call, "collage", {{R"(,"prompt":"x")", "invalid_request /image"}});
  }
  files_ = {"image[0]", "image[2]"};
  expect(make_image_edit_call, "collage", {{R"(,"prompt":"x")", "invalid_request /image[2]"}});
  files_ = {"image[0]", "image[1]"};
  expect(make_image_edit_call, "server", {{R"(,"prompt":"x")", "invalid_request /image"}});
}

TEST_F(OpenAiForms, ImagesAreNamedInJsonAsWell) {
  Model& collage = add_model("collage", CallKind::kImageEdits);
  std::map<std::string, InputRule> rules;
  for (const char* const member : {"image", "image_2", "mask"}) rules[member].type = InputRule::Type::kFile;
  collage.input_rules = *InputRules::compile(std::move(rules));
  add_model("plain", CallKind::kImageEdits);
  files_ = {};
  expect(
      make_image_edit_call, "collage",
      {{R"(,"prompt":"x","n":2,"images":[{"file_id":"file-1"},{"image_url":"data:,"}],"mask":{"file_id":"f"})",
        R"({"prompt":"x","n":2,"image":{"file":"file-1"},"image_2":"data:,","mask":{"file":"f"}})"},
       {R"(,"prompt":"x","images":[])", "invalid_request /images"},
       {R"(,"prompt":"x","images":"file-1")", "invalid_request /images"},
       {R"(,"prompt":"x","images":["file-1"])", "invalid_request /images/0"},
       {R"(,"prompt":"x","images":[{"file_id":7}])", "invalid_request /images/0"},
       {R"(,"prompt":"x","images":[{"file_id":"a","image_url":"b"}])", "invalid_request /images/0"},
       {R"(,"prompt":"x","images":[{"file_id":"a"},{"file_id":"a"},{"file_id":"a"}])",
        "invalid_request /images"},
       {R"(,"prompt":"x","images":[{"file_id":"a"}],"mask":"b")", "invalid_request /mask"},
       {R"(,"prompt":"x","images":[{"file_id":"a"}],"image":{"file":"b"})", "invalid_request /image"},
       {R"(,"prompt":"x","images":[{"file_id":"a"}],"stream":true)", "invalid_request /stream"},
       {R"(,"prompt":"x")", "invalid_request /image"}});
  expect(make_image_edit_call, "plain",
         {{R"(,"prompt":"x","images":[{"file_id":"a"}])", "invalid_request /images"}});
}

TEST_F(OpenAiForms, WhatAnImageEditCannotDoIsRefusedByName) {
  files_ = {"image"};
  expect(make_image_edit_call, "server",
         {{R"(,"prompt":"x","response_format":"url")", "invalid_request /response_format"},
          {R"(,"prompt":"x","stream":"true")", "invalid_request /stream"},
          {R"(,"prompt":"x","partial_images":"2")", "invalid_request /partial_images"},
          {R"(,"prompt":"")", "invalid_request /prompt"},
          {R"(,"prompt":"x","mask":"y")", "invalid_request /mask"}});
}

TEST(FormObject, ReadsListsAndMembersFromNames) {
  const auto object = form_object({{"a", "1"}, {"o[x]", "2"}, {"o[y]", "3"}}, {{"list", {"p", "q"}}});
  ASSERT_TRUE(object.ok()) << object.error().message;
  EXPECT_EQ(to_json_text(*object), R"({"list":["p","q"],"a":"1","o":{"x":"2","y":"3"}})");
}

TEST(FormObject, RefusesNamesThatSayNothingOrTwoThings) {
  for (const char* const name : {"", "[x]", "a[", "a[]b", "a[b][c]", "a[b]c", "a]b[", "a[[b]]"}) {
    EXPECT_FALSE(form_object({{name, "1"}}, {}).ok()) << name;
  }
  EXPECT_FALSE(form_object({{"a", "1"}, {"a[b]", "2"}}, {}).ok());
  EXPECT_FALSE(form_object({{"a", "1"}}, {{"a", {"2"}}}).ok());
  EXPECT_FALSE(form_object({{"a[b]", "1"}}, {{"a", {"2"}}}).ok());
  EXPECT_FALSE(form_object({}, {{"", {"2"}}}).ok());
  EXPECT_FALSE(form_object({}, {{"a[b]", {"2"}}}).ok());
}

TEST(TranscriptStream, TellsDeltasAndTheWholeAndEndsWithAnError) {
  const auto rendering = make_transcript_rendering(TranscriptForm::kJson);
  std::string out;
  GenerationEvent event;
  event.payload = event::Delta{.text = "Hel\"lo"};
  rendering->append_event(out, event);
  event.payload = event::Succeeded{.result = JsonObject{{"text", "Hel\"lo"}, {"usage", {{"seconds", 1}}}}};
  rendering->append_event(out, event);
  EXPECT_EQ(out,
            "data: {\"type\":\"transcript.text.delta\",\"delta\":\"Hel\\\"lo\"}\n\n"
            "data: {\"type\":\"transcript.text.done\",\"text\":\"Hel\\\"lo\",\"usage\":{\"seconds\":1}}\n\n");
  out.clear();
  rendering->append_cut(out, {error_code::kOverloaded, "late"});
  EXPECT_EQ(out, "");  // it is over
  const auto failing = make_transcript_rendering(TranscriptForm::kJson);
  event.payload = event::Failed{.error = {error_code::kOverloaded, "late"}};
  failing->append_event(out, event);
  EXPECT_TRUE(out.starts_with(R"(data: {"error":{"message":)")) << out;
}

}  // namespace
}  // namespace shunt::api::dialects::openai
