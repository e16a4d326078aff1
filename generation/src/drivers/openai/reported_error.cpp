#include "drivers/openai/reported_error.hpp"

#include <algorithm>
#include <charconv>
#include <initializer_list>

#include "shunt/base/json_members.hpp"

namespace shunt::generation::openai {
namespace {

const Json* member(const JsonObject& object, std::initializer_list<std::string_view> names) {
  for (const std::string_view name : names) {
    const Json* value = object.if_contains(name);
    if (value != nullptr && !value->is_null()) return value;
  }
  return nullptr;
}

std::string text_of(const Json* value) {
  if (value == nullptr) return {};
  return value->is_string() ? std::string(value->get_string()) : to_json_text(*value);
}

bool says(const JsonObject& object, std::string_view key, std::string_view word) {
  return text_in(object, key) == word;
}

bool has_text(const JsonObject& object, std::string_view key) {
  return !text_in(object, key).empty();
}

// 429 and "429" are a status; 1004 and "rate_limit" are none.
int status_of(const Json* value) {
  int status = 0;
  if (value != nullptr && value->is_int64()) {
    const auto number = value->get_int64();
    status = number >= 400 && number <= 599 ? static_cast<int>(number) : 0;
  } else if (value != nullptr && value->is_string()) {
    const std::string_view text = value->get_string();
    const auto [end, failure] = std::from_chars(text.data(), text.data() + text.size(), status);
    if (failure != std::errc() || end != text.data() + text.size()) status = 0;
  }
  return status >= 400 && status <= 599 ? status : 0;
}

ReportedError words_of_object(const JsonObject& object) {
  ReportedError words;
  words.message = text_of(member(object, {"message", "msg", "error_msg", "status_msg", "detail", "error"}));
  words.type = text_of(member(object, {"type", "status"}));
  words.code = text_of(member(object, {"code", "error_code", "status_code"}));
  for (const std::string_view key : {"code", "http_code", "status", "error_code", "status_code"}) {
    if (words.status == 0) words.status = status_of(object.if_contains(key));
  }
  return words;
}

// What stands under "error": an object, a text, or something that only says that there was one.
ReportedError words_of_value(const Json& value) {
  if (value.is_object()) {
    ReportedError words = words_of_object(value.get_object());
    if (words.message.empty() && !value.get_object().empty()) words.message = to_json_text(value);
    return words;
  }
  if (value.is_array() && !value.get_array().empty()) return words_of_value(value.get_array().front());
  return {.message = value.is_string() ? std::string(value.get_string()) : std::string()};
}

// Some servers always send the member, with nothing in it.
bool is_nothing(const Json& value) {
  if (value.is_null()) return true;
  if (value.is_bool()) return !value.get_bool();
  if (value.is_string()) return value.get_string().empty();
  if (value.is_object()) {
    return std::ranges::all_of(value.get_object(), [](const auto& pair) { return is_nothing(pair.value()); });
  }
  if (value.is_array()) return value.get_array().empty();
  return value.is_int64() && value.get_int64() == 0;
}

const Json* something(const JsonObject& object, std::string_view key) {
  const Json* value = object.if_contains(key);
  return value != nullptr && !is_nothing(*value) ? value : nullptr;
}

bool has_choices(const JsonObject& object) {
  const Json* choices = object.if_contains("choices");
  return choices != nullptr && choices->is_array() && !choices->get_array().empty();
}

bool is_a_failure_code(const Json* code) {
  if (code == nullptr || is_nothing(*code)) return false;
  if (code->is_int64()) return code->get_int64() != 200;
  if (!code->is_string()) return false;
  const std::string_view text = code->get_string();
  return text != "0" && text != "200" && text != "ok" && text != "OK" && text != "success";
}

// An object that is no answer at all, and looks like one of the forms of failure that are seen.
std::optional<ReportedError> report_without_choices(const JsonObject& object) {
  if (const Json* errors = something(object, "errors"); errors != nullptr && errors->is_array()) {
    return words_of_value(*errors);
  }
  const Json* base = object.if_contains("base_resp");
  if (base != nullptr && base->is_object() && something(base->get_object(), "status_code") != nullptr) {
    return words_of_object(base->get_object());
  }
  const bool coded = is_a_failure_code(member(object, {"code", "error_code"}));
  const bool bare = !object.contains("type") && !object.contains("object");
  if (has_text(object, "error_msg") || (has_text(object, "message") && (coded || bare)) ||
      something(object, "detail") != nullptr) {
    return words_of_object(object);
  }
  return std::nullopt;
}

std::optional<ReportedError> find_in_object(const JsonObject& object) {
  if (const Json* error = something(object, "error")) {
    ReportedError words = words_of_value(*error);
    if (words.message.empty()) words.message = text_of(member(object, {"message", "detail"}));
    if (words.status == 0) words.status = status_of(member(object, {"code", "status", "http_code"}));
    return words;
  }
  if (says(object, "object", "error") || says(object, "type", "error")) {
    ReportedError words = words_of_object(object);
    if (words.type == "error") words.type.clear();
    return words;
  }
  if (!has_choices(object)) return report_without_choices(object);
  for (const Json& choice : object.at("choices").get_array()) {
    if (!choice.is_object()) continue;
    if (const Json* error = something(choice.get_object(), "error")) return words_of_value(*error);
  }
  return std::nullopt;
}

}  // namespace

std::optional<ReportedError> find_report(const Json& document) {
  if (document.is_object()) return find_in_object(document.get_object());
  if (!document.is_array() || document.get_array().empty()) return std::nullopt;
  const Json& first = document.get_array().front();
  return first.is_object() ? find_in_object(first.get_object()) : std::nullopt;
}

ReportedError words_of(const Json& document) {
  if (auto report = find_report(document)) return *report;
  return words_of_value(document);
}

}  // namespace shunt::generation::openai
