#include "dialects/openai/responses/response_events.hpp"

#include <utility>

#include "dialects/openai/responses/output_items.hpp"

namespace shunt::api::dialects::openai {

template <typename WriteMembers>
void ResponseEvents::tell(std::string& out, std::string_view type, WriteMembers write_members) {
  const std::uint64_t number = next_++;
  if (number < skip_) return;
  out.append("event: ").append(type).append("\ndata: ");
  JsonObjectWriter event(out);
  event.text("type", type);
  event.number("sequence_number", number);
  write_members(event);
  event.close();
  out += "\n\n";
}

void ResponseEvents::append(std::string& out, const GenerationEvent& event) {
  const std::string_view begun = facts_.background ? "queued" : "in_progress";
  if (std::holds_alternative<event::Queued>(event.payload)) {
    tell_response(out, "response.created", {.status = begun});
    if (facts_.background) tell_response(out, "response.queued", {.status = begun});
  } else if (std::holds_alternative<event::Started>(event.payload)) {
    tell_response(out, "response.in_progress", {});
  } else if (std::holds_alternative<event::Restarted>(event.payload)) {
    for (Index at = 0; at < items_.size(); ++at) close_item(out, at, "incomplete");
    items_.clear();
    tell_response(out, "response.in_progress", {});
  } else if (const auto* const delta = std::get_if<event::Delta>(&event.payload)) {
    say(out, delta->text, delta->parts.get());
  } else if (const auto* const success = std::get_if<event::Succeeded>(&event.payload)) {
    // A program may give its text as the result alone.
    if (!find(Kind::kMessage) && success->result.is_string())
      say(out, std::string_view(success->result.get_string()), nullptr);
    const std::string_view reason = incomplete_reason(success->result);
    ResponseState state{.status = reason.empty() ? "completed" : "incomplete",
                        .incomplete_reason = reason,
                        .completed_at = event.at,
                        .result = &success->result};
    end(out, reason.empty() ? "response.completed" : "response.incomplete", state.status, state);
  } else if (const auto* const failure = std::get_if<event::Failed>(&event.payload)) {
    end(out, "response.failed", "incomplete", {.status = "failed", .error = &failure->error});
  } else if (std::holds_alternative<event::Cancelled>(event.payload)) {
    // The clients know no event of this name of its own.
    end(out, "response.failed", "incomplete", {.status = "cancelled"});
  }
}

void ResponseEvents::tell_response(std::string& out, std::string_view type, const ResponseState& state) {
  tell(out, type,
       [&](JsonObjectWriter& event) { append_response(event.begin("response"), id_, facts_, state); });
}

void ResponseEvents::say(std::string& out, std::string_view text, const MessageParts* parts) {
  static const JsonArray kNone;
  if (parts != nullptr && !parts->reasoning.empty()) reason(out, parts->reasoning);
  if (!text.empty()) write(out, false, text, parts == nullptr ? kNone : parts->logprobs.content);
  if (parts == nullptr) return;
  if (!parts->refusal.empty()) write(out, true, parts->refusal, kNone);
  for (const ToolCall& piece : parts->tool_calls) call(out, piece);
}

void ResponseEvents::reason(std::string& out, std::string_view piece) {
  std::optional<Index> at = find(Kind::kReasoning);
  if (!at) {
    std::string id = reasoning_item_id(id_);
    if (!items_.empty()) id += '_' + std::to_string(items_.size());
    at = add_item(out, {.kind = Kind::kReasoning, .id = std::move(id)});
  }
  if (items_[*at].parts.empty()) add_part(out, *at, false);
  add_to_part(out, *at, 0, piece, {});
}

void ResponseEvents::write(std::string& out, bool refusal, std::string_view piece,
                           const JsonArray& logprobs) {
  close_reasoning(out);
  std::optional<Index> at = find(Kind::kMessage);
  if (!at) at = add_item(out, {.kind = Kind::kMessage, .id = message_item_id(id_)});
  std::size_t part = 0;
  while (part < items_[*at].parts.size() && items_[*at].parts[part].refusal != refusal) ++part;
  if (part == items_[*at].parts.size()) add_part(out, *at, refusal);
  add_to_part(out, *at, part, piece, logprobs);
}

void ResponseEvents::call(std::string& out, const ToolCall& piece) {
  close_reasoning(out);
  std::optional<Index> at = find_call(piece.index);
  if (!at) {
    ToolCall begun = piece;
    begun.arguments.clear();
    at = add_item(out, {.kind = Kind::kCall, .id = call_item_id(id_, piece.index), .call = std::move(begun)});
  }
  ToolCall& whole = items_[*at].call;
  if (!piece.id.empty()) whole.id = piece.id;
  if (!piece.name.empty()) whole.name = piece.name;
  if (piece.arguments.empty()) return;
  whole.arguments += piece.arguments;
  tell(out, "response.function_call_arguments.delta", [&](JsonObjectWriter& event) {
    event.text("item_id", items_[*at].id);
    event.number("output_index", *at);
    event.text("delta", piece.arguments);
  });
}

void ResponseEvents::add_to_part(std::string& out, Index at, std::size_t part, std::string_view piece,
                                 const JsonArray& logprobs) {
  Item& item = items_[at];
  Part& whole = item.parts[part];
  whole.text += piece;
  whole.logprobs.insert(whole.logprobs.end(), logprobs.begin(), logprobs.end());
  tell(out, type_of(item, whole, false), [&](JsonObjectWriter& event) {
    event.text("item_id", item.id);
    event.number("output_index", at);
    event.number("content_index", part);
    event.text("delta", piece);
    if (item.kind == Kind::kMessage && !whole.refusal) event.json("logprobs", logprobs);
  });
}

ResponseEvents::Index ResponseEvents::add_item(std::string& out, Item item) {
  items_.push_back(std::move(item));
  const Index at = items_.size() - 1;
  tell(out, "response.output_item.added", [&](JsonObjectWriter& event) {
    event.number("output_index", at);
    append_item(event.begin("item"), items_[at]);
  });
  return at;
}

std::size_t ResponseEvents::add_part(std::string& out, Index at, bool refusal) {
  Item& item = items_[at];
  item.parts.push_back({.refusal = refusal});
  const std::size_t part = item.parts.size() - 1;
  tell(out, "response.content_part.added", [&](JsonObjectWriter& event) {
    event.text("item_id", item.id);
    event.number("output_index", at);
    event.number("content_index", part);
    append_part(event.begin("part"), item, item.parts[part]);
  });
  return part;
}

void ResponseEvents::close_part(std::string& out, Index at, std::size_t part) {
  const Item& item = items_[at];
  const Part& whole = item.parts[part];
  tell(out, type_of(item, whole, true), [&](JsonObjectWriter& event) {
    event.text("item_id", item.id);
    event.number("output_index", at);
    event.number("content_index", part);
    event.text(whole.refusal ? std::string_view("refusal") : "text", whole.text);
    if (item.kind == Kind::kMessage && !whole.refusal) event.json("logprobs", whole.logprobs);
  });
  tell(out, "response.content_part.done", [&](JsonObjectWriter& event) {
    event.text("item_id", item.id);
    event.number("output_index", at);
    event.number("content_index", part);
    append_part(event.begin("part"), item, whole);
  });
}

void ResponseEvents::close_item(std::string& out, Index at, std::string_view status) {
  Item& item = items_[at];
  if (!std::exchange(item.open, false)) return;
  item.status = status;
  for (std::size_t part = 0; part < item.parts.size(); ++part) close_part(out, at, part);
  if (item.kind == Kind::kCall) {
    tell(out, "response.function_call_arguments.done", [&](JsonObjectWriter& event) {
      event.text("item_id", item.id);
      event.number("output_index", at);
      event.text("name", item.call.name);
      event.text("arguments", item.call.arguments);
    });
  }
  tell(out, "response.output_item.done", [&](JsonObjectWriter& event) {
    event.number("output_index", at);
    append_item(event.begin("item"), item);
  });
}

void ResponseEvents::close_reasoning(std::string& out) {
  if (const auto at = find(Kind::kReasoning)) close_item(out, *at, "completed");
}

void ResponseEvents::end(std::string& out, std::string_view type, std::string_view item_status,
                         ResponseState state) {
  std::string output = "[";
  for (Index at = 0; at < items_.size(); ++at) {
    close_item(out, at, item_status);
    if (at > 0) output += ',';
    append_item(output, items_[at]);
  }
  output += ']';
  state.output = output;
  tell_response(out, type, state);
}

// Only an open one goes on.
std::optional<ResponseEvents::Index> ResponseEvents::find(Kind kind) const {
  for (Index at = 0; at < items_.size(); ++at) {
    if (items_[at].kind == kind && items_[at].open) return at;
  }
  return std::nullopt;
}

std::optional<ResponseEvents::Index> ResponseEvents::find_call(std::uint32_t index) const {
  for (Index at = 0; at < items_.size(); ++at) {
    if (items_[at].kind == Kind::kCall && items_[at].call.index == index) return at;
  }
  return std::nullopt;
}

std::string_view ResponseEvents::type_of(const Item& item, const Part& part, bool done) {
  if (item.kind == Kind::kReasoning)
    return done ? "response.reasoning_text.done" : "response.reasoning_text.delta";
  if (part.refusal) return done ? "response.refusal.done" : "response.refusal.delta";
  return done ? "response.output_text.done" : "response.output_text.delta";
}

void ResponseEvents::append_part(std::string& out, const Item& item, const Part& part) {
  if (item.kind == Kind::kReasoning) return append_reasoning_part(out, part.text);
  part.refusal ? append_refusal_part(out, part.text) : append_text_part(out, part.text, part.logprobs);
}

void ResponseEvents::append_item(std::string& out, const Item& item) {
  if (item.kind == Kind::kCall) return append_call_item(out, item.id, item.status, item.call);
  std::string parts;
  for (const Part& part : item.parts) {
    if (!parts.empty()) parts += ',';
    append_part(parts, item, part);
  }
  item.kind == Kind::kReasoning ? append_reasoning_item(out, item.id, item.status, parts)
                                : append_message_item(out, item.id, item.status, parts);
}

}  // namespace shunt::api::dialects::openai
