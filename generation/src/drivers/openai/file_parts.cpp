#include "drivers/openai/file_parts.hpp"

#include <algorithm>
#include <ranges>
#include <string>
#include <utility>

#include "drivers/data_url.hpp"

namespace shunt::generation::openai {
namespace {

Result<JsonObject> part_of(FileSource& source, const std::string& member, const FileReference& file,
                           const std::stop_token& stop) {
  const std::string_view extension = file_extension(file.media_type);
  if (extension == ".wav" || extension == ".mp3") {
    auto data = base64_of(source, file, stop);
    if (!data) return std::move(data).error();
    return JsonObject{{"type", "input_audio"},
                      {"input_audio", JsonObject{{"data", std::move(*data)},
                                                 {"format", boost::json::string_view(extension.substr(1))}}}};
  }
  auto url = data_url_of(source, file, stop);
  if (!url) return std::move(url).error();
  if (is_media_type_in(file.media_type, {"image/*"})) {
    return JsonObject{{"type", "image_url"}, {"image_url", JsonObject{{"url", std::move(*url)}}}};
  }
  const std::string name = file.filename.empty() ? member + std::string(extension) : file.filename;
  return JsonObject{{"type", "file"},
                    {"file", JsonObject{{"filename", name}, {"file_data", std::move(*url)}}}};
}

// The content of a message as parts, whatever it was.
JsonArray content_parts(const Json& content) {
  if (content.is_array()) return content.get_array();
  if (!content.is_string() || content.get_string().empty()) return {};
  return {JsonObject{{"type", "text"}, {"text", content}}};
}

bool is_of_user(const Json& message) {
  const JsonObject* const object = message.if_object();
  const Json* const role = object == nullptr ? nullptr : object->if_contains("role");
  return role != nullptr && role->is_string() && role->get_string() == "user";
}

// Where the files go; one is made where there is none.
JsonObject& message_of_user(JsonArray& messages) {
  const auto last = std::ranges::find_if(messages | std::views::reverse, is_of_user);
  if (last != messages.rend()) return last->get_object();
  return messages.emplace_back(JsonObject{{"role", "user"}, {"content", JsonArray()}}).get_object();
}

}  // namespace

Result<Json> chat_input_with_files(FileSource& source, const GenerationRequest& request,
                                   std::stop_token stop) {
  Json made = request.input;
  JsonObject& members = made.as_object();
  if (const Json* const prompt = members.if_contains("prompt")) {
    members["messages"] = JsonArray{JsonObject{{"role", "user"}, {"content", *prompt}}};
    members.erase("prompt");
  }
  JsonObject& message = message_of_user(members.at("messages").as_array());
  JsonArray parts = content_parts(message["content"]);
  for (const auto& [member, file] : request.files) {
    auto part = part_of(source, member, file, stop);
    if (!part) return std::move(part).error();
    parts.emplace_back(std::move(*part));
  }
  message["content"] = std::move(parts);
  return made;
}

}  // namespace shunt::generation::openai
