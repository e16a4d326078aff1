#include "dialects/openai/chunk_stream.hpp"

#include "dialects/openai/generated.hpp"
#include "dialects/openai/openai_error.hpp"
#include "representation/problem.hpp"
#include "shunt/generation/error_codes.hpp"

namespace shunt::api::dialects::openai {

void ChunkStream::begin(http::Response& response, const GenerationId& id) {
  forbid_retry(response);
  id_ = std::string(form_.id_prefix) + id.to_string();
  created_ = created_seconds(id);
}

void ChunkStream::append_event(std::string& out, const GenerationEvent& event) {
  if (over_) return;
  if (const auto* const delta = std::get_if<event::Delta>(&event.payload)) {
    append_delta(out, *delta);
    said_ = true;
  } else if (const auto* const success = std::get_if<event::Succeeded>(&event.payload)) {
    // A program may give its text as the result alone.
    if (!said_ && success->result.is_string())
      append_delta(out, {.text = std::string(success->result.get_string())});
    append_end(out, success->result);
    if (form_.include_usage) append_usage(out, success->result);
    out += "data: [DONE]\n\n";
    over_ = true;
  } else if (const auto* const failure = std::get_if<event::Failed>(&event.payload)) {
    append_failure(out, failure->error);
  } else if (const auto* const cancelled = std::get_if<event::Cancelled>(&event.payload)) {
    append_failure(out, {problem_code::kCancelled, "the generation was cancelled: " + cancelled->reason});
  } else if (std::holds_alternative<event::Restarted>(event.payload) && said_) {
    append_failure(out, {error_code::kWorkerLost,
                         "the worker was lost and another one begins anew; what came before is void"});
  }
}

void ChunkStream::append_cut(std::string& out, const Error& why) {
  if (!over_) append_failure(out, why);
}

void ChunkStream::write_head(JsonObjectWriter& object, std::string_view kind) const {
  object.text("id", id_);
  object.text("object", kind);
  object.number("created", created_);
  object.text("model", form_.model);
}

void ChunkStream::begin_chunk(std::string& out) {
  if (head_.empty()) {
    head_ = "data: ";
    JsonObjectWriter object(head_);
    write_head(object, form_.chunk);
    head_ += form_.include_usage ? R"(,"usage":null,"choices":[)" : R"(,"choices":[)";
  }
  out += head_;
}

void ChunkStream::append_usage(std::string& out, const Json& result) const {
  out += "data: ";
  JsonObjectWriter object(out);
  write_head(object, form_.chunk);
  object.begin("choices") += "[]";
  write_usage(object, result);
  object.close();
  out += "\n\n";
}

void ChunkStream::append_failure(std::string& out, const Error& error) {
  out += R"(data: {"error":)";
  append_error(out, error);
  out += "}\n\n";
  over_ = true;
}

}  // namespace shunt::api::dialects::openai
