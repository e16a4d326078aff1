// Which calls of other APIs a model answers: what its table says of them, and what is taken where it says
// nothing.
#include "served_calls.hpp"

#include <algorithm>

#include "settings_table.hpp"
#include "value_kinds.hpp"

namespace shunt::config {
namespace {

using Members = std::map<std::string, std::string, std::less<>>;

template <std::size_t Index>
Setting<ConfiguredCalls> call(std::string doc) {
  const auto name = to_string(static_cast<CallKind>(Index));
  return setting<ConfiguredCalls>(
      "calls." + std::string(name), kind::TextMap{},
      [](auto& calls) -> auto& { return std::get<Index>(calls.members); }, std::move(doc));
}

bool has_type(const std::vector<std::string>& types, std::string_view prefix) {
  return std::ranges::any_of(types, [&](const std::string& type) { return type.starts_with(prefix); });
}

// An upstream takes what its own API calls things.
ServedCalls calls_of(OpenAiOperation operation) {
  switch (operation) {
    case OpenAiOperation::kChat:
      return {{CallKind::kChat, {}}};
    case OpenAiOperation::kCompletions:
      return {{CallKind::kCompletions, {}}};
    case OpenAiOperation::kEmbeddings:
      return {{CallKind::kEmbeddings, {}}};
    case OpenAiOperation::kSpeech:
      return {{CallKind::kSpeech, {}}};
    case OpenAiOperation::kImages:
      return {{CallKind::kImages, {}}};
    case OpenAiOperation::kTranscription:
      return {{CallKind::kTranscription, {}}};
    case OpenAiOperation::kTranslation:
      return {{CallKind::kTranslation, {}}};
    case OpenAiOperation::kImageEdits:
      return {{CallKind::kImageEdits, {}}};
  }
  return {};
}

}  // namespace

const std::vector<Setting<ConfiguredCalls>>& call_settings() {
  static const std::vector<Setting<ConfiguredCalls>> kSettings = {
      call<0>("A chat: `messages`, or `prompt`, the member that gets the conversation as one text."),
      call<1>("A completion: `prompt`."),
      call<2>("Embeddings: `input`."),
      call<3>("Speech: `input`, `voice`, `instructions`, `response_format`, `speed`."),
      call<4>("A transcription: `file`, `language`, `prompt`, `response_format`, `temperature`."),
      call<5>("A translation into English, likewise."),
      call<6>("Images: `prompt`, `size`, `quality`, `n`."),
      call<7>("Images made of others: `image`, `mask`, `prompt`."),
  };
  return kSettings;
}

ServedCalls served_calls(const ConfiguredCalls& configured, const std::vector<BoundSetting>& settings) {
  ServedCalls calls;
  for (std::size_t i = 0; i < configured.members.size(); ++i) {
    const auto kind = static_cast<CallKind>(i);
    const std::string name = "calls." + std::string(to_string(kind));
    const auto setting =
        std::ranges::find_if(settings, [&](const BoundSetting& each) { return each.text().name == name; });
    if (setting == settings.end() || !setting->given()) continue;
    const auto& members = configured.members.at(i);
    calls.emplace(kind, ServedCall{Members(members.begin(), members.end())});
  }
  return calls;
}

ServedCalls usual_calls(const ModelConfig& config) {
  if (const auto* const openai = std::get_if<OpenAiOptions>(&config.driver))
    return calls_of(openai->operation);
  const Model& model = config.model;
  if (model.text_field.empty()) return {};
  const std::string& text = model.text_field;
  if (model.produces.empty() || has_type(model.produces, "text/")) {
    return {{CallKind::kChat, {Members{{"prompt", text}}}},
            {CallKind::kCompletions, {Members{{"prompt", text}}}}};
  }
  if (has_type(model.produces, "audio/")) return {{CallKind::kSpeech, {Members{{"input", text}}}}};
  if (has_type(model.produces, "image/")) return {{CallKind::kImages, {Members{{"prompt", text}}}}};
  return {};
}

}  // namespace shunt::config
