#include "drivers/openai/file_parts.hpp"

#include <algorithm>
#include <map>
#include <ranges>
#include <string>
#include <utility>

#include "drivers/data_url.hpp"
#include "shunt/generation/error_codes.hpp"
#include "shunt/generation/errors.hpp"
#include "shunt/generation/message_files.hpp"

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

Error wrong_part(const MessageFile& named, std::string message) {
  return invalid_field(named.pointer(), std::move(message), error_code::kInvalidInput);
}

Error too_large(const MessageFile& named, std::uint64_t bytes, std::size_t limit) {
  return wrong_part(named, "with this one the files that messages name have " + std::to_string(bytes) +
                               " bytes, and max_message_file_bytes of the model is " + std::to_string(limit))
      .with("limit", static_cast<std::uint64_t>(limit))
      .with("received", bytes);
}

// Puts the file in the place of its id.
void put_in_place(JsonObject& object, const MessageFile& named, const FileReference& file,
                  const std::string& url) {
  object.erase("file_id");
  if (named.kind == MessageFile::Kind::kImage) {
    object["url"] = url;
    return;
  }
  object["file_data"] = url;
  if (object.contains("filename")) return;
  object["filename"] =
      file.filename.empty() ? "file" + std::string(file_extension(file.media_type)) : file.filename;
}

// Each file is read once, however often it is named.
Result<void> put_message_files(Json& input, FileSource& source, const InputFiles& files,
                               const std::stop_token& stop) {
  const auto named = message_files(input);
  if (!named) return named.error();
  std::map<std::string, std::string> urls;
  for (const MessageFile& each : *named) {
    const FileReference& file = files.at(each.id);
    std::string& url = urls[each.id];
    if (url.empty()) {
      auto read = data_url_of(source, file, stop);
      if (!read) return std::move(read).error();
      url = std::move(*read);
    }
    put_in_place(named_in(input, each), each, file, url);
  }
  return {};
}

// Appends the files that no message names to the last message of the user's.
Result<void> add_members(JsonArray& messages, FileSource& source, const InputFiles& files,
                         const std::stop_token& stop) {
  if (files.empty()) return {};
  JsonObject& message = message_of_user(messages);
  JsonArray parts = content_parts(message["content"]);
  for (const auto& [member, file] : files) {
    auto part = part_of(source, member, file, stop);
    if (!part) return std::move(part).error();
    parts.emplace_back(std::move(*part));
  }
  message["content"] = std::move(parts);
  return {};
}

}  // namespace

Result<void> check_message_files(const Json& input, const InputFiles& files, std::size_t max_bytes) {
  const auto named = message_files(input);
  if (!named) return named.error();
  std::uint64_t bytes = 0;
  for (const MessageFile& each : *named) {
    const auto file = files.find(each.id);
    if (file == files.end()) return unknown_message_file(each.pointer(), each.id);
    const std::string& type = file->second.media_type;
    if (each.kind == MessageFile::Kind::kImage && !is_media_type_in(type, {"image/*"}))
      return wrong_part(each, "an image must be of a type image/*, and this file is of " + type);
    // Whoever writes sizes into a queue cannot make their sum wrap.
    const std::uint64_t more = file->second.bytes;
    bytes = more > ~bytes ? ~std::uint64_t{0} : bytes + more;
    if (bytes > max_bytes || max_bytes == 0) return too_large(each, bytes, max_bytes);
  }
  return {};
}

std::size_t chat_file_bytes(const Json& input, const InputFiles& files) {
  if (files.empty()) return 0;
  std::size_t bytes = data_url_bytes(files_of_members(files));
  const auto named = message_files(input);
  if (!named) return bytes;
  for (const MessageFile& each : *named) bytes += data_url_bytes(files.at(each.id));
  return bytes;
}

Result<Json> chat_input_with_files(FileSource& source, const GenerationRequest& request,
                                   std::stop_token stop) {
  Json made = request.input;
  JsonObject& members = made.as_object();
  if (const Json* const prompt = members.if_contains("prompt")) {
    members["messages"] = JsonArray{JsonObject{{"role", "user"}, {"content", *prompt}}};
    members.erase("prompt");
  }
  if (auto put = put_message_files(made, source, request.files, stop); !put) return std::move(put).error();
  auto added = add_members(members.at("messages").as_array(), source, files_of_members(request.files), stop);
  if (!added) return std::move(added).error();
  return made;
}

}  // namespace shunt::generation::openai
