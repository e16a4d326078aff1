#include "dialects/ollama/text_rendering.hpp"

#include "dialects/openai/generated.hpp"
#include "representation/problem.hpp"
#include "shunt/base/json_members.hpp"
#include "shunt/base/json_object_writer.hpp"
#include "shunt/generation/message_parts.hpp"

namespace shunt::api::dialects::ollama {
namespace {

struct Times {
  WallTime created{};
  WallTime started{};
  WallTime ended{};
};

void write_duration(JsonObjectWriter& object, std::string_view name, WallTime from, WallTime to) {
  object.number(name, std::chrono::nanoseconds(to - from).count());
}

// A call's arguments are an object here. A model that wrote something else has its text in `arguments`.
Json arguments_of(const ToolCall& call) {
  auto parsed = parse_json(call.arguments.empty() ? std::string_view("{}") : call.arguments);
  if (parsed && parsed->is_object()) return std::move(*parsed);
  return JsonObject{{"arguments", call.arguments}};
}

JsonArray calls_of(const MessageParts& parts) {
  JsonArray calls;
  for (const ToolCall& call : parts.tool_calls) {
    const JsonObject function{{"index", call.index}, {"name", call.name}, {"arguments", arguments_of(call)}};
    calls.push_back(JsonObject{{"id", call.id}, {"function", function}});
  }
  return calls;
}

void write_end(JsonObjectWriter& object, const Json& result, const Times& times) {
  const std::string_view reason = openai::finish_reason(result, false);
  object.text("done_reason", reason == "tool_calls" || reason == "function_call" ? "stop" : reason);
  write_duration(object, "total_duration", times.created, times.ended);
  write_duration(object, "load_duration", times.created, times.started);
  write_duration(object, "eval_duration", times.started, times.ended);
  const JsonObject* const usage = openai::object_in(result, "usage");
  if (usage == nullptr) return;
  object.number("prompt_eval_count", static_cast<std::int64_t>(number_in(*usage, "prompt_tokens")));
  object.number("eval_count", static_cast<std::int64_t>(number_in(*usage, "completion_tokens")));
}

class TextRendering final : public Rendering {
 public:
  TextRendering(std::string model, Answer answer) : model_(std::move(model)), answer_(answer) {}

  void answer(http::Response& response, const GenerationRecord& record, std::span<const Bytes>) override {
    response.set_json(200);
    times_.created = record.created_at;
    times_.ended = record.finished_at.value_or(record.created_at);
    times_.started = record.started_at.value_or(times_.ended);
    const MessageParts none;
    append(response.body, times_.ended, openai::text_of(record), record.parts ? *record.parts : none,
           &record.result);
  }

  [[nodiscard]] std::string_view stream_type() const override { return "application/x-ndjson"; }
  // White space before the next line's object: an empty line would be no JSON to those who read lines.
  [[nodiscard]] std::string_view heartbeat() const override { return " "; }

  void append_event(std::string& out, const GenerationEvent& event) override {
    if (over_) return;
    const auto& payload = event.payload;
    if (std::holds_alternative<event::Queued>(payload)) {
      times_.created = times_.started = event.at;
    } else if (std::holds_alternative<event::Started>(payload)) {
      times_.started = event.at;
    } else if (const auto* const delta = std::get_if<event::Delta>(&payload)) {
      append_delta(out, *delta, event.at);
    } else if (const auto* const success = std::get_if<event::Succeeded>(&payload)) {
      append_success(out, success->result, event.at);
    } else if (const auto* const failure = std::get_if<event::Failed>(&payload)) {
      append_cut(out, failure->error);
    } else if (const auto* const cancelled = std::get_if<event::Cancelled>(&payload)) {
      append_cut(out, {problem_code::kCancelled, "the generation was cancelled: " + cancelled->reason});
    } else if (std::holds_alternative<event::Restarted>(payload)) {
      times_.started = event.at;
      // What was told cannot be taken back.
      if (said_) append_cut(out, {error_code::kWorkerLost, "the worker was lost; what came before is void"});
    }
  }

  void append_cut(std::string& out, const Error& why) override {
    if (std::exchange(over_, true)) return;
    JsonObjectWriter object(out);
    object.text("error", bounded_message(why));
    object.close();
    out += '\n';
  }

 private:
  // Calls of tools come whole: they wait for the end.
  void append_delta(std::string& out, const event::Delta& delta, WallTime at) {
    said_ = true;
    MessageParts parts = delta.parts ? *delta.parts : MessageParts();
    MessageParts calls;
    calls.tool_calls = std::exchange(parts.tool_calls, {});
    append_parts(calls_, calls);
    if (delta.text.empty() && parts.empty()) return;
    append(out, at, delta.text, parts, nullptr);
    out += '\n';
  }

  void append_success(std::string& out, const Json& result, WallTime at) {
    times_.ended = at;
    // A program may give its text as the result alone.
    if (!said_ && result.is_string()) append_delta(out, {.text = std::string(result.get_string())}, at);
    if (!calls_.empty()) {
      append(out, at, "", calls_, nullptr);
      out += '\n';
    }
    append(out, at, "", {}, &result);
    out += '\n';
    over_ = true;
  }

  // `result`: of the last object. A refusal is what the model says.
  void append(std::string& out, WallTime at, std::string_view text, const MessageParts& parts,
              const Json* result) const {
    JsonObjectWriter object(out);
    object.text("model", model_);
    object.time("created_at", at);
    JsonObject said{
        {answer_ == Answer::kMessage ? "content" : "response", std::string(text) + parts.refusal}};
    if (!parts.reasoning.empty()) said["thinking"] = parts.reasoning;
    if (!parts.tool_calls.empty()) said["tool_calls"] = calls_of(parts);
    if (answer_ == Answer::kMessage) {
      said["role"] = "assistant";
      object.json("message", said);
    } else {
      object.members(said);
    }
    if (!parts.logprobs.content.empty()) object.json("logprobs", parts.logprobs.content);
    object.boolean("done", result != nullptr);
    if (result != nullptr) write_end(object, *result, times_);
    object.close();
  }

  const std::string model_;
  const Answer answer_;
  Times times_;
  MessageParts calls_;
  bool said_ = false;  // something of the answer is
  bool over_ = false;  // nothing more is told
};

}  // namespace

std::unique_ptr<Rendering> make_text_rendering(std::string model, Answer answer) {
  return std::make_unique<TextRendering>(std::move(model), answer);
}

}  // namespace shunt::api::dialects::ollama
