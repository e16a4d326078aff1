#include "shunt/generation/message_files.hpp"

#include <optional>
#include <string_view>
#include <utility>

#include "shunt/base/display_text.hpp"
#include "shunt/generation/error_codes.hpp"
#include "shunt/generation/errors.hpp"
#include "shunt/generation/file_store.hpp"

namespace shunt::generation {
namespace {

constexpr std::string_view kId = "file_id";

// The member of a part that says what it is of, which is also the part's type, and the member of that one
// which has the bytes where there is no id.
std::string_view name_of(MessageFile::Kind kind) {
  return kind == MessageFile::Kind::kFile ? "file" : "image_url";
}
std::string_view bytes_of(MessageFile::Kind kind) {
  return kind == MessageFile::Kind::kFile ? "file_data" : "url";
}

Error wrong(const std::string& pointer, std::string message) {
  return invalid_field(pointer, std::move(message), error_code::kInvalidInput);
}

const Json* member_of(const Json& value, std::string_view name) {
  const JsonObject* const object = value.if_object();
  const Json* const member = object == nullptr ? nullptr : object->if_contains(name);
  return member == nullptr || member->is_null() ? nullptr : member;
}

std::optional<MessageFile::Kind> kind_of(const Json& part) {
  const Json* const type = member_of(part, "type");
  if (type == nullptr || !type->is_string()) return std::nullopt;
  for (const auto kind : {MessageFile::Kind::kFile, MessageFile::Kind::kImage}) {
    if (type->get_string() == name_of(kind)) return kind;
  }
  return std::nullopt;
}

// Whether the part, whose place `named` has, names a file; its id is filled in.
Result<bool> read_part(const Json& part, MessageFile& named) {
  const auto kind = kind_of(part);
  if (!kind) return false;
  named.kind = *kind;
  const Json* const object = member_of(part, name_of(*kind));
  const Json* const id = object == nullptr ? nullptr : member_of(*object, kId);
  if (id == nullptr) return false;
  if (!id->is_string()) {
    return wrong(named.pointer(),
                 "file_id must be the id of a file, a text; got " + std::string(json_kind_name(*id)));
  }
  if (member_of(*object, bytes_of(*kind)) != nullptr) {
    return wrong(named.pointer(), "a part has a file_id or " + std::string(bytes_of(*kind)) + ", not both");
  }
  named.id = std::string(id->get_string());
  if (!is_file_id(named.id)) return unknown_message_file(named.pointer(), named.id);
  return true;
}

}  // namespace

std::string MessageFile::pointer() const {
  return "/input/messages/" + std::to_string(message) + "/content/" + std::to_string(part) + '/' +
         std::string(name_of(kind)) + '/' + std::string(kId);
}

Result<std::vector<MessageFile>> message_files(const Json& input) {
  std::vector<MessageFile> found;
  const Json* const messages = member_of(input, "messages");
  if (messages == nullptr || !messages->is_array()) return found;
  MessageFile at;
  for (at.message = 0; at.message < messages->get_array().size(); ++at.message) {
    const Json* const content = member_of(messages->get_array()[at.message], "content");
    if (content == nullptr || !content->is_array()) continue;
    for (at.part = 0; at.part < content->get_array().size(); ++at.part) {
      const auto names = read_part(content->get_array()[at.part], at);
      if (!names) return names.error();
      if (*names) found.push_back(at);
    }
  }
  return found;
}

JsonObject& named_in(Json& input, const MessageFile& named) {
  Json& message = input.as_object().at("messages").as_array().at(named.message);
  Json& part = message.as_object().at("content").as_array().at(named.part);
  return part.as_object().at(name_of(named.kind)).as_object();
}

Error unknown_message_file(const std::string& pointer, const std::string& id) {
  return wrong(pointer, "there is no file \"" + excerpt(id) + "\" of yours");
}

}  // namespace shunt::generation
