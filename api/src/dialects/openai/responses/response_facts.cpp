#include "dialects/openai/responses/response_facts.hpp"

#include <algorithm>

namespace shunt::api::dialects::openai {
namespace {

constexpr std::string_view kPrefix = "resp_";
constexpr std::string_view kName = "openai.responses";

bool switch_in(const JsonObject& context, std::string_view name) {
  const Json* const value = context.if_contains(name);
  return value != nullptr && value->is_bool() && value->get_bool();
}

}  // namespace

std::string response_id(const GenerationId& id) {
  return std::string(kPrefix) + id.to_string();
}

std::optional<GenerationId> parse_response_id(std::string_view text) {
  if (!text.starts_with(kPrefix)) return std::nullopt;
  return GenerationId::parse(text.substr(kPrefix.size()));
}

JsonObject as_context(const ResponseFacts& facts) {
  JsonObject context;
  context["name"] = kName;
  context["background"] = facts.background;
  context["store"] = facts.store;
  context["echo"] = facts.echo;
  context["items"] = facts.items;
  return context;
}

std::optional<ResponseFacts> facts_of(const GenerationRequest* request) {
  if (request == nullptr) return std::nullopt;
  const JsonObject& context = request->context.dialect;
  const Json* const name = context.if_contains("name");
  const Json* const echo = context.if_contains("echo");
  const Json* const items = context.if_contains("items");
  const bool ours = name != nullptr && name->is_string() && std::string_view(name->get_string()) == kName;
  if (!ours || echo == nullptr || !echo->is_object() || items == nullptr || !items->is_array())
    return std::nullopt;
  const auto is_object = [](const Json& item) { return item.is_object(); };
  if (!std::ranges::all_of(items->get_array(), is_object)) return std::nullopt;
  return ResponseFacts{.model = request->model,
                       .background = switch_in(context, "background"),
                       .store = switch_in(context, "store"),
                       .metadata = request->options.metadata,
                       .echo = echo->get_object(),
                       .items = items->get_array()};
}

}  // namespace shunt::api::dialects::openai
