#include "dialects/replicate/model_object.hpp"

#include <algorithm>

#include "dialects/replicate/model_names.hpp"
#include "representation/problem.hpp"
#include "shunt/base/display_text.hpp"
#include "shunt/base/json_object_writer.hpp"
#include "shunt/base/percent_encoding.hpp"
#include "shunt/http/ascii.hpp"

namespace shunt::api::dialects::replicate {
namespace {

// Clients take versions of Cog before 0.3.9 to need mending. There is none here.
constexpr std::string_view kCogVersion = "1.0.0";
// When a model was made is not known here, and clients want a time.
constexpr std::string_view kNoTime = "1970-01-01T00:00:00.000Z";
constexpr std::size_t kMaxSearchBytes = 1024;

bool says_text(const Model& model) {
  return model.calls.contains(CallKind::kChat) || model.calls.contains(CallKind::kCompletions);
}

// What the member `output` of a prediction is, as far as that is known.
JsonObject output_schema(const Model& model) {
  JsonObject schema{{"title", "Output"}};
  if (says_text(model)) {
    schema.emplace("type", "array");
    schema.emplace("items", JsonObject{{"type", "string"}});
    schema.emplace("x-cog-array-type", "iterator");
    schema.emplace("x-cog-array-display", "concatenate");
  } else if (model.produces.size() == 1 && !model.produces.front().starts_with("text/") &&
             model.produces.front() != "application/json") {
    schema.emplace("type", "string");
    schema.emplace("format", "uri");
  }
  return schema;
}

JsonObject input_schema(const Model& model) {
  JsonObject schema = model.input_rules.empty() ? JsonObject{{"type", "object"}} : model.input_rules.schema();
  schema["title"] = "Input";
  return schema;
}

JsonObject openapi_schema(const Model& model) {
  return {{"openapi", "3.1.0"},
          {"info", JsonObject{{"title", boost::json::string_view(model.name)}, {"version", "1"}}},
          {"paths", JsonObject{}},
          {"components", JsonObject{{"schemas", JsonObject{{"Input", input_schema(model)},
                                                           {"Output", output_schema(model)}}}}}};
}

void write_nothing(JsonObjectWriter& object, std::string_view member) {
  object.begin(member) += "null";
}

template <typename Append>
void write_page(http::Response& response, Models models, const Append& append) {
  response.set_json(200);
  response.body += R"({"previous":null,"next":null,"results":[)";
  for (const auto& model : models) {
    if (response.body.back() != '[') response.body += ',';
    append(*model);
  }
  response.body += "]}";
}

Result<std::shared_ptr<const Model>> model_of_path(const CallContext& context) {
  return model_at(context, context.path[0], context.path[1]);
}

Result<void> no_query(const CallContext& context) {
  const auto parameters = http::parse_query(context.target.query());
  if (!parameters) return parameters.error();
  for (const auto& [name, value] : *parameters) {
    // There is one page.
    if (name == "cursor" && value.empty()) continue;
    return Error{problem_code::kInvalidParameter,
                 "the query parameter \"" + excerpt(name) + "\" is not known here: the models are one page"}
        .with("parameter", excerpt(name));
  }
  return {};
}

std::string lower(std::string_view text) {
  std::string made(text);
  std::ranges::transform(made, made.begin(), http::ascii_lower);
  return made;
}

}  // namespace

void append_version(std::string& out, const Model& model) {
  JsonObjectWriter version(out);
  version.text("id", version_of(model));
  version.text("created_at", kNoTime);
  version.text("cog_version", kCogVersion);
  version.json("openapi_schema", openapi_schema(model));
  version.close();
}

void append_model(std::string& out, const Model& model, const std::string& base_url) {
  const Place place = place_of(model.name);
  JsonObjectWriter object(out);
  object.text("url", base_url + "/replicate/v1/models/" + percent_encoded(place.owner) + '/' +
                         percent_encoded(place.name));
  object.text("owner", place.owner);
  object.text("name", place.name);
  object.text("description", model.description);
  object.text("visibility", "private");
  write_nothing(object, "github_url");
  write_nothing(object, "paper_url");
  write_nothing(object, "license_url");
  object.number("run_count", 0);
  write_nothing(object, "cover_image_url");
  write_nothing(object, "default_example");
  append_version(object.begin("latest_version"), model);
  object.close();
}

Result<void> list_models(http::Response& response, const CallContext& context, Models models) {
  if (auto checked = no_query(context); !checked) return checked;
  write_page(response, models,
             [&](const Model& model) { append_model(response.body, model, context.base_url); });
  return {};
}

Result<void> show_model(http::Response& response, const CallContext& context, Models) {
  const auto model = model_of_path(context);
  if (!model) return model.error();
  response.set_json(200);
  append_model(response.body, **model, context.base_url);
  return {};
}

Result<void> search_models(http::Response& response, const CallContext& context, Models models) {
  const std::string_view wanted = http::trim(context.request.body);
  if (wanted.size() > kMaxSearchBytes) {
    return Error{problem_code::kInvalidParameter,
                 "a search may have at most " + std::to_string(kMaxSearchBytes) + " bytes"};
  }
  const std::string text = lower(wanted);
  std::vector<std::shared_ptr<const Model>> found;
  std::ranges::copy_if(models, std::back_inserter(found), [&](const auto& model) {
    return lower(model->name).find(text) != std::string::npos ||
           lower(model->description).find(text) != std::string::npos;
  });
  write_page(response, found,
             [&](const Model& model) { append_model(response.body, model, context.base_url); });
  return {};
}

Result<void> list_versions(http::Response& response, const CallContext& context, Models) {
  const auto model = model_of_path(context);
  if (!model) return model.error();
  const std::array one{*model};
  write_page(response, one, [&](const Model& each) { append_version(response.body, each); });
  return {};
}

Result<void> show_version(http::Response& response, const CallContext& context, Models) {
  const auto model = model_of_path(context);
  if (!model) return model.error();
  const std::string_view wanted = context.path[2];
  if (wanted != version_of(**model)) {
    return Error{problem_code::kModelUnknown, "the model has no version \"" + excerpt(wanted) +
                                                  "\"; it has one, which changes with its description"};
  }
  response.set_json(200);
  append_version(response.body, **model);
  return {};
}

}  // namespace shunt::api::dialects::replicate
