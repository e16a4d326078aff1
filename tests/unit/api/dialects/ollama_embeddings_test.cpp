// Ollama's embeddings, and what /api/show claims of a model.
#include "call_fixture.hpp"
#include "dialects/ollama/embed_call.hpp"
#include "dialects/ollama/model_list.hpp"

namespace shunt::api::dialects::ollama {
namespace {

using namespace std::chrono_literals;

class OllamaEmbeddings : public CallTest {
 protected:
  OllamaEmbeddings() {
    add_model("vectors", CallKind::kEmbeddings);
    add_model("chat", CallKind::kChat);
  }

  std::string answer(Make make_call, const char* body, const char* result) {
    const auto call = make(make_call, body);
    if (!call) return call.error().message;
    GenerationRecord record;
    record.created_at = WallTime(1'000ms);
    record.started_at = WallTime(1'002ms);
    record.finished_at = WallTime(1'005ms);
    record.result = *parse_json(result);
    http::Response response;
    call->rendering->answer(response, record, {});
    return std::to_string(response.status) + ' ' + response.body;
  }
};

TEST_F(OllamaEmbeddings, AreAskedForAsOpenAIsAre) {
  EXPECT_EQ(outcome(make_embed_call, R"({"model":"vectors","input":["a","b"],"dimensions":2,"truncate":true,)"
                                     R"("keep_alive":"5m","options":{"num_ctx":7}})"),
            R"({"input":["a","b"],"dimensions":2,"num_ctx":7})");
  EXPECT_EQ(outcome(make_embed_call, R"({"model":"vectors","input":"a"})"), R"({"input":"a"})");
  EXPECT_EQ(outcome(make_embeddings_call, R"({"model":"vectors","prompt":"a"})"), R"({"input":"a"})");
}

TEST_F(OllamaEmbeddings, AreAnsweredInOllamasForms) {
  const char* const result =
      R"({"data":[{"embedding":[0.5,1]},{"embedding":[2,3]}],"usage":{"prompt_tokens":4}})";
  EXPECT_EQ(answer(make_embed_call, R"({"model":"vectors","input":["a","b"]})", result),
            R"(200 {"model":"vectors","embeddings":[[0.5,1],[2,3]],"total_duration":5000000,)"
            R"("load_duration":2000000,"prompt_eval_count":4})");
  EXPECT_EQ(answer(make_embeddings_call, R"({"model":"vectors","prompt":"a"})", "[[0.5,1]]"),
            R"(200 {"embedding":[0.5,1]})");
}

TEST_F(OllamaEmbeddings, AResultWithoutVectorsIsAnError) {
  for (const char* result : {"null", "7", R"("text")", "{}", R"([["x"]])", R"([[1e999]])"}) {
    const auto parsed = parse_json(result);
    if (!parsed) continue;
    for (const auto make_call : {make_embed_call, make_embeddings_call}) {
      const char* const body = make_call == make_embed_call ? R"({"model":"vectors","input":"a"})"
                                                            : R"({"model":"vectors","prompt":"a"})";
      EXPECT_EQ(answer(make_call, body, result), R"(502 {"error":"the model's result has no embeddings"})")
          << result;
    }
  }
  EXPECT_EQ(answer(make_embeddings_call, R"({"model":"vectors","prompt":"a"})", "[[1],[2]]"),
            R"(502 {"error":"the model's result has no embeddings"})");
}

TEST_F(OllamaEmbeddings, WhatIsNotUsableIsRefusedByName) {
  const std::pair<const char*, const char*> embed[] = {
      {R"({"model":"vectors"})", "/input"},
      {R"({"model":"vectors","input":"a","truncate":"no"})", "/truncate"},
      {R"({"model":"vectors","input":"a","options":7})", "/options"},
      {R"({"model":"vectors","input":"a","encoding_format":"base64"})", "/encoding_format"},
      {R"({"model":"chat","input":"a"})", "/model"},
      {R"({"input":"a"})", "/model"}};
  for (const auto& [body, field] : embed)
    EXPECT_EQ(outcome(make_embed_call, body), std::string("invalid_request ") + field) << body;
  const std::pair<const char*, const char*> one[] = {
      {R"({"model":"vectors"})", "/prompt"},
      {R"({"model":"vectors","prompt":["a"]})", "/prompt"},
      {R"({"model":"vectors","prompt":"a","input":"b"})", "/input"}};
  for (const auto& [body, field] : one)
    EXPECT_EQ(outcome(make_embeddings_call, body), std::string("invalid_request ") + field) << body;
}

TEST(OllamaCapabilities, AreThoseThatAreKnown) {
  const auto capabilities = [](std::vector<CallKind> kinds, const std::vector<std::string>& rules,
                               bool one_text = false) {
    Model model;
    for (const CallKind kind : kinds)
      model.calls[kind] = one_text ? ServedCall{{{"prompt", "words"}}} : ServedCall{};
    std::map<std::string, InputRule> members;
    for (const std::string& name : rules) {
      if (name == "picture" || name == "sound") {
        members[name].type = InputRule::Type::kFile;
        members[name].types = {name == "picture" ? "image/*" : "audio/*"};
      } else {
        members[name].type = InputRule::Type::kJson;
      }
    }
    if (!members.empty()) model.input_rules = *InputRules::compile(std::move(members));
    return to_json_text(capabilities_of(model));
  };
  using enum CallKind;
  EXPECT_EQ(capabilities({kChat}, {}), R"(["completion"])");
  EXPECT_EQ(capabilities({kChat}, {"tools", "reasoning_effort", "picture"}),
            R"(["completion","tools","thinking","vision"])");
  EXPECT_EQ(capabilities({kChat}, {"sound"}), R"(["completion"])");
  EXPECT_EQ(capabilities({kChat}, {"tools", "picture"}, true), R"(["completion"])");
  EXPECT_EQ(capabilities({kCompletions}, {"suffix", "tools"}), R"(["completion","insert"])");
  EXPECT_EQ(capabilities({kEmbeddings}, {}), R"(["embedding"])");
  EXPECT_EQ(capabilities({kImages}, {}), "[]");
}

}  // namespace
}  // namespace shunt::api::dialects::ollama
