#pragma once

#include <map>
#include <optional>
#include <string>
#include <string_view>

#include "shunt/generation/namespace.hpp"

// Which calls of other APIs a model can answer. Whoever speaks such an API translates; executors and drivers
// do not look at it.
namespace shunt::generation {

enum class CallKind {
  kChat,
  kCompletions,
  kEmbeddings,
  kSpeech,
  kTranscription,
  kTranslation,
  kImages,
  kImageEdits
};

// "chat", "completions", "embeddings", "speech", "transcription", "translation", "images", "image_edits".
[[nodiscard]] std::string_view to_string(CallKind kind) noexcept;
[[nodiscard]] std::optional<CallKind> parse_call_kind(std::string_view text) noexcept;

// Where in the model's input that goes which a call says, by the call's own name for it: {"input", "text"}:
// what a call for speech names `input` is the model's input.text. A name that is not here keeps its own. A
// chat whose model takes no `messages` names `prompt`: the member that gets the conversation as one text.
struct ServedCall {
  std::map<std::string, std::string, std::less<>> members{};
  [[nodiscard]] bool operator==(const ServedCall&) const = default;
};

using ServedCalls = std::map<CallKind, ServedCall>;

}  // namespace shunt::generation
