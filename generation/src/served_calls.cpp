#include "shunt/generation/served_calls.hpp"

#include <array>
#include <utility>

namespace shunt::generation {
namespace {

constexpr auto kNames = std::to_array<std::pair<CallKind, std::string_view>>({
    {CallKind::kChat, "chat"},
    {CallKind::kCompletions, "completions"},
    {CallKind::kEmbeddings, "embeddings"},
    {CallKind::kSpeech, "speech"},
    {CallKind::kTranscription, "transcription"},
    {CallKind::kTranslation, "translation"},
    {CallKind::kImages, "images"},
    {CallKind::kImageEdits, "image_edits"},
});

}  // namespace

std::string_view to_string(CallKind kind) noexcept {
  for (const auto& [each, name] : kNames) {
    if (each == kind) return name;
  }
  return {};
}

std::optional<CallKind> parse_call_kind(std::string_view text) noexcept {
  for (const auto& [kind, name] : kNames) {
    if (name == text) return kind;
  }
  return std::nullopt;
}

}  // namespace shunt::generation
