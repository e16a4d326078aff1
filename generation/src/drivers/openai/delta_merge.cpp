#include "drivers/openai/delta_merge.hpp"

#include <algorithm>
#include <string>

#include "shunt/generation/error_codes.hpp"

namespace shunt::openai {
namespace {

// Far more tool calls than a model makes; keeps the search for an index short.
constexpr std::size_t kMaxIndexed = 1024;

bool is_repeated_whole(std::string_view key) {
  return key == "id" || key == "type" || key == "role" || key == "object";
}

const Json* index_of(const Json& element) {
  if (!element.is_object()) return nullptr;
  const Json* index = element.get_object().if_contains("index");
  return index != nullptr && index->is_int64() ? index : nullptr;
}

Result<void> merge_array(JsonArray& whole, const JsonArray& piece) {
  for (const Json& element : piece) {
    const Json* index = index_of(element);
    auto* const known =
        index == nullptr ? whole.end() : std::find_if(whole.begin(), whole.end(), [&](const Json& other) {
          const Json* other_index = index_of(other);
          return other_index != nullptr && *other_index == *index;
        });
    if (known != whole.end()) {
      if (auto merged = merge_delta(known->get_object(), element.get_object()); !merged) return merged;
    } else if (index != nullptr && whole.size() >= kMaxIndexed) {
      return Error{
          std::string(error_code::kUpstreamBroken),
          "the upstream streamed an array of more than " + std::to_string(kMaxIndexed) + " indexed elements"};
    } else {
      whole.push_back(element);
    }
  }
  return {};
}

Result<void> merge_member(Json& whole, std::string_view key, const Json& piece) {
  if (piece.is_object() && whole.is_object()) return merge_delta(whole.get_object(), piece.get_object());
  if (piece.is_array() && whole.is_array()) return merge_array(whole.get_array(), piece.get_array());
  if (piece.is_string() && whole.is_string() && !is_repeated_whole(key)) {
    whole.get_string().append(piece.get_string());
  } else {
    whole = piece;
  }
  return {};
}

}  // namespace

Result<void> merge_delta(JsonObject& whole, const JsonObject& piece) {
  for (const auto& [key, value] : piece) {
    if (value.is_null()) continue;
    Json* const known = whole.if_contains(key);
    if (known == nullptr) {
      whole.emplace(key, value);
    } else if (auto merged = merge_member(*known, key, value); !merged) {
      return merged;
    }
  }
  return {};
}

}  // namespace shunt::openai
