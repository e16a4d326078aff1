#include "dialects/openai/responses/item_content.hpp"

#include "dialects/openai/call_members.hpp"
#include "shunt/base/display_text.hpp"
#include "shunt/generation/file_reference.hpp"
#include "shunt/generation/message_files.hpp"

namespace shunt::api::dialects::openai {
namespace {

bool is_text(std::string_view type) {
  return type == "input_text" || type == "output_text" || type == "refusal";
}

Result<std::string> text_of_part(const JsonObject& part, std::string_view type, const std::string& at) {
  const std::string_view name = type == "refusal" ? "refusal" : "text";
  const Json* const text = part.if_contains(name);
  if (text != nullptr && text->is_string()) return std::string(text->get_string());
  return bad_member(at + '/' + std::string(name),
                    "a part of the type " + std::string(type) + " has its text here");
}

// The id of the file that the part is of, one of the caller's; "" = it names none.
Result<std::string> id_of_part(const JsonObject& part, std::string_view bytes, const std::string& at) {
  const Json* const id = part.if_contains("file_id");
  if (id == nullptr || id->is_null()) return std::string();
  const std::string place = at + "/file_id";
  if (!id->is_string()) return bad_member(place, "file_id must be the id of a file, a text");
  const Json* const other = part.if_contains(bytes);
  if (other != nullptr && !other->is_null())
    return bad_member(place, "a part has a file_id or " + std::string(bytes) + ", not both");
  if (!is_file_id(std::string_view(id->get_string())))
    return unknown_message_file(place, std::string(id->get_string()));
  return std::string(id->get_string());
}

Result<JsonObject> image_part(const JsonObject& part, const std::string& at) {
  const std::string_view url = text_member(part, "image_url");
  const auto id = id_of_part(part, "image_url", at);
  if (!id) return id.error();
  if (url.empty() && id->empty())
    return bad_member(at + "/image_url", "an image is given by its URL, https: or data:, or by a file_id");
  JsonObject image;
  id->empty() ? image["url"] = url : image["file_id"] = *id;
  const std::string_view detail = text_member(part, "detail");
  if (!detail.empty()) image["detail"] = detail;
  JsonObject made;
  made["type"] = "image_url";
  made["image_url"] = std::move(image);
  return made;
}

Result<JsonObject> file_part(const JsonObject& part, const std::string& at) {
  const std::string_view data = text_member(part, "file_data");
  const auto id = id_of_part(part, "file_data", at);
  if (!id) return id.error();
  if (data.empty() && id->empty())
    return bad_member(at + "/file_data", "a file is given by its bytes, in file_data, or by a file_id");
  JsonObject file;
  id->empty() ? file["file_data"] = data : file["file_id"] = *id;
  const std::string_view name = text_member(part, "filename");
  if (!name.empty()) file["filename"] = name;
  JsonObject made;
  made["type"] = "file";
  made["file"] = std::move(file);
  return made;
}

Result<JsonObject> chat_part(const JsonObject& part, const std::string& at) {
  const std::string_view type = text_member(part, "type");
  if (is_text(type)) {
    auto text = text_of_part(part, type, at);
    if (!text) return std::move(text).error();
    JsonObject made;
    made["type"] = "text";
    made["text"] = *text;
    return made;
  }
  const Json* const elsewhere = part.if_contains("file_url");
  if (elsewhere != nullptr && !elsewhere->is_null())
    return bad_member(at + "/file_url", "file_url is not taken here: send the bytes along, or a file_id");
  if (type == "input_image") return image_part(part, at);
  if (type == "input_file") return file_part(part, at);
  return bad_member(at + "/type", "parts of the type \"" + excerpt(type) +
                                      "\" are not taken; there are input_text, output_text, refusal, "
                                      "input_image and input_file");
}

// One text where all parts are.
Json joined(JsonArray parts) {
  std::string whole;
  for (const Json& part : parts) {
    if (text_member(part.get_object(), "type") != "text") return parts;
    whole += text_member(part.get_object(), "text");
  }
  return Json(boost::json::string_view(whole));
}

}  // namespace

bool names_file(const Json& part) {
  const JsonObject* const object = part.if_object();
  if (object == nullptr || text_member(*object, "file_id").empty()) return false;
  const std::string_view type = text_member(*object, "type");
  return type == "input_image" || type == "input_file";
}

std::string_view text_member(const JsonObject& object, std::string_view name) {
  const Json* const value = object.if_contains(name);
  return value != nullptr && value->is_string() ? std::string_view(value->get_string()) : std::string_view();
}

Result<Json> as_chat_content(const Json& content, const std::string& at) {
  if (content.is_string()) return content;
  const JsonArray* const parts = content.if_array();
  if (parts == nullptr) return bad_member(at, "content must be a text or a list of parts");
  JsonArray made;
  for (std::size_t i = 0; i < parts->size(); ++i) {
    const std::string place = at + '/' + std::to_string(i);
    const JsonObject* const part = (*parts)[i].if_object();
    if (part == nullptr) return bad_member(place, "a part must be an object with its type");
    auto translated = chat_part(*part, place);
    if (!translated) return std::move(translated).error();
    made.push_back(std::move(*translated));
  }
  return joined(std::move(made));
}

}  // namespace shunt::api::dialects::openai
