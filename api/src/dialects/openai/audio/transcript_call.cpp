#include "dialects/openai/audio/transcript_call.hpp"

#include <algorithm>
#include <array>
#include <utility>

#include "dialects/openai/audio/transcript_rendering.hpp"
#include "dialects/openai/call_members.hpp"
#include "dialects/openai/form_values.hpp"
#include "shunt/base/display_text.hpp"

namespace shunt::api::dialects::openai {
namespace {

struct Format {
  std::string_view name;
  TranscriptForm form;
  bool from_text;  // can be made of a text alone
  bool streams;
};
constexpr auto kFormats = std::to_array<Format>({{"json", TranscriptForm::kJson, true, true},
                                                 {"text", TranscriptForm::kText, true, true},
                                                 {"srt", TranscriptForm::kSrt, false, false},
                                                 {"vtt", TranscriptForm::kVtt, false, false},
                                                 {"verbose_json", TranscriptForm::kJson, false, false},
                                                 {"diarized_json", TranscriptForm::kJson, false, false}});

// A model that is told no format has those that can be made of a text.
Result<const Format*> take_format(JsonObject& body, const ServedCall& served) {
  const bool told = served.members.empty() || served.members.contains("response_format");
  const Json* const said = body.if_contains("response_format");
  if (said == nullptr || said->is_null()) return kFormats.data();
  const std::string wanted = said->is_string() ? std::string(said->get_string()) : to_json_text(*said);
  const auto format = std::ranges::find(kFormats, std::string_view(wanted), &Format::name);
  if (format == kFormats.end() || !(told || format->from_text)) {
    return bad_member("/response_format", std::string("response_format must be ") +
                                              (told ? "json, text, srt, vtt, verbose_json or diarized_json"
                                                    : "json or text: this model makes a text alone") +
                                              "; got \"" + excerpt(wanted) + '"');
  }
  if (!told) body.erase("response_format");
  return &*format;
}

Result<Call> make_call(const CallContext& context, JsonObject body, CallKind kind) {
  auto serving = take_model(context, body, kind);
  if (!serving) return std::move(serving).error();
  const ServedCall& served = *serving->served;
  if (auto checked = check_form_files(context, "file"); !checked) return std::move(checked).error();
  // Beside a file of that name a field would be lost.
  if (body.contains("file")) return bad_member("/file", "file is given twice");
  const auto streams = take_form_switch(body, "stream");
  if (!streams) return streams.error();
  const auto format = take_format(body, served);
  if (!format) return format.error();
  if (*streams && !(*format)->streams) {
    return bad_member("/response_format", "response_format must be json or text with stream=true; got \"" +
                                              std::string((*format)->name) + '"');
  }
  body = as_input(std::move(body), served);
  if (!served.members.empty()) {
    if (auto refused = refuse_unruled(body, *serving->model); !refused) return std::move(refused).error();
  }
  type_values(body, *serving->model);
  Call call;
  call.model = serving->model;
  call.request.model = serving->model->name;
  call.request.input = std::move(body);
  call.streams = *streams;
  call.file_members = served.members;
  call.rendering = make_transcript_rendering((*format)->form);
  return call;
}

}  // namespace

Result<Call> make_transcription_call(const CallContext& context, JsonObject body) {
  return make_call(context, std::move(body), CallKind::kTranscription);
}

Result<Call> make_translation_call(const CallContext& context, JsonObject body) {
  return make_call(context, std::move(body), CallKind::kTranslation);
}

}  // namespace shunt::api::dialects::openai
