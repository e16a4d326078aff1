#pragma once

#include <initializer_list>
#include <memory>
#include <optional>
#include <string>
#include <string_view>

#include "dialects/dialect.hpp"
#include "shunt/api/namespace.hpp"

// The members of a call's body. Those that we deal with ourselves are taken out of it; what is left is the
// model's input, where its own rules refuse what they do not know. So nothing is ignored in silence.
namespace shunt::api::dialects::openai {

// A member that is not what it must be. `pointer` is "/stream".
[[nodiscard]] Error bad_member(std::string_view pointer, std::string message);
// One that is asked for and not done here, or not by this model.
[[nodiscard]] Error not_done(std::string_view member, std::string_view why);

// Takes a member out; null counts as absent.
[[nodiscard]] std::optional<Json> take_member(JsonObject& body, std::string_view name);
[[nodiscard]] Result<std::string> take_text(JsonObject& body, std::string_view name);  // "" = absent
[[nodiscard]] Result<bool> take_switch(JsonObject& body, std::string_view name);       // absent: false

// Takes out `n`, which must be 1: a generation has one result.
[[nodiscard]] Result<void> take_one_choice(JsonObject& body);

// Takes out `stream_options`: whether the token counts come at the stream's end.
[[nodiscard]] Result<bool> take_include_usage(JsonObject& body, bool streams);

// Takes out `metadata`, which comes back with the generation's record.
[[nodiscard]] Result<void> take_metadata(JsonObject& body, GenerationRequest& request);

// The model that the body names, which is taken out, and how it serves such a call.
struct ServingModel {
  std::shared_ptr<const Model> model;
  const ServedCall* served;  // of the model
};
[[nodiscard]] Result<ServingModel> take_model(const CallContext& context, JsonObject& body, CallKind kind);

// Gives each member the name that it has in the model's input.
[[nodiscard]] JsonObject as_input(JsonObject body, const ServedCall& served);

// Refuses the first of these members that the body has and the model has no rule for. For models that are no
// server of this API: what they take is what their rules name, and without any rule they take everything.
[[nodiscard]] Result<void> refuse_unruled(const JsonObject& input, const Model& model);

}  // namespace shunt::api::dialects::openai
