#include "dialects/ollama/message_translation.hpp"

#include <algorithm>
#include <deque>

#include "dialects/openai/call_members.hpp"
#include "shunt/base/json_members.hpp"

namespace shunt::api::dialects::ollama {
namespace {

using openai::bad_member;

// Of all messages. Each becomes a part with an address, hundreds of bytes also where it is empty.
constexpr std::size_t kMostImages = 256;

// What base64 of the formats' first bytes begins with.
std::string_view media_type(std::string_view base64) {
  if (base64.starts_with("/9j/")) return "image/jpeg";
  if (base64.starts_with("R0lGOD")) return "image/gif";
  if (base64.starts_with("UklGR")) return "image/webp";
  return "image/png";
}

class MessageTranslation {
 public:
  Result<void> translate(Json& message, const std::string& at) {
    JsonObject* const members = message.if_object();
    if (members == nullptr) return bad_member(at, "a message must be an object with a role and content");
    if (auto done = images(*members, at); !done) return done;
    if (auto done = calls(*members, at); !done) return done;
    if (text_in(*members, "role") == "tool") {
      if (auto done = tool_answer(*members, at); !done) return done;
    }
    // As the servers that think call it.
    if (auto thinking = openai::take_member(*members, "thinking"))
      members->insert_or_assign("reasoning_content", std::move(*thinking));
    return {};
  }

 private:
  struct Open {
    std::string id;
    std::string name;
  };

  Result<void> images(JsonObject& message, const std::string& at) {
    const auto images = openai::take_member(message, "images");
    if (!images) return {};
    if (!images->is_array()) return bad_member(at + "/images", "images must be a list of base64 texts");
    if (images->get_array().empty()) return {};
    images_ += images->get_array().size();
    if (images_ > kMostImages) {
      return bad_member(at + "/images", "a chat may have at most " + std::to_string(kMostImages) + " images");
    }
    JsonArray parts;
    const std::string_view text = text_in(message, "content");
    if (!text.empty()) parts.push_back(JsonObject{{"type", "text"}, {"text", text}});
    for (const Json& image : images->get_array()) {
      if (!image.is_string()) return bad_member(at + "/images", "an image must be a base64 text");
      const std::string_view base64 = image.get_string();
      const std::string url = "data:" + std::string(media_type(base64)) + ";base64," + std::string(base64);
      parts.push_back(JsonObject{{"type", "image_url"}, {"image_url", JsonObject{{"url", url}}}});
    }
    message["content"] = std::move(parts);
    return {};
  }

  Result<void> calls(JsonObject& message, const std::string& at) {
    Json* const calls = message.if_contains("tool_calls");
    if (calls == nullptr || calls->is_null()) return {};
    if (!calls->is_array()) return bad_member(at + "/tool_calls", "tool_calls must be a list");
    for (Json& call : calls->get_array()) {
      JsonObject* const members = call.if_object();
      Json* const function = members == nullptr ? nullptr : members->if_contains("function");
      if (function == nullptr || !function->is_object())
        return bad_member(at + "/tool_calls", "a call must have a function with a name and arguments");
      Json& arguments = function->get_object()["arguments"];
      if (!arguments.is_string()) arguments = arguments.is_null() ? "{}" : to_json_text(arguments);
      Open open{std::string(text_in(*members, "id")), std::string(text_in(function->get_object(), "name"))};
      if (open.id.empty()) open.id = "call_" + std::to_string(count_);
      ++count_;
      (*members)["id"] = open.id;
      (*members)["type"] = "function";
      open_.push_back(std::move(open));
    }
    return {};
  }

  // A tool's answer says its name, or nothing: then it is the answer to the first call without one.
  Result<void> tool_answer(JsonObject& message, const std::string& at) {
    if (!text_in(message, "tool_call_id").empty()) return {};
    const auto name = openai::take_text(message, "tool_name");
    if (!name) return bad_member(at + "/tool_name", "tool_name must be a text");
    const auto call =
        std::ranges::find_if(open_, [&](const Open& open) { return name->empty() || open.name == *name; });
    if (call == open_.end()) return bad_member(at, "no call before this answer of a tool is without one");
    message["tool_call_id"] = call->id;
    open_.erase(call);
    return {};
  }

  std::deque<Open> open_;  // calls without an answer so far
  std::size_t count_ = 0;
  std::size_t images_ = 0;  // so far
};

}  // namespace

Result<void> translate_messages(Json& messages) {
  JsonArray* const list = messages.if_array();
  if (list == nullptr || list->empty())
    return bad_member("/messages", "messages must be a list that is not empty: no model has to be loaded");
  MessageTranslation translation;
  for (std::size_t i = 0; i < list->size(); ++i) {
    auto done = translation.translate((*list)[i], "/messages/" + std::to_string(i));
    if (!done) return done;
  }
  return {};
}

}  // namespace shunt::api::dialects::ollama
