#include "dialects/openai/audio/speech_call.hpp"

#include <algorithm>
#include <array>
#include <utility>

#include "dialects/openai/call_members.hpp"
#include "dialects/openai/generated.hpp"
#include "dialects/openai/openai_error.hpp"
#include "shunt/base/display_text.hpp"
#include "shunt/generation/error_codes.hpp"

namespace shunt::api::dialects::openai {
namespace {

// The formats of the API, and what media types they are seen as.
struct Format {
  std::string_view name;
  std::array<std::string_view, 3> types;
};
constexpr auto kFormats = std::to_array<Format>({
    {"mp3", {"audio/mpeg", "audio/mp3", ""}},
    {"opus", {"audio/ogg", "audio/opus", ""}},
    {"aac", {"audio/aac", "audio/mp4", ""}},
    {"flac", {"audio/flac", "audio/x-flac", ""}},
    {"wav", {"audio/wav", "audio/x-wav", "audio/wave"}},
    {"pcm", {"audio/pcm", "audio/L16", ""}},
});

bool produces(const Model& model, const Format& format) {
  return std::ranges::any_of(model.produces, [&](const std::string& type) {
    return std::ranges::find(format.types, type) != format.types.end();
  });
}

std::string produced(const Model& model) {
  std::string names;
  for (const Format& format : kFormats) {
    if (produces(model, format)) names.append(names.empty() ? "" : ", ").append(format.name);
  }
  return names.empty() ? "none that has a name here" : names;
}

// A model that is told no format has the ones that it produces.
Result<void> take_format(JsonObject& body, const ServingModel& serving) {
  if (serving.served->members.empty() || serving.served->members.contains("response_format")) return {};
  const auto wanted = take_text(body, "response_format");
  if (!wanted) return wanted.error();
  if (wanted->empty()) return {};
  const auto format = std::ranges::find(kFormats, std::string_view(*wanted), &Format::name);
  if (format != kFormats.end() && produces(*serving.model, *format)) return {};
  return bad_member("/response_format",
                    "this model makes " + produced(*serving.model) + "; got \"" + excerpt(*wanted) + '"');
}

// The usual speed asks for nothing.
void drop_usual_speed(JsonObject& body, const ServedCall& served) {
  const Json* const speed = body.if_contains("speed");
  if (served.members.empty() || served.members.contains("speed") || speed == nullptr) return;
  if (speed->is_number() && speed->to_number<double>() == 1.0) body.stable_erase("speed");
}

class SpeechRendering final : public Rendering {
 public:
  void begin(http::Response& response, const GenerationId&) override { forbid_retry(response); }

  [[nodiscard]] const Artifact* artifact(const GenerationRecord& record) const override {
    const auto is_audio = [](const Artifact& each) { return each.media_type.starts_with("audio/"); };
    const auto found = std::ranges::find_if(record.artifacts, is_audio);
    if (found != record.artifacts.end()) return &*found;
    return record.artifacts.empty() ? nullptr : &record.artifacts.front();
  }

  void answer(http::Response& response, const GenerationRecord&, std::span<const Bytes>) override {
    write_error(response, {error_code::kInvalidOutput, "the model made no audio"});
  }

  // Such a call does not stream events.
  void append_event(std::string&, const GenerationEvent&) override {}
};

}  // namespace

Result<Call> make_speech_call(const CallContext& context, JsonObject body) {
  auto serving = take_model(context, body, CallKind::kSpeech);
  if (!serving) return std::move(serving).error();
  const auto stream = take_text(body, "stream_format");
  if (!stream) return stream.error();
  if (!stream->empty() && *stream != "audio") {
    return not_done("stream_format",
                    "the audio comes as it is, which is \"audio\"; got \"" + excerpt(*stream) + '"');
  }
  const Json* const text = body.if_contains("input");
  if (text == nullptr || !text->is_string() || text->get_string().empty())
    return bad_member("/input", "input must be a text that is not empty");
  if (auto taken = take_format(body, *serving); !taken) return std::move(taken).error();
  drop_usual_speed(body, *serving->served);
  body = as_input(std::move(body), *serving->served);
  if (!serving->served->members.empty()) {
    if (auto refused = refuse_unruled(body, *serving->model); !refused) return std::move(refused).error();
  }
  Call call;
  call.model = serving->model;
  call.request.model = serving->model->name;
  call.request.input = std::move(body);
  call.rendering = std::make_unique<SpeechRendering>();
  return call;
}

}  // namespace shunt::api::dialects::openai
