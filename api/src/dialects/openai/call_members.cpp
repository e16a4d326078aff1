#include "dialects/openai/call_members.hpp"

#include "representation/problem.hpp"
#include "shunt/base/display_text.hpp"
#include "shunt/generation/error_codes.hpp"
#include "shunt/generation/errors.hpp"

namespace shunt::api::dialects::openai {
namespace {

std::string in_double_quotes(std::string_view name) {
  return '"' + excerpt(name) + '"';
}

Error not_served(const Model& model, CallKind kind) {
  std::string served;
  for (const auto& [each, members] : model.calls) {
    served.append(served.empty() ? "" : ", ").append(to_string(each));
  }
  return bad_member("/model", "the model " + in_double_quotes(model.name) +
                                  " answers no call of the kind \"" + std::string(to_string(kind)) +
                                  "\"; it answers: " + (served.empty() ? "none" : served));
}

}  // namespace

Error bad_member(std::string_view pointer, std::string message) {
  return invalid_field(pointer, std::move(message), error_code::kInvalidRequest);
}

Error not_done(std::string_view member, std::string_view why) {
  return bad_member("/" + std::string(member), std::string(member) + " is not taken: " + std::string(why));
}

std::optional<Json> take_member(JsonObject& body, std::string_view name) {
  const auto found = body.find(name);
  if (found == body.end()) return std::nullopt;
  std::optional<Json> value(std::move(found->value()));
  body.stable_erase(found);
  if (value->is_null()) value.reset();
  return value;
}

Result<std::string> take_text(JsonObject& body, std::string_view name) {
  const auto value = take_member(body, name);
  if (!value) return std::string();
  if (value->is_string()) return std::string(value->get_string());
  return bad_member("/" + std::string(name),
                    std::string(name) + " must be a text, got " + std::string(json_kind_name(*value)));
}

Result<bool> take_switch(JsonObject& body, std::string_view name) {
  const auto value = take_member(body, name);
  if (!value) return false;
  if (value->is_bool()) return value->get_bool();
  return bad_member("/" + std::string(name),
                    std::string(name) + " must be true or false, got " + std::string(json_kind_name(*value)));
}

Result<void> take_one_choice(JsonObject& body) {
  const auto count = take_member(body, "n");
  if (!count || (count->is_int64() && count->get_int64() == 1)) return {};
  return bad_member(
      "/n", "n must be 1 or absent: a generation has one result; got " + excerpt(to_json_text(*count)));
}

Result<bool> take_include_usage(JsonObject& body, bool streams) {
  auto options = take_member(body, "stream_options");
  if (!options) return false;
  if (!streams) return bad_member("/stream_options", "stream_options are for a request with stream: true");
  if (!options->is_object()) return bad_member("/stream_options", "stream_options must be an object");
  JsonObject& members = options->get_object();
  auto usage = take_switch(members, "include_usage");
  if (!usage) return bad_member("/stream_options/include_usage", "include_usage must be true or false");
  const auto obfuscation = take_member(members, "include_obfuscation");
  if (obfuscation && !(obfuscation->is_bool() && !obfuscation->get_bool())) {
    return bad_member("/stream_options/include_obfuscation",
                      "include_obfuscation must be false or absent: nothing is added to hide lengths");
  }
  if (members.empty()) return usage;
  const std::string name(members.begin()->key());
  return bad_member("/stream_options/" + name, "stream_options has no member " + in_double_quotes(name));
}

Result<void> take_metadata(JsonObject& body, GenerationRequest& request) {
  auto metadata = take_member(body, "metadata");
  if (!metadata) return {};
  if (!metadata->is_object()) return bad_member("/metadata", "metadata must be an object");
  request.options.metadata = std::move(metadata->get_object());
  return {};
}

Result<ServingModel> take_model(const CallContext& context, JsonObject& body, CallKind kind) {
  const auto name = take_text(body, "model");
  if (!name) return name.error();
  if (name->empty())
    return bad_member("/model", "model must be the name of a model; GET /v1/models lists them");
  auto model = context.find_model(*name);
  if (!model) return std::move(model).error();
  const auto served = (*model)->calls.find(kind);
  if (served == (*model)->calls.end()) return not_served(**model, kind);
  return ServingModel{std::move(*model), &served->second};
}

JsonObject as_input(JsonObject body, const ServedCall& served) {
  for (const auto& [name, member] : served.members) {
    if (name == member) continue;
    auto value = take_member(body, name);
    if (value) body.insert_or_assign(member, std::move(*value));
  }
  return body;
}

Result<void> refuse_unruled(const JsonObject& input, const Model& model) {
  if (model.input_rules.empty()) return {};
  for (const auto& member : input) {
    const std::string_view name = member.key();
    if (model.input_rules.find(name) == nullptr) {
      return not_done(name, "the model " + in_double_quotes(model.name) + " has no such input");
    }
  }
  return {};
}

}  // namespace shunt::api::dialects::openai
