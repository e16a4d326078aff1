#include <string>
#include <utility>

#include "shunt/base/base64.hpp"
#include "shunt/generation/error_codes.hpp"
#include "shunt/generation/message_parts.hpp"

namespace shunt::generation {
namespace {

using Presence = JsonObjectReader::Presence;

void write_calls(std::string& out, const std::vector<ToolCall>& calls) {
  out += '[';
  for (const ToolCall& call : calls) {
    if (out.back() != '[') out += ',';
    JsonObjectWriter object(out);
    object.number("index", call.index);
    if (!call.id.empty()) object.text("id", call.id);
    if (!call.type.empty()) object.text("type", call.type);
    if (!call.name.empty()) object.text("name", call.name);
    if (!call.arguments.empty()) object.text("arguments", call.arguments);
    if (!call.extra.empty()) object.json("extra", call.extra);
    object.close();
  }
  out += ']';
}

void write_logprobs(JsonObjectWriter object, const Logprobs& logprobs) {
  if (!logprobs.content.empty()) object.json("content", logprobs.content);
  if (!logprobs.refusal.empty()) object.json("refusal", logprobs.refusal);
  object.close();
}

void write_audio(JsonObjectWriter object, const Audio& audio) {
  if (!audio.id.empty()) object.text("id", audio.id);
  if (!audio.format.empty()) object.text("format", audio.format);
  if (!audio.bytes.empty()) {
    std::string& out = object.begin("data");
    out += '"';
    append_base64(out, audio.bytes);
    out += '"';
  }
  if (!audio.transcript.empty()) object.text("transcript", audio.transcript);
  if (audio.expires_at) object.number("expires_at", *audio.expires_at);
  object.close();
}

void write_images(std::string& out, const std::vector<Image>& images) {
  out += '[';
  for (const Image& image : images) {
    if (out.back() != '[') out += ',';
    JsonObjectWriter object(out);
    object.number("index", image.index);
    object.text("url", image.url);
    object.close();
  }
  out += ']';
}

// Goes behind what the member as a whole must be.
Error wrong_within(const JsonObjectReader::Wrong& wrong) {
  return {error_code::kInvalidInput,
          '"' + std::string(wrong.name) + "\" must be " + std::string(wrong.expected)};
}

// What is wrong with an object within a member, in the words of who reads the member.
void pass_on(const JsonObjectReader& inner, JsonObjectReader& members, std::string_view name,
             const std::string& expected, std::string_view place = "") {
  if (inner.problem())
    members.refuse(name, expected + " (" + std::string(place) + inner.problem()->message + ')');
}

// The elements of a list of objects, each read by `read`; stops at the first that is none or is wrong.
template <typename Element, typename Read>
std::vector<Element> read_list(JsonObjectReader& members, std::string_view name, const std::string& expected,
                               std::size_t most, Read read) {
  std::vector<Element> elements;
  const Json* const value = members.find(name);
  if (value == nullptr) return elements;
  const JsonArray* const array = value->if_array();
  if (array == nullptr || array->size() > most) {
    members.refuse(name, expected);
    return elements;
  }
  elements.reserve(array->size());
  for (const Json& element : *array) {
    const JsonObject* const object = element.if_object();
    if (object == nullptr) {
      members.refuse(name, expected);
      return elements;
    }
    JsonObjectReader inner(*object, "", wrong_within);
    elements.push_back(read(inner));
    pass_on(inner, members, name, expected, "element " + std::to_string(elements.size() - 1) + ": ");
    if (inner.problem()) return elements;
  }
  return elements;
}

std::uint32_t read_index(JsonObjectReader& members, std::size_t most) {
  const auto limit = static_cast<std::int64_t>(most) - 1;
  return static_cast<std::uint32_t>(members.integer("index", Presence::kRequired, limit).value_or(0));
}

ToolCall read_call(JsonObjectReader& members) {
  ToolCall call;
  call.index = read_index(members, kMaxToolCalls);
  call.id = members.text("id", Presence::kOptional);
  call.type = members.text("type", Presence::kOptional);
  call.name = members.text("name", Presence::kOptional);
  call.arguments = members.text("arguments", Presence::kOptional);
  call.extra = members.object("extra", Presence::kOptional);
  return call;
}

Image read_image(JsonObjectReader& members) {
  Image image;
  image.index = read_index(members, kMaxImages);
  image.url = members.text("url");
  return image;
}

// A copy in memory of its own, which the document's is not.
JsonArray read_elements(JsonObjectReader& members, std::string_view name) {
  JsonArray elements;
  const Json* const value = members.find(name);
  if (value == nullptr || value->is_null()) return elements;
  if (value->is_array()) {
    elements = value->get_array();
  } else {
    members.refuse(name, "an array");
  }
  return elements;
}

const JsonObject* find_object_member(JsonObjectReader& members, std::string_view name) {
  const Json* const value = members.find(name);
  if (value == nullptr) return nullptr;
  if (!value->is_object()) members.refuse(name, "an object");
  return value->if_object();
}

Logprobs read_logprobs(JsonObjectReader& members) {
  Logprobs logprobs;
  const JsonObject* const object = find_object_member(members, "logprobs");
  if (object == nullptr) return logprobs;
  JsonObjectReader inner(*object, "", wrong_within);
  logprobs.content = read_elements(inner, "content");
  logprobs.refusal = read_elements(inner, "refusal");
  pass_on(inner, members, "logprobs", "an object with the lists content and refusal");
  return logprobs;
}

Audio read_audio(JsonObjectReader& members) {
  Audio audio;
  const JsonObject* const object = find_object_member(members, "audio");
  if (object == nullptr) return audio;
  JsonObjectReader inner(*object, "", wrong_within);
  audio.id = inner.text("id", Presence::kOptional);
  audio.format = inner.text("format", Presence::kOptional);
  audio.transcript = inner.text("transcript", Presence::kOptional);
  audio.expires_at = inner.integer("expires_at", Presence::kOptional);
  if (auto bytes = parse_base64(inner.text("data", Presence::kOptional))) {
    audio.bytes = std::move(*bytes);
  } else {
    inner.refuse("data", "base64 with padding");
  }
  pass_on(inner, members, "audio", "an object with id, format, data, transcript and expires_at");
  return audio;
}

}  // namespace

void write_parts(JsonObjectWriter& object, const MessageParts& parts) {
  if (!parts.reasoning.empty()) object.text("reasoning", parts.reasoning);
  if (!parts.refusal.empty()) object.text("refusal", parts.refusal);
  if (!parts.tool_calls.empty()) write_calls(object.begin("tool_calls"), parts.tool_calls);
  if (!parts.logprobs.empty()) write_logprobs(object.object("logprobs"), parts.logprobs);
  if (!parts.audio.empty()) write_audio(object.object("audio"), parts.audio);
  if (!parts.images.empty()) write_images(object.begin("images"), parts.images);
  if (!parts.others.empty()) object.members(parts.others);
}

MessageParts read_parts(JsonObjectReader& members) {
  MessageParts parts;
  parts.reasoning = members.text("reasoning", Presence::kOptional);
  parts.refusal = members.text("refusal", Presence::kOptional);
  parts.tool_calls = read_list<ToolCall>(members, "tool_calls", "a list of at most 1024 tool calls",
                                         kMaxToolCalls, read_call);
  parts.logprobs = read_logprobs(members);
  parts.audio = read_audio(members);
  parts.images = read_list<Image>(members, "images", "a list of at most 256 images", kMaxImages, read_image);
  return parts;
}

}  // namespace shunt::generation
