#include "dialects/ollama/model_list.hpp"

#include <algorithm>
#include <string>

#include "dialects/openai/call_members.hpp"
#include "shunt/base/digest.hpp"
#include "shunt/base/json_object_writer.hpp"

namespace shunt::api::dialects::ollama {
namespace {

// The release of Ollama whose API this is: clients refuse to talk to one that is too old for them.
constexpr std::string_view kApiVersion = "0.13.0";
constexpr std::size_t kMaxQuestionBytes = 4 * 1024;

void write_details(JsonObjectWriter object, const Model& model) {
  for (const char* const unknown : {"parent_model", "format", "parameter_size", "quantization_level"})
    object.text(std::string_view(unknown), "");
  object.text("family", model.driver);
  object.json("families", JsonArray{Json(model.driver)});
  object.close();
}

// The digest stands for the name: clients show its first twelve characters.
void append_model(std::string& out, const Model& model, WallTime now) {
  JsonObjectWriter object(out);
  object.text("name", model.name);
  object.text("model", model.name);
  object.time("modified_at", now);
  object.number("size", 0);
  object.text("digest", sha256_hex(model.name));
  write_details(object.object("details"), model);
  object.close();
}

bool writes_text(const Model& model) {
  return model.calls.contains(CallKind::kChat) || model.calls.contains(CallKind::kCompletions);
}

bool takes_images(const Model& model) {
  return std::ranges::any_of(model.input_rules.files(), [&model](const std::string& member) {
    return model.input_rules.check_file(member, "image/png", 0).ok();
  });
}

}  // namespace

// What a server behind the model would do with a member that no rule names is its own to say.
JsonArray capabilities_of(const Model& model) {
  JsonArray known;
  if (writes_text(model)) known.emplace_back("completion");
  if (model.calls.contains(CallKind::kEmbeddings)) known.emplace_back("embedding");
  const auto chat = model.calls.find(CallKind::kChat);
  const bool takes_messages = chat != model.calls.end() && !chat->second.members.contains("prompt");
  const InputRules& rules = model.input_rules;
  if (takes_messages && rules.find("tools") != nullptr) known.emplace_back("tools");
  if (takes_messages && rules.find("reasoning_effort") != nullptr) known.emplace_back("thinking");
  if (takes_messages && takes_images(model)) known.emplace_back("vision");
  if (model.calls.contains(CallKind::kCompletions) && rules.find("suffix") != nullptr)
    known.emplace_back("insert");
  return known;
}

Result<void> list_models(http::Response& response, const CallContext& context, Models models) {
  response.set_json(200);
  response.body += R"({"models":[)";
  for (const auto& model : models) {
    if (!writes_text(*model) && !model->calls.contains(CallKind::kEmbeddings)) continue;
    if (response.body.back() != '[') response.body += ',';
    append_model(response.body, *model, context.now);
  }
  response.body += "]}";
  return {};
}

Result<void> show_model(http::Response& response, const CallContext& context, Models) {
  if (context.request.body.size() > kMaxQuestionBytes)
    return openai::bad_member("", "this asks for too much");
  auto body = parse_json(context.request.body);
  if (!body) return std::move(body).error();
  if (!body->is_object()) return openai::bad_member("", "the body must be an object");
  JsonObject& members = body->get_object();
  if (!members.contains("model") && members.contains("name")) members["model"] = members["name"];
  auto name = openai::take_text(members, "model");
  if (!name) return std::move(name).error();
  const auto model = context.find_model(*name);
  if (!model) return model.error();
  response.set_json(200);
  JsonObjectWriter object(response.body);
  for (const char* const unknown : {"modelfile", "parameters", "template", "license"})
    object.text(std::string_view(unknown), "");
  object.time("modified_at", context.now);
  write_details(object.object("details"), **model);
  object.json("model_info", JsonObject{{"general.architecture", (*model)->driver}});
  object.json("capabilities", capabilities_of(**model));
  object.close();
  return {};
}

Result<void> tell_version(http::Response& response, const CallContext&, Models) {
  response.set_json(200);
  JsonObjectWriter object(response.body);
  object.text("version", kApiVersion);
  object.close();
  return {};
}

}  // namespace shunt::api::dialects::ollama
