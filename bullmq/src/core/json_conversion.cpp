// What the templates of bullmq/json_text.hpp and bullmq/json.hpp leave to the library.
#include <utility>

#include "bullmq/json.hpp"
#include "core/json_text.hpp"
#include "core/json_value.hpp"

namespace bullmq {

JsonText::JsonText(std::string text) : text_(std::move(text)) {
  detail::require_json("JsonText", text_);
}

namespace detail {

std::string quoted_text(std::string_view text) {
  std::string json;
  json.reserve(text.size() + 2);
  append_json_string(json, text);
  return json;
}

std::string write_json_value(const boost::json::value& value) {
  return write_json(value);
}

boost::json::value read_json_value(std::string_view json) {
  auto value = parse_json(json);
  if (!value) throw JsonError("the text of " + std::to_string(json.size()) + " bytes is no JSON");
  return std::move(*value);
}

}  // namespace detail
}  // namespace bullmq
