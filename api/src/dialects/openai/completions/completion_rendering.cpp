#include "dialects/openai/completions/completion_rendering.hpp"

#include <utility>

#include "dialects/openai/chunk_stream.hpp"
#include "dialects/openai/generated.hpp"
#include "shunt/generation/message_parts.hpp"

namespace shunt::api::dialects::openai {
namespace {

class CompletionRendering final : public ChunkStream {
 public:
  CompletionRendering(std::string model, bool include_usage)
      : ChunkStream({.model = std::move(model),
                     .id_prefix = "cmpl-",
                     .chunk = "text_completion",
                     .include_usage = include_usage}) {}

  void answer(http::Response& response, const GenerationRecord& record, std::span<const Bytes>) override {
    response.set_json(200);
    JsonObjectWriter object(response.body);
    write_head(object, "text_completion");
    std::string& out = object.begin("choices");
    out += '[';
    append_choice(out, text_of(record), logprobs_of(record.result), finish_reason(record.result, false));
    out += ']';
    write_usage(object, record.result);
    object.close();
  }

 private:
  // Of this call they are an object of lists, which no delta has: they come with the end.
  static const Json* logprobs_of(const Json& result) {
    const JsonObject* const members = result.if_object();
    return members == nullptr ? nullptr : members->if_contains("logprobs");
  }

  static void append_choice(std::string& out, std::string_view text, const Json* logprobs,
                            std::string_view reason) {
    JsonObjectWriter choice(out);
    choice.text("text", text);
    choice.number("index", 0);
    logprobs == nullptr ? static_cast<void>(choice.begin("logprobs") += "null")
                        : choice.json("logprobs", *logprobs);
    reason.empty() ? static_cast<void>(choice.begin("finish_reason") += "null")
                   : choice.text("finish_reason", reason);
    choice.close();
  }

  void append_delta(std::string& out, const event::Delta& delta) override {
    if (delta.text.empty()) return;
    begin_chunk(out);
    append_choice(out, delta.text, nullptr, "");
    end_chunk(out);
  }

  void append_end(std::string& out, const Json& result) override {
    begin_chunk(out);
    append_choice(out, "", logprobs_of(result), finish_reason(result, false));
    end_chunk(out);
  }
};

}  // namespace

std::unique_ptr<Rendering> make_completion_rendering(std::string model, bool include_usage) {
  return std::make_unique<CompletionRendering>(std::move(model), include_usage);
}

}  // namespace shunt::api::dialects::openai
