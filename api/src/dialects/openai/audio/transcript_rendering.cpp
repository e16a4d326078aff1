#include "dialects/openai/audio/transcript_rendering.hpp"

#include <string>

#include "dialects/openai/generated.hpp"
#include "dialects/openai/openai_error.hpp"
#include "representation/problem.hpp"
#include "shunt/base/json_object_writer.hpp"
#include "shunt/generation/error_codes.hpp"

namespace shunt::api::dialects::openai {
namespace {

class TranscriptRendering final : public Rendering {
 public:
  explicit TranscriptRendering(TranscriptForm form) : form_(form) {}

  void begin(http::Response& response, const GenerationId&) override { forbid_retry(response); }

  void answer(http::Response& response, const GenerationRecord& record, std::span<const Bytes>) override {
    if (form_ != TranscriptForm::kJson) {
      response.replace_body(200, media_type());
      response.body = text_of(record);
      return;
    }
    response.set_json(200);
    const JsonObject* const told = record.result.if_object();
    if (told != nullptr && told->contains("text")) {
      response.body = to_json_text(*told);
      return;
    }
    JsonObjectWriter object(response.body);
    object.text("text", text_of(record));
    object.close();
  }

  void append_event(std::string& out, const GenerationEvent& event) override {
    if (over_) return;
    if (const auto* const delta = std::get_if<event::Delta>(&event.payload)) {
      append_delta(out, delta->text, delta->parts ? delta->parts->logprobs.content : JsonArray());
    } else if (const auto* const success = std::get_if<event::Succeeded>(&event.payload)) {
      // A program may give its text as the result alone.
      if (text_.empty() && success->result.is_string()) append_delta(out, success->result.get_string(), {});
      append_done(out, success->result);
    } else if (const auto* const failure = std::get_if<event::Failed>(&event.payload)) {
      append_failure(out, failure->error);
    } else if (const auto* const cancelled = std::get_if<event::Cancelled>(&event.payload)) {
      append_failure(out, {problem_code::kCancelled, "the generation was cancelled: " + cancelled->reason});
    } else if (std::holds_alternative<event::Restarted>(event.payload) && !text_.empty()) {
      append_failure(out, {error_code::kWorkerLost,
                           "the worker was lost and another one begins anew; what came before is void"});
    }
  }

  void append_cut(std::string& out, const Error& why) override {
    if (!over_) append_failure(out, why);
  }

 private:
  [[nodiscard]] std::string_view media_type() const {
    if (form_ == TranscriptForm::kSrt) return "application/x-subrip";
    return form_ == TranscriptForm::kVtt ? "text/vtt; charset=utf-8" : "text/plain; charset=utf-8";
  }

  void append_delta(std::string& out, std::string_view text, const JsonArray& logprobs) {
    if (text.empty() && logprobs.empty()) return;
    text_ += text;
    out += "data: ";
    JsonObjectWriter object(out);
    object.text("type", "transcript.text.delta");
    object.text("delta", text);
    if (!logprobs.empty()) object.json("logprobs", logprobs);
    object.close();
    out += "\n\n";
  }

  void append_done(std::string& out, const Json& result) {
    out += "data: ";
    JsonObjectWriter object(out);
    object.text("type", "transcript.text.done");
    object.text("text", text_);
    const JsonObject* const told = result.if_object();
    const Json* const logprobs = told == nullptr ? nullptr : told->if_contains("logprobs");
    if (logprobs != nullptr && logprobs->is_array()) object.json("logprobs", *logprobs);
    if (const JsonObject* const usage = object_in(result, "usage")) object.json("usage", *usage);
    object.close();
    out += "\n\n";
    over_ = true;
  }

  void append_failure(std::string& out, const Error& error) {
    out += R"(data: {"error":)";
    append_error(out, error);
    out += "}\n\n";
    over_ = true;
  }

  const TranscriptForm form_;
  std::string text_;   // that the stream has told
  bool over_ = false;  // nothing more is told
};

}  // namespace

std::unique_ptr<Rendering> make_transcript_rendering(TranscriptForm form) {
  return std::make_unique<TranscriptRendering>(form);
}

}  // namespace shunt::api::dialects::openai
