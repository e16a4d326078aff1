#include "dialects/openai/openai_dialect.hpp"

#include <array>

#include "dialects/openai/audio/speech_call.hpp"
#include "dialects/openai/audio/transcript_call.hpp"
#include "dialects/openai/chat/chat_call.hpp"
#include "dialects/openai/completions/completion_call.hpp"
#include "dialects/openai/embeddings/embedding_call.hpp"
#include "dialects/openai/images/image_call.hpp"
#include "dialects/openai/openai_error.hpp"
#include "dialects/openai/responses/response_call.hpp"
#include "dialects/openai/responses/response_endpoints.hpp"
#include "shunt/http/ascii.hpp"

namespace shunt::api::dialects::openai {
namespace {

constexpr std::array<std::string_view, 2> kPrefixes{"/v1", "/openai/v1"};
constexpr std::array<std::string_view, 2> kShared{"/models", "/files"};

// OpenAI's clients say how often they have sent a request before, and nothing else by which one is known.
std::optional<RepeatRule> join_rule(const http::Headers& headers) {
  const auto count = http::parse_unsigned(headers.get("X-Stainless-Retry-Count"));
  return count && *count > 0 ? RepeatRule::kRetry : RepeatRule::kFirst;
}

constexpr endpoint::Run run(Result<Call> (*make_call)(const CallContext&, JsonObject),
                            BodyUse body = BodyUse::kRequired) {
  return {.make_call = make_call, .body = body, .join = join_rule};
}

const auto kRows = std::to_array<Row>({
    {"POST", "/chat/completions", "openaiChat", "A chat's next message", run(make_chat_call)},
    {"POST", "/completions", "openaiCompletion", "What follows a text", run(make_completion_call)},
    {"POST", "/embeddings", "openaiEmbeddings", "Texts as vectors", run(make_embedding_call)},
    {"POST", "/audio/speech", "openaiSpeech", "A text as speech", run(make_speech_call)},
    {"POST", "/audio/transcriptions", "openaiTranscription", "What is said in a sound",
     run(make_transcription_call, BodyUse::kForm)},
    {"POST", "/audio/translations", "openaiTranslation", "What is said in a sound, in English",
     run(make_translation_call, BodyUse::kForm)},
    {"POST", "/images/generations", "openaiImages", "Images of a text", run(make_image_call)},
    {"POST", "/images/edits", "openaiImageEdits", "Images made of others",
     run(make_image_edit_call, BodyUse::kRequiredOrForm)},
    {"POST", "/responses", "openaiResponse", "A model's response",
     endpoint::Run{.make_call = make_response_call, .join = join_rule, .needs = earlier_response}},
    {"GET", "/responses/{id}", "openaiResponseShow", "A response as it stands", show_response()},
    {"DELETE", "/responses/{id}", "openaiResponseRemove", "Forgets a response", remove_response()},
    {"POST", "/responses/{id}/cancel", "openaiResponseCancel", "Stops a response", cancel_response()},
    {"GET", "/responses/{id}/input_items", "openaiResponseItems", "What a response was given",
     list_input_items()},
    {"POST", "/batches", "openaiBatch", "Runs the lines of a file", endpoint::Batches::kCreate},
    {"GET", "/batches", "openaiBatches", "One's batches, newest first", endpoint::Batches::kList},
    {"GET", "/batches/{id}", "openaiBatchShow", "A batch as it stands", endpoint::Batches::kShow},
    {"POST", "/batches/{id}/cancel", "openaiBatchCancel", "Stops a batch", endpoint::Batches::kCancel},
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
