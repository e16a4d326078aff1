#include "dialects/openai/responses/response_call.hpp"

#include <utility>

#include "dialects/openai/call_members.hpp"
#include "dialects/openai/chat/conversation.hpp"
#include "dialects/openai/chat/given_parts.hpp"
#include "dialects/openai/responses/conversation_items.hpp"
#include "dialects/openai/responses/input_items.hpp"
#include "dialects/openai/responses/response_facts.hpp"
#include "dialects/openai/responses/response_parameters.hpp"
#include "dialects/openai/responses/response_rendering.hpp"
#include "dialects/openai/responses/response_tools.hpp"
#include "dialects/openai/responses/response_webhook.hpp"

namespace shunt::api::dialects::openai {
namespace {

// As OpenAI bounds it.
constexpr std::size_t kMaxMetadata = 16;
constexpr std::size_t kMaxMetadataName = 64;
constexpr std::size_t kMaxMetadataText = 512;

Result<void> take_bounded_metadata(JsonObject& body, GenerationRequest& request) {
  if (auto taken = take_metadata(body, request); !taken) return taken;
  const JsonObject& metadata = request.options.metadata;
  if (metadata.size() > kMaxMetadata) return bad_member("/metadata", "metadata must have 16 members at most");
  for (const auto& member : metadata) {
    const bool fits = member.key().size() <= kMaxMetadataName && member.value().is_string() &&
                      member.value().get_string().size() <= kMaxMetadataText;
    if (!fits)
      return bad_member("/metadata", "metadata must be texts of 512 bytes at most, by names of 64 at most");
  }
  return {};
}

// Takes out how the answer is to come.
Result<void> take_delivery(JsonObject& body, Call& call, ResponseFacts& facts) {
  const auto streams = take_switch(body, "stream");
  if (!streams) return streams.error();
  const auto background = take_switch(body, "background");
  if (!background) return background.error();
  const bool store_given = body.contains("store") && !body.at("store").is_null();
  const auto store = take_switch(body, "store");
  if (!store) return store.error();
  auto options = take_member(body, "stream_options");
  if (options) {
    if (!*streams) return bad_member("/stream_options", "stream_options are for a request with stream: true");
    body.insert_or_assign("stream_options", std::move(*options));
    const auto usage = take_include_usage(body, true);
    if (!usage) return usage.error();
    if (*usage) return bad_member("/stream_options/include_usage", "the response has its usage anyway");
  }
  call.streams = *streams;
  facts.background = *background;
  facts.store = store_given ? *store : true;
  if (!facts.background) return {};
  call.webhook_form = kWebhookForm;
  call.goes_on_alone = true;
  call.wait = std::chrono::milliseconds(0);
  call.request.respond_async = true;
  return {};
}

// For a model that takes no messages.
Result<JsonObject> text_input(JsonObject chat, const Json& messages, const Model& model,
                              const std::string& member) {
  for (const std::string_view name :
       {"tools", "response_format", "logprobs", "reasoning_effort", "verbosity"}) {
    if (!chat.contains(name)) continue;
    const std::string_view asked = name == "response_format" || name == "verbosity" ? "text"
                                   : name == "logprobs"                             ? "top_logprobs"
                                   : name == "reasoning_effort"                     ? "reasoning"
                                                                                    : name;
    return not_done(asked, "this model gets the conversation as one text, and answers with text");
  }
  auto text = as_one_text(messages);
  if (!text) return bad_member("/input", text.error().message);
  chat.insert_or_assign(member, std::move(*text));
  if (auto refused = refuse_unruled(chat, model); !refused) return std::move(refused).error();
  return chat;
}

Result<JsonObject> model_input(JsonObject chat, Json messages, const ServingModel& serving) {
  const auto prompt = serving.served->members.find("prompt");
  if (prompt != serving.served->members.end())
    return text_input(std::move(chat), messages, *serving.model, prompt->second);
  chat["messages"] = std::move(messages);
  return as_input(std::move(chat), *serving.served);
}

}  // namespace

Result<Call> make_response_call(const CallContext& context, JsonObject body) {
  auto serving = take_model(context, body, CallKind::kChat);
  if (!serving) return std::move(serving).error();
  Call call;
  call.model = serving->model;
  call.request.model = serving->model->name;
  ResponseFacts facts;
  facts.model = call.request.model;
  if (auto taken = take_delivery(body, call, facts); !taken) return std::move(taken).error();
  if (auto taken = take_bounded_metadata(body, call.request); !taken) return std::move(taken).error();
  facts.metadata = call.request.options.metadata;
  const auto instructions = take_text(body, "instructions");
  if (!instructions) return instructions.error();
  facts.echo["instructions"] =
      instructions->empty() ? Json(nullptr) : Json(boost::json::string_view(*instructions));
  auto conversation = take_conversation(body, context.earlier, facts.echo);
  if (!conversation) return std::move(conversation).error();
  facts.items = std::move(conversation->items);
  call.file_places = file_places(facts.items, conversation->earlier);
  auto messages = as_messages(facts.items, *instructions);
  if (!messages) return std::move(messages).error();
  JsonObject chat;
  if (auto taken = take_tools(body, facts.echo, chat); !taken) return std::move(taken).error();
  if (auto taken = take_parameters(body, facts.echo, chat); !taken) return std::move(taken).error();
  // What OpenAI does not know may be the model's own.
  for (auto& member : body) chat.insert_or_assign(member.key(), std::move(member.value()));
  Json said = std::move(*messages);
  if (!takes_message_files(*call.model)) {
    if (auto given = give_parts(said, *call.model, call.file_places, chat); !given)
      return std::move(given).error();
  }
  auto input = model_input(std::move(chat), std::move(said), *serving);
  if (!input) return std::move(input).error();
  call.request.input = std::move(*input);
  call.request.context.dialect = as_context(facts);
  call.rendering = make_created_rendering(std::move(facts));
  return call;
}

std::optional<GenerationId> earlier_response(const JsonObject& body) {
  const Json* const id = body.if_contains("previous_response_id");
  return id == nullptr || !id->is_string() ? std::nullopt
                                           : parse_response_id(std::string_view(id->get_string()));
}

}  // namespace shunt::api::dialects::openai
