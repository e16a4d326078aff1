#include "dialects/openai/responses/conversation_items.hpp"

#include <string>

#include "dialects/openai/call_members.hpp"
#include "dialects/openai/responses/input_items.hpp"
#include "dialects/openai/responses/item_content.hpp"
#include "dialects/openai/responses/output_items.hpp"
#include "dialects/openai/responses/response_facts.hpp"
#include "shunt/base/display_text.hpp"

namespace shunt::api::dialects::openai {
namespace {

// A conversation is stored whole with each of its responses.
constexpr std::size_t kMaxConversationBytes = 4 * 1024 * 1024;
constexpr std::string_view kMember = "/previous_response_id";

std::string_view id_prefix(std::string_view type) {
  if (type == "function_call") return "fc_";
  if (type == "function_call_output") return "fco_";
  return type == "reasoning" ? "rs_" : "msg_";
}

Result<JsonArray> items_of(const Stored& earlier) {
  const auto facts = facts_of(earlier.request);
  if (!facts || !facts->store) return bad_member(kMember, "there is no stored response of this id");
  if (earlier.record.state != GenerationState::kSucceeded)
    return bad_member(kMember, "that response has not been completed: it is " +
                                   std::string(to_string(earlier.record.state)));
  JsonArray items = listed_items(earlier.record.id, facts->items);
  const auto said = parse_json(output_items(earlier.record));
  if (!said) return said.error();
  for (const Json& item : said->get_array()) items.push_back(item);
  // What was stored is read as what is sent.
  return read_input(items);
}

}  // namespace

JsonArray listed_items(const GenerationId& id, JsonArray items) {
  for (std::size_t i = 0; i < items.size(); ++i) {
    JsonObject* const item = items[i].if_object();
    if (item == nullptr) continue;
    const std::string_view type = text_member(*item, "type");
    if (text_member(*item, "id").empty()) {
      const std::string made = std::string(id_prefix(type)) + id.to_string() + "_in_" + std::to_string(i);
      (*item)["id"] = made;
    }
    if (!item->contains("status")) (*item)["status"] = "completed";
    Json* const content = item->if_contains("content");
    if (content == nullptr || !content->is_string()) continue;
    JsonObject part;
    part["type"] = text_member(*item, "role") == "assistant" ? "output_text" : "input_text";
    part["text"] = content->get_string();
    (*item)["content"] = JsonArray{std::move(part)};
  }
  return items;
}

Result<Conversation> take_conversation(JsonObject& body, const Stored* earlier, JsonObject& echo) {
  const auto id = take_text(body, "previous_response_id");
  if (!id) return id.error();
  const auto input = take_member(body, "input");
  auto own = read_input(input.value_or(nullptr));
  if (!own) return std::move(own).error();
  echo["previous_response_id"] = nullptr;
  if (id->empty()) return Conversation{.items = std::move(*own)};
  echo["previous_response_id"] = *id;
  if (earlier == nullptr)
    return bad_member(kMember, "there is no response of the id \"" + excerpt(*id) + '"');
  auto items = items_of(*earlier);
  if (!items) return std::move(items).error();
  const std::size_t count = items->size();
  for (Json& item : *own) items->push_back(std::move(item));
  if (to_json_text(*items).size() > kMaxConversationBytes)
    return bad_member(kMember, "the conversation has become longer than 4 MiB; begin a new one");
  return Conversation{.items = std::move(*items), .earlier = count};
}

}  // namespace shunt::api::dialects::openai
