#include "dialects/openai/chat/chat_rendering.hpp"

#include <utility>

#include "dialects/openai/chat/message_json.hpp"
#include "dialects/openai/chunk_stream.hpp"
#include "dialects/openai/generated.hpp"

namespace shunt::api::dialects::openai {
namespace {

// The members of a result's message that message_json writes, or the answer itself.
bool is_written(std::string_view name) {
  return name == "role" || name == "content" || name == "refusal" || name == "reasoning_content" ||
         name == "reasoning" || name == "tool_calls" || name == "function_call" || name == "audio" ||
         name == "images";
}

bool calls_tools(const MessageParts* parts) {
  return parts != nullptr && !parts->tool_calls.empty();
}

class ChatRendering final : public ChunkStream {
 public:
  ChatRendering(std::string model, bool include_usage)
      : ChunkStream({.model = std::move(model),
                     .id_prefix = "chatcmpl-",
                     .chunk = "chat.completion.chunk",
                     .include_usage = include_usage}) {}

  void answer(http::Response& response, const GenerationRecord& record, std::span<const Bytes>) override {
    response.set_json(200);
    JsonObjectWriter object(response.body);
    write_head(object, "chat.completion");
    std::string& out = object.begin("choices");
    out += R"([{"index":0,"message":)";
    write_message(out, record);
    out += R"(,"logprobs":)";
    append_logprobs(out, record.parts ? record.parts->logprobs : Logprobs{});
    out += R"(,"finish_reason":)";
    append_json_string(out, finish_reason(record.result, calls_tools(record.parts.get())));
    out += "}]";
    write_usage(object, record.result);
    object.close();
  }

 private:
  static void write_message(std::string& out, const GenerationRecord& record) {
    JsonObjectWriter message(out);
    message.text("role", "assistant");
    const std::string_view text = text_of(record);
    if (text.empty() && record.parts && !record.parts->empty()) {
      message.begin("content") += "null";
    } else {
      message.text("content", text);
    }
    if (!record.parts || record.parts->refusal.empty()) message.begin("refusal") += "null";
    if (record.parts) write_message_parts(message, *record.parts, false);
    if (const JsonObject* const whole = object_in(record.result, "message")) {
      for (const auto& member : *whole) {
        const std::string_view name = member.key();
        if (!is_written(name)) message.json(name, member.value());
      }
    }
    message.close();
  }

  void begin_message(std::string& out) {
    if (std::exchange(began_, true)) return;
    begin_chunk(out);
    out += R"({"index":0,"delta":{"role":"assistant","content":"","refusal":null},"logprobs":null,)"
           R"("finish_reason":null})";
    end_chunk(out);
  }

  void append_delta(std::string& out, const event::Delta& delta) override {
    begin_message(out);
    calls_tools_ = calls_tools_ || calls_tools(delta.parts.get());
    begin_chunk(out);
    out += R"({"index":0,"delta":)";
    JsonObjectWriter said(out);
    if (!delta.text.empty()) said.text("content", delta.text);
    if (delta.parts) write_message_parts(said, *delta.parts, true);
    said.close();
    out += R"(,"logprobs":)";
    append_logprobs(out, delta.parts ? delta.parts->logprobs : Logprobs{});
    out += R"(,"finish_reason":null})";
    end_chunk(out);
  }

  void append_end(std::string& out, const Json& result) override {
    begin_message(out);
    begin_chunk(out);
    out += R"({"index":0,"delta":{},"logprobs":null,"finish_reason":)";
    append_json_string(out, finish_reason(result, calls_tools_));
    out += '}';
    end_chunk(out);
  }

  bool began_ = false;        // the message's role is told
  bool calls_tools_ = false;  // a piece of a call is
};

}  // namespace

std::unique_ptr<Rendering> make_chat_rendering(std::string model, bool include_usage) {
  return std::make_unique<ChatRendering>(std::move(model), include_usage);
}

}  // namespace shunt::api::dialects::openai
