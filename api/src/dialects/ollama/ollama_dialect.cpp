#include "dialects/ollama/ollama_dialect.hpp"

#include <array>

#include "dialects/ollama/embed_call.hpp"
#include "dialects/ollama/model_list.hpp"
#include "dialects/ollama/text_call.hpp"
#include "dialects/openai/openai_error.hpp"
#include "representation/problem.hpp"
#include "shunt/base/json_object_writer.hpp"

namespace shunt::api::dialects::ollama {
namespace {

constexpr std::array<std::string_view, 1> kPrefixes{"/api"};

constexpr auto kRows = std::to_array<Row>({
    {"POST", "/chat", "ollamaChat", "A chat's next message", endpoint::Run{make_chat_call}},
    {"POST", "/generate", "ollamaGenerate", "What follows a text", endpoint::Run{make_generate_call}},
    {"POST", "/embed", "ollamaEmbed", "Texts as vectors", endpoint::Run{make_embed_call}},
    {"POST", "/embeddings", "ollamaEmbeddings", "A text as a vector", endpoint::Run{make_embeddings_call}},
    {"GET", "/tags", "ollamaTags", "The models that write text, or make vectors of it",
     endpoint::Tell{list_models}},
    {"GET", "/ps", "ollamaPs", "The same: nothing has to be loaded", endpoint::Tell{list_models}},
    {"POST", "/show", "ollamaShow", "Get a model", endpoint::Tell{show_model, BodyUse::kRequired}},
    {"GET", "/version", "ollamaVersion", "Which API it is", endpoint::Tell{tell_version}},
});

// Statuses are those that OpenAI's clients get. The text is all that there is, so it names the member.
void write_error(http::Response& response, const Error& error) {
  response.replace_body(openai::status_of(error), "application/json");
  JsonObjectWriter object(response.body);
  std::string message = bounded_message(error);
  const Json* const field = error.details.if_contains("field");
  if (field != nullptr && field->is_string()) message.append(" (at ").append(field->get_string()).append(")");
  object.text("error", message);
  object.close();
}

}  // namespace

Dialect dialect() {
  return {.name = "ollama", .prefixes = kPrefixes, .rows = kRows, .write_error = write_error};
}

}  // namespace shunt::api::dialects::ollama
