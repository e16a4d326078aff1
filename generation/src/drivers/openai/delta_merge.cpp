#include "drivers/openai/delta_merge.hpp"

#include <algorithm>
#include <array>
#include <string>

#include "shunt/generation/error_codes.hpp"

namespace shunt::generation::openai {
namespace {

// Far more indices than a model makes; keeps the search for one short.
constexpr std::size_t kMaxIndexed = 1024;

// `data` and `transcript` are of audio and of encrypted reasoning, `input` is of a custom tool's call.
constexpr std::array<std::string_view, 14> kGrowingTexts = {
    "arguments", "content", "data", "input",    "reasoning", "reasoning_content", "reasoning_text",
    "refusal",   "summary", "text", "thinking", "thought",   "thinking_content",  "transcript"};

const Json* index_of(const Json& element) {
  if (!element.is_object()) return nullptr;
  const Json* index = element.get_object().if_contains("index");
  return index != nullptr && index->is_int64() ? index : nullptr;
}

// Whether neither says that it is of another kind than the other.
bool same_constant(const JsonObject& a, const JsonObject& b, std::string_view key) {
  const Json* in_a = a.if_contains(key);
  const Json* in_b = b.if_contains(key);
  if (in_a == nullptr || in_b == nullptr || !in_a->is_string() || !in_b->is_string()) return true;
  return in_a->get_string().empty() || in_b->get_string().empty() || *in_a == *in_b;
}

JsonObject* continued_by(JsonArray& whole, const Json& element, std::string_view name) {
  if (!element.is_object()) return nullptr;
  const JsonObject& piece = element.get_object();
  const Json* index = index_of(element);
  if (index == nullptr) {
    // Elsewhere (logprobs) an element without an index is one more.
    if (name != "reasoning_details" || whole.empty() || !whole.back().is_object()) return nullptr;
    JsonObject& last = whole.back().get_object();
    const bool goes_on =
        last.contains("type") && same_constant(last, piece, "type") && same_constant(last, piece, "id");
    return goes_on ? &last : nullptr;
  }
  // Where it is nearly always.
  const std::int64_t place = index->get_int64();
  if (place >= 0 && static_cast<std::uint64_t>(place) < whole.size()) {
    Json& guess = whole[static_cast<std::size_t>(place)];
    const Json* const guessed = index_of(guess);
    if (guessed != nullptr && *guessed == *index && same_constant(guess.get_object(), piece, "type"))
      return &guess.get_object();
  }
  for (Json& other : whole) {
    const Json* other_index = index_of(other);
    if (other_index == nullptr || *other_index != *index) continue;
    if (same_constant(other.get_object(), piece, "type")) return &other.get_object();
  }
  return nullptr;
}

Result<void> merge_array(JsonArray& whole, const JsonArray& piece, std::string_view name) {
  for (const Json& element : piece) {
    if (JsonObject* const known = continued_by(whole, element, name)) {
      if (auto merged = merge_delta(*known, element.get_object()); !merged) return merged;
    } else if (index_of(element) != nullptr && whole.size() >= kMaxIndexed) {
      return Error{
          error_code::kUpstreamBroken,
          "the upstream streamed an array of more than " + std::to_string(kMaxIndexed) + " indexed elements",
          Retryable::kYes};
    } else if (!element.is_null()) {
      whole.push_back(element);
    }
  }
  return {};
}

Result<void> merge_member(Json& whole, std::string_view key, const Json& piece) {
  if (piece.is_object() && whole.is_object()) return merge_delta(whole.get_object(), piece.get_object());
  if (piece.is_array() && whole.is_array()) return merge_array(whole.get_array(), piece.get_array(), key);
  if (piece.is_string() && whole.is_string()) {
    if (is_growing_text(key)) {
      whole.get_string().append(piece.get_string());
    } else if (!piece.get_string().empty()) {
      whole = piece;
    }
    return {};
  }
  whole = piece;
  return {};
}

}  // namespace

bool is_growing_text(std::string_view key) {
  return std::ranges::find(kGrowingTexts, key) != kGrowingTexts.end();
}

bool changes(const Json* known, std::string_view key, const Json& piece) {
  if (piece.is_null()) return false;
  if (known == nullptr) return true;
  if (piece.is_array() && known->is_array()) return !piece.get_array().empty();
  if (piece.is_object() && known->is_object()) {
    return std::ranges::any_of(piece.get_object(), [known](const auto& member) {
      return changes(known->get_object().if_contains(member.key()), member.key(), member.value());
    });
  }
  if (piece.is_string() && known->is_string()) {
    return !piece.get_string().empty() && (is_growing_text(key) || piece.get_string() != known->get_string());
  }
  return piece != *known;
}

Result<void> merge_delta(JsonObject& whole, const JsonObject& piece) {
  for (const auto& [key, value] : piece) {
    if (value.is_null()) continue;
    Json* const known = whole.if_contains(key);
    if (known == nullptr) {
      if (whole.size() >= kMaxMembers) continue;
      // Through the same rule: several elements of one list may belong together.
      Json& fresh = whole[key];
      fresh = value.is_array() ? Json(JsonArray()) : value;
      if (!value.is_array()) continue;
      if (auto merged = merge_array(fresh.get_array(), value.get_array(), key); !merged) return merged;
    } else if (auto merged = merge_member(*known, key, value); !merged) {
      return merged;
    }
  }
  return {};
}

}  // namespace shunt::generation::openai
