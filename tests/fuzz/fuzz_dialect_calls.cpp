// Bodies of other APIs' calls. The first byte says which call, the rest is the body. Checks that what is
// taken makes an envelope that can travel, and an answer that is what it says; and that a refusal can be told
// in the dialect's form.
#include <array>

#include "dialects/ollama/text_call.hpp"
#include "dialects/openai/audio/speech_call.hpp"
#include "dialects/openai/audio/transcript_call.hpp"
#include "dialects/openai/chat/chat_call.hpp"
#include "dialects/openai/completions/completion_call.hpp"
#include "dialects/openai/embeddings/embedding_call.hpp"
#include "dialects/openai/images/image_call.hpp"
#include "dialects/openai/openai_error.hpp"
#include "dialects/openai/responses/response_call.hpp"
#include "dialects/replicate/prediction_call.hpp"
#include "dialects/replicate/replicate_error.hpp"
#include "dialects/replicate/replicate_files.hpp"
#include "representation/url_signer.hpp"
#include "shunt/base/json.hpp"
#include "shunt/generation/errors.hpp"
#include "support/fuzzing.hpp"

namespace {

using namespace shunt;
using namespace shunt::api;
using namespace shunt::base;
using namespace shunt::generation;
using fuzz::check;

struct Form {
  Result<dialects::Call> (*make_call)(const dialects::CallContext&, JsonObject);
  http::ErrorWriter write_error;
  std::string_view file = {};  // a form with this file; its fields are the body's members
};
constexpr auto kForms = std::to_array<Form>({
    {dialects::openai::make_chat_call, dialects::openai::write_error},
    {dialects::openai::make_completion_call, dialects::openai::write_error},
    {dialects::openai::make_embedding_call, dialects::openai::write_error},
    {dialects::openai::make_speech_call, dialects::openai::write_error},
    {dialects::openai::make_image_call, dialects::openai::write_error},
    {dialects::replicate::predict_version, dialects::replicate::write_error},
    {dialects::openai::make_response_call, dialects::openai::write_error},
    {dialects::ollama::make_chat_call, dialects::openai::write_error},
    {dialects::ollama::make_generate_call, dialects::openai::write_error},
    {dialects::openai::make_transcription_call, dialects::openai::write_error, "file"},
    {dialects::openai::make_translation_call, dialects::openai::write_error, "file"},
    {dialects::openai::make_image_edit_call, dialects::openai::write_error, "image"},
});

std::shared_ptr<const Model> make_model(std::string name, bool takes_text) {
  auto model = std::make_shared<Model>();
  model->name = std::move(name);
  for (const CallKind kind :
       {CallKind::kChat, CallKind::kCompletions, CallKind::kEmbeddings, CallKind::kSpeech,
        CallKind::kTranscription, CallKind::kTranslation, CallKind::kImages, CallKind::kImageEdits}) {
    if (takes_text) model->calls[kind].members = {{"prompt", "words"}, {"input", "words"}};
    model->calls[kind];
  }
  return model;
}

Result<std::shared_ptr<const Model>> find_model(std::string_view name) {
  static const std::shared_ptr<const Model>& server = *new auto(make_model("a", false));
  static const std::shared_ptr<const Model>& text = *new auto(make_model("b", true));
  if (name == "a" || name == "shunt/a") return server;
  if (name == "b" || name == "shunt/b") return text;
  return unknown_model(name, {});
}

void check_taken(dialects::Call& call) {
  static GenerationIdSource& ids = *new GenerationIdSource(system_clock());
  Envelope envelope;
  envelope.id = ids.next();
  envelope.request = std::move(call.request);
  envelope.admission = {"sync", "default"};
  if (const auto text = encode_envelope(envelope))
    check(decode_envelope(*text).ok(), "what was sealed can be opened");
  http::Response response;
  GenerationRecord record;
  record.id = envelope.id;
  record.state = GenerationState::kSucceeded;
  record.text = "words";
  record.result = envelope.request.input;  // as odd as what came
  call.rendering->begin(response, envelope.id);
  call.rendering->answer(response, record, {});
  check(response.content_type != "application/json" || parse_json(response.body).ok(),
        "an answer is what it says");
  std::string stream;
  call.rendering->append_event(stream, {.sequence = 1, .at = {}, .payload = event::Delta{.text = "w"}});
  call.rendering->append_event(stream, {.sequence = 2, .at = {}, .payload = event::Succeeded{record.result}});
  check(is_valid_utf8(stream), "a stream is text");
}

}  // namespace

extern "C" int LLVMFuzzerTestOneInput(const std::uint8_t* data, std::size_t size) {
  if (size == 0) return 0;
  const Form& form = kForms.at(data[0] % kForms.size());
  const std::string_view text = fuzz::text_of(data + 1, size - 1);
  (void)dialects::replicate::file_of_url(text, "http://a");
  auto body = parse_json(text);
  if (!body || !body->is_object()) return 0;
  static const UrlSigner& urls = *new UrlSigner("secret");
  const http::Request request;
  const http::RequestTarget target;
  const dialects::CallContext context{
      .request = request,
      .target = target,
      .path = {},
      .base_url = "http://a",
      .find_model = find_model,
      .now = {},
      .urls = &urls,
      .files = form.file.empty() ? std::vector<std::string>() : std::vector{std::string(form.file)}};
  auto call = form.make_call(context, std::move(body->get_object()));
  if (call) {
    check_taken(*call);
    return 0;
  }
  http::Response response;
  form.write_error(response, call.error());
  check(response.status >= 400 && response.status < 500, "it is the client's fault");
  check(parse_json(response.body).ok(), "a refusal can be told");
  return 0;
}
