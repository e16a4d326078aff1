#include "dialects/openai/chat/message_json.hpp"

#include <algorithm>

#include "shunt/base/base64.hpp"

namespace shunt::api::dialects::openai {
namespace {

// The old protocol's one call, which stands beside tool_calls.
bool is_old(const ToolCall& call) {
  return call.type == "function_call";
}

void write_called(JsonObjectWriter object, const ToolCall& call, bool custom) {
  if (!call.name.empty()) object.text("name", call.name);
  if (!call.arguments.empty() || !call.name.empty())
    object.text(custom ? std::string_view("input") : std::string_view("arguments"), call.arguments);
  object.close();
}

// In a delta the type comes with the id, once.
void write_call(std::string& out, const ToolCall& call, bool is_delta) {
  const bool custom = call.type == "custom";
  JsonObjectWriter object(out);
  if (is_delta) object.number("index", call.index);
  if (!call.id.empty()) object.text("id", call.id);
  if (!is_delta || !call.id.empty()) object.text("type", custom ? "custom" : "function");
  object.members(call.extra);
  write_called(object.object(custom ? std::string_view("custom") : std::string_view("function")), call,
               custom);
  object.close();
}

void write_calls(JsonObjectWriter& message, const std::vector<ToolCall>& calls, bool is_delta) {
  const auto old = std::ranges::find_if(calls, is_old);
  if (old != calls.end()) write_called(message.object("function_call"), *old, false);
  if (std::ranges::all_of(calls, is_old)) return;
  std::string& out = message.begin("tool_calls");
  out += '[';
  for (const ToolCall& call : calls) {
    if (is_old(call)) continue;
    if (out.back() != '[') out += ',';
    write_call(out, call, is_delta);
  }
  out += ']';
}

void write_audio(JsonObjectWriter object, const Audio& audio) {
  if (!audio.id.empty()) object.text("id", audio.id);
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
    object.text("type", "image_url");
    object.number("index", image.index);
    JsonObjectWriter url = object.object("image_url");
    url.text("url", image.url);
    url.close();
    object.close();
  }
  out += ']';
}

void append_list(std::string& out, const JsonArray& list) {
  list.empty() ? static_cast<void>(out += "null") : append_json(out, list);
}

}  // namespace

void write_message_parts(JsonObjectWriter& message, const MessageParts& parts, bool is_delta) {
  if (!parts.refusal.empty()) message.text("refusal", parts.refusal);
  if (!parts.reasoning.empty()) message.text("reasoning_content", parts.reasoning);
  if (!parts.tool_calls.empty()) write_calls(message, parts.tool_calls, is_delta);
  if (!parts.audio.empty()) write_audio(message.object("audio"), parts.audio);
  if (!parts.images.empty()) write_images(message.begin("images"), parts.images);
}

void append_logprobs(std::string& out, const Logprobs& logprobs) {
  if (logprobs.empty()) {
    out += "null";
    return;
  }
  JsonObjectWriter object(out);
  append_list(object.begin("content"), logprobs.content);
  append_list(object.begin("refusal"), logprobs.refusal);
  object.close();
}

}  // namespace shunt::api::dialects::openai
