#include "dialects/openai/openai_error.hpp"

#include "representation/problem.hpp"
#include "shunt/base/json_object_writer.hpp"
#include "shunt/generation/error_codes.hpp"

namespace shunt::api::dialects::openai {
namespace {

std::string_view type_of(int status) {
  switch (status) {
    case 401:
      return "authentication_error";
    case 403:
      return "permission_error";
    case 429:
      return "rate_limit_error";
    default:
      return status >= 500 ? "server_error" : "invalid_request_error";
  }
}

// "/input/messages/0/content" is messages[0].content to those who sent it.
std::string parameter_of(std::string_view pointer) {
  std::string name;
  if (pointer.starts_with("/input/")) pointer.remove_prefix(6);
  while (!pointer.empty()) {
    pointer.remove_prefix(1);
    const std::string_view token = pointer.substr(0, pointer.find('/'));
    pointer.remove_prefix(token.size());
    const bool is_index = !token.empty() && token.find_first_not_of("0123456789") == std::string_view::npos;
    if (is_index) {
      name.append("[").append(token).append("]");
    } else {
      name.append(name.empty() ? "" : ".").append(token);
    }
  }
  return name;
}

}  // namespace

int status_of(const Error& error) {
  // Their clients know one status for what is not there, or not any more.
  if (error.code == error_code::kUnknownModel || error.code == error_code::kGenerationGone) return 404;
  const int status = problem_type(error.code).status;
  return status == 422 ? 400 : status;
}

void append_error(std::string& out, const Error& error) {
  JsonObjectWriter object(out);
  object.text("message", bounded_message(error));
  object.text("type", type_of(status_of(error)));
  const Json* const field = error.details.if_contains("field");
  if (field != nullptr && field->is_string()) {
    object.text("param", parameter_of(std::string_view(field->get_string())));
  } else {
    object.begin("param") += "null";
  }
  const bool is_model = error.code == error_code::kUnknownModel;
  object.text("code", is_model ? std::string_view("model_not_found") : std::string_view(error.code));
  object.close();
}

void write_error(http::Response& response, const Error& error) {
  response.replace_body(status_of(error), "application/json");
  response.body += R"({"error":)";
  append_error(response.body, error);
  response.body += '}';
}

void write_shared_error(http::Response& response, const Error& error) {
  response.replace_body(problem_type(error.code).status, "application/problem+json");
  append_problem(response.body, error);
  response.body.back() = ',';
  response.body += R"("error":)";
  append_error(response.body, error);
  response.body += '}';
}

}  // namespace shunt::api::dialects::openai
