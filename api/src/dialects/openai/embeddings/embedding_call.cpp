#include "dialects/openai/embeddings/embedding_call.hpp"

#include <utility>

#include "dialects/openai/call_members.hpp"
#include "dialects/openai/embeddings/vector_text.hpp"
#include "dialects/openai/generated.hpp"
#include "dialects/openai/openai_error.hpp"
#include "shunt/base/display_text.hpp"
#include "shunt/generation/error_codes.hpp"

namespace shunt::api::dialects::openai {

using Vectors = std::vector<std::vector<float>>;

std::optional<std::vector<std::vector<float>>> vectors_of(const Json& result) {
  const JsonObject* const members = result.if_object();
  const Json* const data = members == nullptr ? &result : members->if_contains("data");
  const JsonArray* const elements = data == nullptr ? nullptr : data->if_array();
  if (elements == nullptr) return std::nullopt;
  if (!elements->empty() && elements->front().is_number()) {
    auto only = read_vector(*data);
    return only ? std::optional<Vectors>({std::move(*only)}) : std::nullopt;
  }
  Vectors vectors;
  for (const Json& element : *elements) {
    const JsonObject* const object = element.if_object();
    const Json* const embedding = object == nullptr ? &element : object->if_contains("embedding");
    auto vector = embedding == nullptr ? std::nullopt : read_vector(*embedding);
    if (!vector) return std::nullopt;
    vectors.push_back(std::move(*vector));
  }
  return vectors;
}

namespace {

class EmbeddingRendering final : public Rendering {
 public:
  EmbeddingRendering(std::string model, bool base64) : model_(std::move(model)), base64_(base64) {}

  void begin(http::Response& response, const GenerationId&) override { forbid_retry(response); }

  void answer(http::Response& response, const GenerationRecord& record, std::span<const Bytes>) override {
    const auto vectors = vectors_of(record.result);
    if (!vectors)
      return write_error(response, {error_code::kInvalidOutput, "the model's result has no embeddings"});
    response.set_json(200);
    JsonObjectWriter object(response.body);
    object.text("object", "list");
    append_data(object.begin("data"), *vectors);
    object.text("model", model_);
    write_usage(object, record.result);
    object.close();
  }

  // Such a call does not stream.
  void append_event(std::string&, const GenerationEvent&) override {}

 private:
  void append_data(std::string& out, const Vectors& vectors) const {
    out += '[';
    for (std::size_t i = 0; i < vectors.size(); ++i) {
      if (i > 0) out += ',';
      JsonObjectWriter element(out);
      element.text("object", "embedding");
      element.number("index", i);
      std::string& embedding = element.begin("embedding");
      base64_ ? append_base64_vector(embedding, vectors[i]) : append_number_vector(embedding, vectors[i]);
      element.close();
    }
    out += ']';
  }

  const std::string model_;
  const bool base64_;
};

}  // namespace

Result<Call> make_embedding_call(const CallContext& context, JsonObject body) {
  auto serving = take_model(context, body, CallKind::kEmbeddings);
  if (!serving) return std::move(serving).error();
  const auto format = take_text(body, "encoding_format");
  if (!format) return format.error();
  if (!format->empty() && *format != "float" && *format != "base64") {
    return bad_member("/encoding_format",
                      "encoding_format must be \"float\" or \"base64\"; got \"" + excerpt(*format) + '"');
  }
  if (!body.contains("input"))
    return bad_member("/input", "input must be a text, or a list of texts or tokens, and not empty");
  Call call;
  call.model = serving->model;
  call.request.model = serving->model->name;
  call.request.input = as_input(std::move(body), *serving->served);
  call.rendering = std::make_unique<EmbeddingRendering>(serving->model->name, *format == "base64");
  return call;
}

}  // namespace shunt::api::dialects::openai
