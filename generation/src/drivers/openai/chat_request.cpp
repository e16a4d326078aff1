#include "drivers/openai/chat_request.hpp"

#include "shunt/generation/error_codes.hpp"

namespace shunt::generation::openai {
namespace {

Error wrong(std::string_view pointer, std::string message) {
  return invalid_field(pointer, std::move(message), error_code::kInvalidInput);
}

Result<void> check_messages(const Json& messages) {
  if (!messages.is_array() || messages.get_array().empty()) {
    const std::string_view got = messages.is_array() ? "an empty array" : json_kind_name(messages);
    return wrong("/input/messages",
                 "input.messages must be a non-empty array of objects, got " + std::string(got));
  }
  std::size_t index = 0;
  for (const Json& message : messages.get_array()) {
    const std::string at = "/input/messages/" + std::to_string(index++);
    if (!message.is_object()) {
      return wrong(at,
                   "a message must be an object with a role, got " + std::string(json_kind_name(message)));
    }
    const Json* role = message.get_object().if_contains("role");
    if (role == nullptr || !role->is_string() || role->get_string().empty()) {
      return wrong(at + "/role", "a message must have a role (\"system\", \"user\", \"assistant\", ...)");
    }
  }
  return {};
}

Result<void> check_reserved(const JsonObject& input) {
  if (input.contains("model")) {
    return wrong("/input/model",
                 "input.model is not taken: the upstream's model is part of the configuration; "
                 "choose another model of this service instead");
  }
  if (input.contains("stream")) {
    return wrong("/input/stream",
                 "input.stream is not taken: the upstream is always asked to stream; to receive a "
                 "stream, send 'Accept: text/event-stream'");
  }
  const Json* options = input.if_contains("stream_options");
  if (options != nullptr && !options->is_object()) {
    return wrong("/input/stream_options",
                 "input.stream_options must be an object, got " + std::string(json_kind_name(*options)));
  }
  const Json* choices = input.if_contains("n");
  if (choices != nullptr && !(choices->is_int64() && choices->get_int64() == 1)) {
    return wrong("/input/n", "input.n must be 1 or absent: a generation has one result");
  }
  return {};
}

}  // namespace

Result<void> check_chat_input(const Json& input) {
  if (!input.is_object()) {
    return wrong("/input", "input must be an object with prompt or messages, got " +
                               std::string(json_kind_name(input)));
  }
  const JsonObject& members = input.get_object();
  const Json* prompt = members.if_contains("prompt");
  const Json* messages = members.if_contains("messages");
  if ((prompt == nullptr) == (messages == nullptr)) {
    return wrong("/input", prompt == nullptr ? "input must have prompt (text) or messages (an array)"
                                             : "input must have prompt or messages, not both");
  }
  if (prompt != nullptr && !prompt->is_string()) {
    return wrong("/input/prompt",
                 "input.prompt must be a string, got " + std::string(json_kind_name(*prompt)));
  }
  if (messages != nullptr) {
    if (auto checked = check_messages(*messages); !checked) return checked;
  }
  return check_reserved(members);
}

std::string chat_request_body(const Json& input, const OpenAiOptions& upstream) {
  JsonObject body;
  body.emplace("model", upstream.model);
  for (const auto& [key, value] : input.get_object()) {
    if (key == "prompt") {
      body.emplace("messages", JsonArray{JsonObject{{"role", "user"}, {"content", value}}});
    } else {
      body.emplace(key, value);
    }
  }
  body.emplace("stream", true);
  if (upstream.include_usage) {
    // An upstream does not say how many tokens it used unless it is asked.
    Json& options = body["stream_options"];
    if (!options.is_object()) options.emplace_object();
    options.get_object().emplace("include_usage", true);
  }
  return to_json_text(body);
}

}  // namespace shunt::generation::openai
