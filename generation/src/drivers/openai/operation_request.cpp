#include "drivers/openai/operation_request.hpp"

#include <algorithm>
#include <array>

#include "drivers/openai/chat_request.hpp"
#include "drivers/openai/operation_form.hpp"
#include "shunt/base/random.hpp"
#include "shunt/generation/error_codes.hpp"

namespace shunt::generation::openai {
namespace {

using Operation = OpenAiOperation;

Error wrong(std::string_view member, std::string message) {
  const std::string name(member);
  return invalid_field("/input/" + name, "input." + name + ' ' + std::move(message),
                       error_code::kInvalidInput);
}

// The member of the input that says what is wanted.
std::string_view main_member(Operation operation) {
  switch (operation) {
    case Operation::kCompletions:
    case Operation::kImages:
    case Operation::kImageEdits:
      return "prompt";
    case Operation::kTranscription:
    case Operation::kTranslation:
      return "file";
    default:
      return "input";
  }
}

Result<void> check_text(const JsonObject& input, std::string_view member) {
  const Json* const text = input.if_contains(member);
  if (text == nullptr || !text->is_string() || text->get_string().empty()) {
    return wrong(member, "must be a text that is not empty, got " +
                             std::string(text == nullptr ? "none" : json_kind_name(*text)));
  }
  return {};
}

// A text, texts, tokens or lists of tokens.
Result<void> check_embedded(const JsonObject& input) {
  const Json* const given = input.if_contains("input");
  if (given != nullptr && given->is_string() && !given->get_string().empty()) return {};
  if (given != nullptr && given->is_array() && !given->get_array().empty()) return {};
  return wrong("input", "must be a text, or a list of texts or tokens, and not empty");
}

Result<void> check_not_taken(const JsonObject& input, std::string_view member, std::string why) {
  return input.contains(member) ? Result<void>(wrong(member, "is not taken: " + std::move(why)))
                                : Result<void>();
}

Result<void> check_one_choice(const JsonObject& input) {
  for (const std::string_view member : {"n", "best_of"}) {
    const Json* const number = input.if_contains(member);
    if (number != nullptr && !(number->is_int64() && number->get_int64() == 1)) {
      return wrong(member, "must be 1 or absent: a generation has one result");
    }
  }
  return {};
}

Result<void> check_says(const JsonObject& input, std::string_view member, std::string_view only,
                        std::string_view why) {
  const Json* const value = input.if_contains(member);
  if (value == nullptr || (value->is_string() && value->get_string() == only)) return {};
  return wrong(member, "must be \"" + std::string(only) + "\" or absent: " + std::string(why));
}

Result<void> check_transcript_format(const JsonObject& input) {
  constexpr std::array<std::string_view, 6> kFormats{"json", "verbose_json", "diarized_json",
                                                     "text", "srt",          "vtt"};
  const Json* const format = input.if_contains("response_format");
  if (format == nullptr || format->is_null()) return {};
  if (format->is_string() &&
      std::ranges::find(kFormats, std::string_view(format->get_string())) != kFormats.end())
    return {};
  return wrong("response_format", "must be json, verbose_json, diarized_json, text, srt or vtt, or absent");
}

Result<void> check_members(Operation operation, const JsonObject& input) {
  switch (operation) {
    case Operation::kChat:
      return {};
    case Operation::kCompletions:
      if (auto checked = check_text(input, "prompt"); !checked) return checked;
      return check_one_choice(input);
    case Operation::kEmbeddings:
      return check_embedded(input);
    case Operation::kSpeech:
      if (auto checked = check_text(input, "input"); !checked) return checked;
      return check_says(input, "stream_format", "audio", "the audio is the artifact as it comes");
    case Operation::kImages:
      if (auto checked = check_text(input, "prompt"); !checked) return checked;
      return check_says(input, "response_format", "b64_json", "addresses are not fetched");
    // The files themselves are no members of the input: check_operation_files().
    case Operation::kTranscription:
    case Operation::kTranslation:
      return check_transcript_format(input);
    case Operation::kImageEdits:
      if (auto checked = check_text(input, "prompt"); !checked) return checked;
      return check_says(input, "response_format", "b64_json", "addresses are not fetched");
  }
  return {};
}

bool streams(Operation operation) {
  return operation == Operation::kChat || operation == Operation::kCompletions;
}

}  // namespace

std::string_view path_of(Operation operation) noexcept {
  switch (operation) {
    case Operation::kChat:
      break;
    case Operation::kCompletions:
      return "/completions";
    case Operation::kEmbeddings:
      return "/embeddings";
    case Operation::kSpeech:
      return "/audio/speech";
    case Operation::kImages:
      return "/images/generations";
    case Operation::kTranscription:
      return "/audio/transcriptions";
    case Operation::kTranslation:
      return "/audio/translations";
    case Operation::kImageEdits:
      return "/images/edits";
  }
  return "/chat/completions";
}

std::string_view accepted_by(Operation operation) noexcept {
  if (operation == Operation::kSpeech) return "audio/*, application/octet-stream, application/json;q=0.1";
  if (operation == Operation::kTranscription || operation == Operation::kTranslation)
    return "application/json, text/*";
  return streams(operation) ? "text/event-stream, application/json" : "application/json";
}

Result<void> check_operation_input(Operation operation, const Json& input) {
  if (operation == Operation::kChat) return check_chat_input(input);
  if (!input.is_object()) {
    return invalid_field("/input",
                         "input must be an object with " + std::string(main_member(operation)) + ", got " +
                             std::string(json_kind_name(input)),
                         error_code::kInvalidInput);
  }
  const JsonObject& members = input.get_object();
  if (auto checked = check_members(operation, members); !checked) return checked;
  if (auto checked = check_not_taken(members, "model", "the configuration names the server's model");
      !checked)
    return checked;
  return check_not_taken(members, "stream", "what the caller gets is up to its Accept header");
}

RequestBody operation_request(const Json& input, const InputFiles& files, const OpenAiOptions& upstream) {
  if (!sends_form(upstream.operation)) return {"application/json", operation_request_body(input, upstream)};
  // Nobody who sends a file can guess what would end it.
  const std::string boundary = "shunt-" + base::random_name();
  return {"multipart/form-data; boundary=" + boundary, form_request_body(input, files, upstream, boundary)};
}

std::string operation_request_body(const Json& input, const OpenAiOptions& upstream) {
  if (upstream.operation == Operation::kChat) return chat_request_body(input, upstream);
  JsonObject body;
  body.emplace("model", upstream.model);
  for (const auto& [key, value] : input.get_object()) body.emplace(key, value);
  if (streams(upstream.operation)) {
    body.emplace("stream", true);
    if (upstream.include_usage) {
      Json& options = body["stream_options"];
      if (!options.is_object()) options.emplace_object();
      options.get_object().emplace("include_usage", true);
    }
  }
  if (upstream.operation == Operation::kImages && upstream.ask_for_base64) {
    body.emplace("response_format", "b64_json");
  }
  return to_json_text(body);
}

}  // namespace shunt::generation::openai
