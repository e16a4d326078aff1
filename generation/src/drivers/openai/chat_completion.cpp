#include "drivers/openai/chat_completion.hpp"

#include "drivers/openai/delta_merge.hpp"
#include "drivers/openai/upstream_error.hpp"
#include "shunt/generation/error_codes.hpp"

namespace shunt::openai {
namespace {

const JsonObject* object_member(const JsonObject& object, std::string_view key) {
  const Json* value = object.if_contains(key);
  return value != nullptr && value->is_object() ? &value->get_object() : nullptr;
}

Error not_of_the_protocol(const std::string& what) {
  return {std::string(error_code::kUpstreamBroken), "the upstream's answer is not a chat completion: " + what,
          true};
}

}  // namespace

Result<void> ChatCompletion::take(const Json& document, std::string& text) {
  if (!document.is_object()) return not_of_the_protocol("a JSON object was expected");
  const JsonObject& chunk = document.get_object();
  if (const Json* error = chunk.if_contains("error"); error != nullptr && !error->is_null()) {
    return error_in_answer(document, secret_);
  }
  if (const Json* model = chunk.if_contains("model"); model != nullptr && model->is_string()) {
    model_ = model->get_string();
  }
  if (const JsonObject* usage = object_member(chunk, "usage")) usage_ = *usage;
  const Json* choices = chunk.if_contains("choices");
  if (choices == nullptr || choices->is_null()) {
    // Some servers send their usage or timings in an object of its own; an object with nothing known is not
    // ours.
    if (chunk.contains("usage") || chunk.contains("object")) return {};
    return not_of_the_protocol("an object without choices came");
  }
  if (!choices->is_array()) return not_of_the_protocol("choices must be an array");
  for (const Json& choice : choices->get_array()) {
    if (!choice.is_object()) return not_of_the_protocol("a choice must be an object");
    if (auto taken = take_choice(choice.get_object(), text); !taken) return taken;
  }
  return {};
}

Result<void> ChatCompletion::take_choice(const JsonObject& choice, std::string& text) {
  if (const Json* index = choice.if_contains("index");
      index != nullptr && index->is_int64() && index->get_int64() != 0) {
    return {};
  }
  for (const std::string_view part : {"delta", "message"}) {
    if (const JsonObject* message = object_member(choice, part)) {
      if (auto taken = take_message(*message, text); !taken) return taken;
    }
  }
  if (const JsonObject* logprobs = object_member(choice, "logprobs")) {
    if (auto merged = merge_delta(logprobs_, *logprobs); !merged) return merged;
  }
  if (const Json* reason = choice.if_contains("finish_reason"); reason != nullptr && reason->is_string()) {
    finish_reason_ = reason->get_string();
  }
  return {};
}

Result<void> ChatCompletion::take_message(const JsonObject& message, std::string& text) {
  JsonObject rest;
  for (const auto& [key, value] : message) {
    if (key == "content" && value.is_string()) {
      text += value.get_string();
    } else if (key != "content" && key != "role") {
      rest.emplace(key, value);
    }
  }
  return merge_delta(message_, rest);
}

Json ChatCompletion::result() const {
  JsonObject result;
  if (finish_reason_) {
    result.emplace("finish_reason", *finish_reason_);
  } else {
    result.emplace("finish_reason", nullptr);
  }
  if (!model_.empty()) result.emplace("model", model_);
  if (!usage_.empty()) result.emplace("usage", usage_);
  if (!message_.empty()) result.emplace("message", message_);
  if (!logprobs_.empty()) result.emplace("logprobs", logprobs_);
  return result;
}

}  // namespace shunt::openai
