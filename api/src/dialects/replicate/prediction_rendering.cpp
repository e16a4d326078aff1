#include "dialects/replicate/prediction_rendering.hpp"

#include "shunt/base/json_object_writer.hpp"

namespace shunt::api::dialects::replicate {
namespace {

// An event whose data may have several lines: each has a line of its own.
void append_sse(std::string& out, std::uint64_t id, std::string_view type, std::string_view data) {
  out.append("event: ").append(type).append("\nid: ").append(std::to_string(id)).append("\n");
  for (std::size_t begin = 0;;) {
    const std::size_t end = data.find_first_of("\r\n", begin);
    out.append("data: ").append(data.substr(begin, end == std::string_view::npos ? end : end - begin));
    out += '\n';
    if (end == std::string_view::npos) break;
    begin = end + 1;
    // A line's end of two characters is one; what comes out has a line feed.
    if (data[end] == '\r' && begin < data.size() && data[begin] == '\n') ++begin;
  }
  out += '\n';
}

template <typename... Functions>
struct Overloaded : Functions... {
  using Functions::operator()...;
};
template <typename... Functions>
Overloaded(Functions...) -> Overloaded<Functions...>;

std::string detail_of(std::string_view message) {
  std::string data;
  JsonObjectWriter object(data);
  object.text("detail", message);
  object.close();
  return data;
}

}  // namespace

void PredictionRendering::write(http::Response& response, int status, const GenerationRecord& record) const {
  response.replace_body(status, "application/json");
  append_prediction(response.body,
                    {.record = record,
                     .request = request_ ? &*request_ : nullptr,
                     .version = version_,
                     .logs = logs_.text(),
                     .only_starting = answers_ != Answers::kShow},
                    links_);
}

void PredictionRendering::answer(http::Response& response, const GenerationRecord& record,
                                 std::span<const Bytes>) {
  write(response, answers_ == Answers::kShow ? 200 : 201, record);
}

bool PredictionRendering::answer_pending(http::Response& response, const GenerationRecord& record) {
  const int status = answers_ == Answers::kShow ? 200 : answers_ == Answers::kWait ? 202 : 201;
  write(response, status, record);
  return true;
}

bool PredictionRendering::answer_failed(http::Response& response, const GenerationRecord& record) {
  write(response, answers_ == Answers::kShow ? 200 : 201, record);
  return true;
}

void StreamRendering::append_end(std::string& out, std::uint64_t sequence, std::string_view reason) const {
  std::string data;
  JsonObjectWriter object(data);
  if (!reason.empty()) object.text("reason", reason);
  object.close();
  append_sse(out, sequence, "done", data);
}

void StreamRendering::append_event(std::string& out, const GenerationEvent& event) {
  if (over_) return;
  std::string text;
  append_payload(text, event);
  if (event.sequence > after_ || over_) out += text;
}

void StreamRendering::append_payload(std::string& out, const GenerationEvent& event) {
  const std::uint64_t sequence = event.sequence;
  const Overloaded write{
      [&](const event::Delta& delta) {
        if (delta.text.empty()) return;
        said_ = true;
        append_sse(out, sequence, "output", delta.text);
      },
      [&](const event::ArtifactReady& ready) {
        said_ = true;
        append_sse(out, sequence, "output", artifact_url(links_, id_, ready.artifact.name));
      },
      [&](const event::Restarted&) {
        if (!said_) return;
        // What has been output is void, and a client cannot take it back.
        append_sse(out, sequence, "error",
                   detail_of("the worker was lost and the prediction begins anew: get it when it has ended"));
        append_end(out, sequence, "error");
        over_ = true;
      },
      [&](const event::Succeeded& succeeded) {
        if (!said_ && !succeeded.result.is_null())
          append_sse(out, sequence, "output", to_json_text(succeeded.result));
        append_end(out, sequence, "");
        over_ = true;
      },
      [&](const event::Failed& failed) {
        append_sse(out, sequence, "error", detail_of(failed.error.message));
        append_end(out, sequence, "error");
        over_ = true;
      },
      [&](const event::Cancelled&) {
        append_end(out, sequence, "canceled");
        over_ = true;
      },
      [](const auto&) {}};
  std::visit(write, event.payload);
}

void StreamRendering::append_cut(std::string& out, const Error& why) {
  // No event: a client that has none of `done` comes again with Last-Event-ID.
  out.append(": ").append(why.message).append("\n\n");
}

}  // namespace shunt::api::dialects::replicate
