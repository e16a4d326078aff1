#include "drivers/openai/tool_calls.hpp"

#include <algorithm>
#include <set>

#include "drivers/openai/delta_merge.hpp"
#include "drivers/openai/upstream_json.hpp"
#include "shunt/base/json_members.hpp"
#include "shunt/base/json_memory.hpp"
#include "shunt/generation/error_codes.hpp"

namespace shunt::generation::openai {
namespace {

// Far more than a model makes; keeps the search for a call short.
constexpr std::size_t kMaxCalls = 1024;

bool is_whole_object(std::string_view text) {
  ObjectScan scan;
  scan.feed(text);
  return scan.whole();
}

void copy_rest(const JsonObject& from, std::initializer_list<std::string_view> known, JsonObject& to) {
  for (const auto& [key, value] : from) {
    if (std::ranges::find(known, std::string_view(key)) == known.end()) to.emplace(key, value);
  }
}

}  // namespace

ToolCalls::Element ToolCalls::read(const JsonObject& object) {
  Element element;
  if (const Json* index = object.if_contains("index"); index != nullptr && index->is_int64()) {
    element.index = index->get_int64();
  }
  element.id = text_in(object, "id");
  const JsonObject* called = find_object(object, "function");
  element.custom = called == nullptr && find_object(object, "custom") != nullptr;
  if (element.custom) called = find_object(object, "custom");
  copy_rest(object, {"index", "id", element.custom ? "custom" : "function"}, element.rest);
  if (called == nullptr) return element;
  const std::string_view said = element.custom ? "input" : "arguments";
  element.name = text_in(*called, "name");
  copy_rest(*called, {"name", said}, element.function_rest);
  const Json* arguments = called->if_contains(said);
  if (arguments == nullptr || arguments->is_null()) return element;
  element.has_arguments = true;
  // An object in place of its text is what some servers send (ggml-org/llama.cpp#20198).
  element.arguments =
      arguments->is_string() ? std::string(arguments->get_string()) : to_json_text(*arguments);
  return element;
}

Result<void> ToolCalls::take(const JsonArray& elements, AnswerPieces& pieces) {
  ++list_;
  std::size_t position = 0;
  for (const Json& element : elements) {
    const std::size_t at = position++;
    if (!element.is_object()) continue;
    const Element read_element = read(element.get_object());
    Call* call = find(read_element, elements.size() > 1 ? std::optional(at) : std::nullopt);
    if (call == nullptr) {
      if (calls_.size() >= kMaxCalls) {
        return Error{error_code::kUpstreamBroken,
                     "the upstream streamed more than " + std::to_string(kMaxCalls) + " tool calls",
                     Retryable::kYes};
      }
      call = &calls_.emplace_back();
      call->opened_in = list_;
    }
    if (auto merged = merge(*call, read_element, pieces); !merged) return merged;
  }
  return {};
}

ToolCalls::Call* ToolCalls::by_index(const Element& element) {
  Call* latest = nullptr;
  for (auto call = calls_.rbegin(); call != calls_.rend(); ++call) {
    if (call->index != element.index) continue;
    if (element.id.empty() || call->id == element.id) return &*call;
    if (latest == nullptr) latest = &*call;
  }
  return latest;
}

ToolCalls::Call* ToolCalls::by_id(const std::string& id) {
  const auto found = std::find_if(calls_.rbegin(), calls_.rend(), [&](const Call& c) { return c.id == id; });
  return found == calls_.rend() ? nullptr : &*found;
}

ToolCalls::Call* ToolCalls::find(const Element& element, std::optional<std::size_t> position) {
  if (calls_.empty()) return nullptr;
  Call* call = nullptr;
  if (element.index) call = by_index(element);
  // A new index with a name begins a call, whatever its id: some servers give all calls the same one.
  const bool may_be_known = !element.index || element.name.empty();
  if (call == nullptr && may_be_known && !element.id.empty()) call = by_id(element.id);
  if (call == nullptr && !element.index && position) {
    if (*position < calls_.size()) call = &calls_[*position];
  } else if (call == nullptr && may_be_known) {
    call = &calls_.back();  // a nameless piece goes on with something
  }
  return call == nullptr || begins_another(*call, element) ? nullptr : call;
}

bool ToolCalls::begins_another(const Call& call, const Element& element) const {
  const bool same_id = !element.id.empty() && element.id == call.id;
  if (same_id) return false;
  const bool other_id = !element.id.empty() && !call.id.empty();
  if (element.name.empty()) {
    // An id that changes from piece to piece is seen too (poolsideai/pool#9), so it takes arguments that
    // cannot belong to the call.
    return other_id && call.arguments.whole() && !element.arguments.empty() &&
           element.arguments != call.arguments.text();
  }
  if (call.opened_in == list_) return true;  // two named elements of one list are two calls
  if (call.name.empty()) return false;
  if (other_id) return true;
  if (element.name != call.name) {
    // A name in pieces comes before the arguments, and says which call it belongs to.
    return !element.index || !call.arguments.empty() || is_whole_object(element.arguments);
  }
  return call.arguments.whole() && !element.arguments.empty() && element.arguments != call.arguments.text();
}

Result<void> ToolCalls::merge(Call& call, const Element& element, AnswerPieces& pieces) {
  ToolCallPiece piece{.call = static_cast<std::size_t>(&call - calls_.data())};
  if (!call.index) call.index = element.index;
  // An id that is split comes before the name; afterwards the first one stays.
  if (element.id != call.id && call.name.empty() && call.arguments.empty()) piece.id = element.id;
  if (call.id.empty()) piece.id = element.id;
  call.id += piece.id;
  if (element.name.starts_with(call.name)) {
    // The first time, repeated, or the name so far: the rest of it is new.
    piece.name = element.name.substr(call.name.size());
  } else if (call.arguments.empty()) {
    piece.name = element.name;
  }
  call.name += piece.name;
  call.has_arguments |= element.has_arguments;
  call.custom |= element.custom;
  piece.arguments = call.arguments.append(element.arguments);
  auto merged = merge_rest(call, element, piece);
  if (piece != ToolCallPiece{.call = piece.call}) pieces.emplace_back(std::move(piece));
  return merged;
}

// Servers repeat these, and what is repeated is nothing new.
Result<void> ToolCalls::merge_rest(Call& call, const Element& element, ToolCallPiece& piece) {
  if (element.rest.empty()) return merge_delta(call.function_rest, element.function_rest);
  std::vector<std::string_view> changed;
  for (const auto& member : element.rest) {
    if (changes(call.rest.if_contains(member.key()), member.key(), member.value()))
      changed.push_back(member.key());
  }
  if (auto merged = merge_delta(call.rest, element.rest); !merged) return merged;
  for (const std::string_view key : changed) {
    const Json* const merged = call.rest.if_contains(key);
    if (merged == nullptr) continue;
    if (key != "type") {
      piece.extra[to_valid_utf8(key)] = with_valid_texts(*merged);
    } else if (merged->is_string() && merged->get_string() != "function") {
      piece.type = to_valid_utf8(merged->get_string());
    }
  }
  return merge_delta(call.function_rest, element.function_rest);
}

void ToolCalls::finish(AnswerPieces& pieces) {
  for (std::size_t i = 0; i < calls_.size(); ++i) {
    std::string rest = calls_[i].arguments.finish();
    if (!rest.empty()) pieces.emplace_back(ToolCallPiece{.call = i, .arguments = std::move(rest)});
  }
}

std::size_t ToolCalls::held_bytes() const noexcept {
  std::size_t bytes = calls_.capacity() * sizeof(Call);
  for (const Call& call : calls_) {
    bytes += call.id.capacity() + call.name.capacity() + call.arguments.held_bytes() +
             json_memory(call.rest) + json_memory(call.function_rest);
  }
  return bytes;
}

JsonArray ToolCalls::result() const {
  std::set<std::int64_t> used;
  JsonArray all;
  for (const Call& call : calls_) {
    JsonObject element;
    if (call.index) {
      const bool free = used.insert(*call.index).second;
      // Sibling calls with one index: the second gets the next that is free.
      const std::int64_t index = free || *used.rbegin() == INT64_MAX ? *call.index : *used.rbegin() + 1;
      used.insert(index);
      element.emplace("index", index);
    }
    if (!call.id.empty()) element.emplace("id", call.id);
    for (const auto& [key, value] : call.rest) element.emplace(key, value);
    JsonObject function;
    if (!call.name.empty()) function.emplace("name", call.name);
    if (call.has_arguments) function.emplace(call.custom ? "input" : "arguments", call.arguments.text());
    for (const auto& [key, value] : call.function_rest) function.emplace(key, value);
    if (!function.empty()) element.emplace(call.custom ? "custom" : "function", std::move(function));
    all.emplace_back(std::move(element));
  }
  return all;
}

}  // namespace shunt::generation::openai
