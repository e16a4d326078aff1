#include "routes/dialect_form.hpp"

#include <utility>

#include "representation/problem.hpp"
#include "shunt/base/display_text.hpp"
#include "shunt/generation/artifact_rules.hpp"

namespace shunt::api {
namespace {

// No call has so many parameters.
constexpr std::size_t kMaxFields = 128;

Result<FormPart> admit_part(const Exchange& exchange, std::size_t& files, std::size_t& fields,
                            const http::PartHeader& header) {
  if (header.filename) {
    if (++files > kMaxInputFiles) {
      return invalid_field('/' + excerpt(header.name),
                           "a call may have at most " + std::to_string(kMaxInputFiles) + " files");
    }
    const std::size_t bracket = header.name.find_first_of("[]");
    const bool is_list = bracket != std::string::npos && bracket > 0;
    if (bracket != std::string::npos && header.name.substr(bracket) != "[]") {
      return invalid_field('/' + excerpt(header.name),
                           "a file must be called name, or name[] where there are several");
    }
    return FormPart{.is_file = true, .is_list = is_list, .max_bytes = exchange.options.files.max_bytes};
  }
  if (++fields > kMaxFields) {
    return invalid_field('/' + excerpt(header.name),
                         "a form may have at most " + std::to_string(kMaxFields) + " fields");
  }
  return FormPart{.is_list = header.name.ends_with("[]"), .max_bytes = exchange.options.max_body_bytes};
}

// Clients that know no better call everything a stream of bytes; its name may say more.
void name_types(ReceivedForm& form) {
  for (auto& [name, file] : form.files) {
    if (file.media_type == "application/octet-stream") file.media_type = media_type_of_name(file.filename);
  }
}

}  // namespace

http::Task<std::optional<ReceivedForm>> receive_call_form(Exchange& exchange) {
  if (!exchange.service.files.enabled()) {
    set_problem(exchange.response,
                Error{problem_code::kFilesDisabled,
                      "this server keeps no files: it was told no folder for them (files.directory)"});
    co_return std::nullopt;
  }
  std::size_t files = 0;
  std::size_t fields = 0;
  const AdmitPart admit = [&exchange, &files, &fields](const http::PartHeader& header) {
    return admit_part(exchange, files, fields, header);
  };
  auto receiving = receive_form(exchange, admit);
  auto form = co_await receiving;
  if (!form) {
    set_problem(exchange.response, form.error());
    co_return std::nullopt;
  }
  const auto object = form_object(form->fields, form->lists);
  if (!object) {
    set_problem(exchange.response, object.error());
    co_return std::nullopt;
  }
  name_types(*form);
  exchange.request.body = to_json_text(*object);
  co_return std::move(*form);
}

}  // namespace shunt::api
