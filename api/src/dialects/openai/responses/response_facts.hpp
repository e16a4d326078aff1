#pragma once

#include <optional>
#include <string>
#include <string_view>

#include "dialects/dialect.hpp"
#include "shunt/api/namespace.hpp"
#include "shunt/base/json.hpp"

// What a response was asked for, as it is kept with its generation: what shows it later has nothing else.
namespace shunt::api::dialects::openai {

// "resp_gen_0192...": the generation's id is always in the response's.
[[nodiscard]] std::string response_id(const GenerationId& id);
[[nodiscard]] std::optional<GenerationId> parse_response_id(std::string_view text);

struct ResponseFacts {
  std::string model;
  bool background = false;
  bool store = true;
  JsonObject metadata;
  // Members of the response that are as the request had them, or as they are where it had none.
  JsonObject echo;
  // The conversation that the model was given, as items: those of earlier responses first.
  JsonArray items;
};

// What goes into GenerationRequest::Context::dialect. Model and metadata are in the request already.
[[nodiscard]] JsonObject as_context(const ResponseFacts& facts);

// nullopt: the generation was asked for in another way, or what was kept of it is not as ours write it.
[[nodiscard]] std::optional<ResponseFacts> facts_of(const GenerationRequest* request);

// Whether the response may be asked for once its request has been answered: it is stored, or there is no
// other way to its end.
[[nodiscard]] inline bool is_kept(const ResponseFacts& facts) {
  return facts.store || facts.background;
}

}  // namespace shunt::api::dialects::openai
