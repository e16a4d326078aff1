#include "dialects/openai/chat/given_parts.hpp"

#include <algorithm>
#include <ranges>
#include <utility>

#include "dialects/openai/call_members.hpp"
#include "shunt/generation/message_files.hpp"

namespace shunt::api::dialects::openai {
namespace {

// The next member that is a file and has none yet; nullptr: there is none.
const std::string* free_member(const Model& model, const JsonObject& input) {
  const auto& files = model.input_rules.files();
  const auto found =
      std::ranges::find_if(files, [&](const std::string& member) { return !input.contains(member); });
  return found == files.end() ? nullptr : &*found;
}

void take_out(JsonArray& messages, const MessageFile& named) {
  JsonArray& content = messages.at(named.message).as_object().at("content").as_array();
  content.erase(content.begin() + static_cast<std::ptrdiff_t>(named.part));
}

}  // namespace

Result<void> give_parts(Json& messages, const Model& model, const std::vector<std::string>& places,
                        JsonObject& input) {
  Json holder = JsonObject();
  Json& held = holder.as_object()["messages"];
  held = std::move(messages);
  const auto named = message_files(holder);
  if (!named) return named.error();
  for (std::size_t i = 0; i < named->size(); ++i) {
    const std::string* const member = free_member(model, input);
    if (member == nullptr) {
      const std::size_t count = model.input_rules.files().size();
      return bad_member(i < places.size() ? places[i] : (*named)[i].pointer(),
                        "the model \"" + model.name + "\" takes " +
                            (count == 0 ? "no files" : "no more than " + std::to_string(count) + " files") +
                            " (its rules of the type file)");
    }
    input.emplace(*member, JsonObject{{"file", (*named)[i].id}});
  }
  // From the last one on, so that places stay what they are.
  for (const MessageFile& each : *named | std::views::reverse) take_out(held.as_array(), each);
  messages = std::move(held);
  return {};
}

}  // namespace shunt::api::dialects::openai
