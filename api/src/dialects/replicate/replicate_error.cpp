#include "dialects/replicate/replicate_error.hpp"

#include <algorithm>
#include <string>

#include "representation/problem.hpp"
#include "shunt/base/display_text.hpp"
#include "shunt/base/json_object_writer.hpp"

namespace shunt::api::dialects::replicate {
namespace {

constexpr std::size_t kMaxDetailBytes = 4 * 1024;

// "/input/image" is input.image there.
std::string field_name(std::string_view pointer) {
  if (pointer.starts_with('/')) pointer.remove_prefix(1);
  std::string name = excerpt(pointer);
  std::ranges::replace(name, '/', '.');
  return name;
}

}  // namespace

void write_error(http::Response& response, const Error& error) {
  const ProblemType type = problem_type(error.code);
  const int status = error.code == error_code::kUnknownModel ? 404 : type.status;
  const std::string detail = excerpt(error.message, kMaxDetailBytes);
  response.replace_body(status, "application/json");
  JsonObjectWriter object(response.body);
  object.text("detail", detail);
  object.number("status", status);
  object.text("title", type.title);
  const Json* const field = error.details.if_contains("field");
  if (field != nullptr && field->is_string()) {
    std::string& out = object.begin("invalid_fields");
    out += '[';
    JsonObjectWriter invalid(out);
    invalid.text("field", field_name(std::string_view(field->get_string())));
    invalid.text("type", error.code);
    invalid.text("description", detail);
    invalid.close();
    out += ']';
  }
  object.close();
}

}  // namespace shunt::api::dialects::replicate
