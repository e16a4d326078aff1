#include "dialects/openai/openai_dialect.hpp"

#include <array>

#include "dialects/openai/chat/chat_call.hpp"
#include "dialects/openai/completions/completion_call.hpp"
#include "dialects/openai/embeddings/embedding_call.hpp"
#include "dialects/openai/openai_error.hpp"
#include "dialects/openai/responses/response_call.hpp"
#include "dialects/openai/responses/response_endpoints.hpp"

namespace shunt::api::dialects::openai {
namespace {

constexpr std::array<std::string_view, 2> kPrefixes{"/v1", "/openai/v1"};
constexpr std::array<std::string_view, 2> kShared{"/models", "/files"};

const auto kRows = std::to_array<Row>({
    {"POST", "/chat/completions", "openaiChat", "A chat's next message", endpoint::Run{make_chat_call}},
    {"POST", "/completions", "openaiCompletion", "What follows a text", endpoint::Run{make_completion_call}},
    {"POST", "/embeddings", "openaiEmbeddings", "Texts as vectors", endpoint::Run{make_embedding_call}},
    {"POST", "/responses", "openaiResponse", "A model's response",
     endpoint::Run{.make_call = make_response_call, .needs = earlier_response}},
    {"GET", "/responses/{id}", "openaiResponseShow", "A response as it stands", show_response()},
    {"DELETE", "/responses/{id}", "openaiResponseRemove", "Forgets a response", remove_response()},
    {"POST", "/responses/{id}/cancel", "openaiResponseCancel", "Stops a response", cancel_response()},
    {"GET", "/responses/{id}/input_items", "openaiResponseItems", "What a response was given",
     list_input_items()},
});

}  // namespace

Dialect dialect() {
  return {.name = "openai",
          .prefixes = kPrefixes,
          .rows = kRows,
          .write_error = write_error,
          .shared = kShared,
          .write_shared_error = write_shared_error};
}

}  // namespace shunt::api::dialects::openai
