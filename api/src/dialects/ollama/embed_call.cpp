#include "dialects/ollama/embed_call.hpp"

#include <chrono>
#include <memory>
#include <utility>
#include <vector>

#include "dialects/ollama/call_options.hpp"
#include "dialects/openai/call_members.hpp"
#include "dialects/openai/embeddings/embedding_call.hpp"
#include "dialects/openai/embeddings/vector_text.hpp"
#include "dialects/openai/generated.hpp"
#include "dialects/openai/openai_error.hpp"
#include "shunt/base/json_members.hpp"
#include "shunt/base/json_object_writer.hpp"
#include "shunt/generation/error_codes.hpp"

namespace shunt::api::dialects::ollama {
namespace {

using Vectors = std::vector<std::vector<float>>;

Error no_vectors() {
  return {error_code::kInvalidOutput, "the model's result has no embeddings"};
}

void write_error(http::Response& response, const Error& error) {
  response.replace_body(openai::status_of(error), "application/json");
  JsonObjectWriter object(response.body);
  object.text("error", error.message);
  object.close();
}

class EmbedRendering final : public Rendering {
 public:
  explicit EmbedRendering(std::string model) : model_(std::move(model)) {}

  void answer(http::Response& response, const GenerationRecord& record, std::span<const Bytes>) override {
    const auto vectors = openai::vectors_of(record.result);
    if (!vectors) return write_error(response, no_vectors());
    response.set_json(200);
    JsonObjectWriter object(response.body);
    object.text("model", model_);
    std::string& out = object.begin("embeddings");
    out += '[';
    for (const auto& vector : *vectors) {
      if (&vector != &vectors->front()) out += ',';
      openai::append_number_vector(out, vector);
    }
    out += ']';
    const WallTime ended = record.finished_at.value_or(record.created_at);
    const WallTime started = record.started_at.value_or(ended);
    object.number("total_duration", std::chrono::nanoseconds(ended - record.created_at).count());
    object.number("load_duration", std::chrono::nanoseconds(started - record.created_at).count());
    if (const JsonObject* const usage = openai::object_in(record.result, "usage"))
      object.number("prompt_eval_count", static_cast<std::int64_t>(number_in(*usage, "prompt_tokens")));
    object.close();
  }
  void append_event(std::string&, const GenerationEvent&) override {}

 private:
  const std::string model_;
};

class OneVectorRendering final : public Rendering {
 public:
  void answer(http::Response& response, const GenerationRecord& record, std::span<const Bytes>) override {
    const auto vectors = openai::vectors_of(record.result);
    if (!vectors || vectors->size() != 1) return write_error(response, no_vectors());
    response.set_json(200);
    JsonObjectWriter object(response.body);
    openai::append_number_vector(object.begin("embedding"), vectors->front());
    object.close();
  }
  void append_event(std::string&, const GenerationEvent&) override {}
};

Result<Call> make_call(const CallContext& context, JsonObject body) {
  const auto model = named_model(context, body);
  (void)openai::take_member(body, "keep_alive");  // there is nothing that could be unloaded
  const auto truncate = openai::take_switch(body, "truncate");
  if (!truncate) return truncate.error();  // how long a text may be is the model's own
  if (body.contains("encoding_format"))
    return openai::not_done("encoding_format", "vectors are lists of numbers here");
  if (auto spread = spread_options(body, model.get()); !spread) return std::move(spread).error();
  return openai::make_embedding_call(context, std::move(body));
}

}  // namespace

Result<Call> make_embed_call(const CallContext& context, JsonObject body) {
  auto call = make_call(context, std::move(body));
  if (call) call->rendering = std::make_unique<EmbedRendering>(call->model->name);
  return call;
}

Result<Call> make_embeddings_call(const CallContext& context, JsonObject body) {
  if (body.contains("input"))
    return openai::bad_member("/input", "input is for /api/embed: here it is prompt");
  const auto prompt = openai::take_text(body, "prompt");
  if (!prompt) return prompt.error();
  if (prompt->empty())
    return openai::bad_member("/prompt", "prompt must not be empty: no model has to be loaded");
  body["input"] = *prompt;
  auto call = make_call(context, std::move(body));
  if (call) call->rendering = std::make_unique<OneVectorRendering>();
  return call;
}

}  // namespace shunt::api::dialects::ollama
