#include "dialects/openai/openai_dialect.hpp"

#include <array>

#include "dialects/openai/audio/speech_call.hpp"
#include "dialects/openai/chat/chat_call.hpp"
#include "dialects/openai/completions/completion_call.hpp"
#include "dialects/openai/embeddings/embedding_call.hpp"
#include "dialects/openai/images/image_call.hpp"
#include "dialects/openai/openai_error.hpp"

namespace shunt::api::dialects::openai {
namespace {

constexpr std::array<std::string_view, 2> kPrefixes{"/v1", "/openai/v1"};
constexpr std::array<std::string_view, 2> kShared{"/models", "/files"};

constexpr auto kRows = std::to_array<Row>({
    {"POST", "/chat/completions", "openaiChat", "A chat's next message", endpoint::Run{make_chat_call}},
    {"POST", "/completions", "openaiCompletion", "What follows a text", endpoint::Run{make_completion_call}},
    {"POST", "/embeddings", "openaiEmbeddings", "Texts as vectors", endpoint::Run{make_embedding_call}},
    {"POST", "/audio/speech", "openaiSpeech", "A text as speech", endpoint::Run{make_speech_call}},
    {"POST", "/images/generations", "openaiImages", "Images of a text", endpoint::Run{make_image_call}},
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
