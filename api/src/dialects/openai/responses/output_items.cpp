#include "dialects/openai/responses/output_items.hpp"

#include "dialects/openai/generated.hpp"
#include "dialects/openai/responses/response_object.hpp"

namespace shunt::api::dialects::openai {
namespace {

void separate(std::string& list) {
  if (list.size() > 1) list += ',';
}

std::string message_parts(std::string_view text, const MessageParts& parts) {
  std::string content;
  if (!text.empty()) append_text_part(content, text, parts.logprobs.content);
  if (parts.refusal.empty()) return content;
  if (!content.empty()) content += ',';
  append_refusal_part(content, parts.refusal);
  return content;
}

}  // namespace

std::string reasoning_item_id(const GenerationId& id) {
  return "rs_" + id.to_string();
}

std::string message_item_id(const GenerationId& id) {
  return "msg_" + id.to_string();
}

std::string call_item_id(const GenerationId& id, std::uint32_t index) {
  return "fc_" + id.to_string() + '_' + std::to_string(index);
}

void append_text_part(std::string& out, std::string_view text, const JsonArray& logprobs) {
  JsonObjectWriter part(out);
  part.text("type", "output_text");
  part.begin("annotations") += "[]";
  part.json("logprobs", logprobs);
  part.text("text", text);
  part.close();
}

void append_refusal_part(std::string& out, std::string_view refusal) {
  JsonObjectWriter part(out);
  part.text("type", "refusal");
  part.text("refusal", refusal);
  part.close();
}

void append_reasoning_part(std::string& out, std::string_view reasoning) {
  JsonObjectWriter part(out);
  part.text("type", "reasoning_text");
  part.text("text", reasoning);
  part.close();
}

void append_reasoning_item(std::string& out, std::string_view id, std::string_view status,
                           std::string_view parts) {
  JsonObjectWriter item(out);
  item.text("id", id);
  item.text("type", "reasoning");
  item.text("status", status);
  item.begin("summary") += "[]";
  item.begin("content").append("[").append(parts).append("]");
  item.close();
}

void append_message_item(std::string& out, std::string_view id, std::string_view status,
                         std::string_view parts) {
  JsonObjectWriter item(out);
  item.text("id", id);
  item.text("type", "message");
  item.text("role", "assistant");
  item.text("status", status);
  item.begin("content").append("[").append(parts).append("]");
  item.close();
}

void append_call_item(std::string& out, std::string_view id, std::string_view status, const ToolCall& call) {
  JsonObjectWriter item(out);
  item.text("id", id);
  item.text("type", "function_call");
  item.text("status", status);
  // A server may leave the id out; an answer to the call has to name it all the same.
  item.text("call_id", call.id.empty() ? id : std::string_view(call.id));
  item.text("name", call.name);
  item.text("arguments", call.arguments);
  item.close();
}

std::string output_items(const GenerationRecord& record) {
  std::string list = "[";
  if (is_terminal(record.state)) {
    const std::string_view status = response_status(record) == "completed" ? "completed" : "incomplete";
    static const MessageParts kNothing;
    const MessageParts& parts = record.parts ? *record.parts : kNothing;
    if (!parts.reasoning.empty()) {
      std::string reasoning;
      append_reasoning_part(reasoning, parts.reasoning);
      append_reasoning_item(list, reasoning_item_id(record.id), status, reasoning);
    }
    if (const std::string content = message_parts(text_of(record), parts); !content.empty()) {
      separate(list);
      append_message_item(list, message_item_id(record.id), status, content);
    }
    for (const ToolCall& call : parts.tool_calls) {
      separate(list);
      append_call_item(list, call_item_id(record.id, call.index), status, call);
    }
  }
  return list + ']';
}

}  // namespace shunt::api::dialects::openai
