#include "shunt/base/json_memory.hpp"

namespace shunt::base {
namespace {

constexpr std::size_t kAllocation = 16;   // the allocator's own, and rounding
constexpr std::size_t kTable = 16;        // of an array or object, before its elements
constexpr std::size_t kShortString = 14;  // lies in the value itself
// A value on the parser's stack, which doubles, and in its array or object with that one's allocation.
constexpr std::size_t kParsedValue = 64;

}  // namespace

std::size_t json_memory(const JsonObject& object) noexcept {
  if (object.empty()) return 0;
  // Beyond 18 members it has an index too.
  std::size_t bytes = kAllocation + kTable + object.capacity() * (sizeof(boost::json::key_value_pair) + 4);
  for (const auto& member : object)
    bytes += kAllocation + member.key().size() + 1 + json_memory(member.value());
  return bytes;
}

std::size_t json_memory(const Json& value) noexcept {
  if (const auto* object = value.if_object()) return json_memory(*object);
  if (const auto* array = value.if_array()) {
    if (array->empty()) return 0;
    std::size_t bytes = kAllocation + kTable + array->capacity() * sizeof(Json);
    for (const Json& element : *array) bytes += json_memory(element);
    return bytes;
  }
  const auto* string = value.if_string();
  if (string == nullptr || string->size() <= kShortString) return 0;
  return kAllocation + kTable + string->capacity();
}

bool json_text_surely_within(const Json& value, std::size_t bytes) noexcept {
  // A character takes six bytes as text at most, an element with its comma no more than six times its place,
  // and what lies in the value itself fewer than this.
  constexpr std::size_t kLongestEscape = 6;
  constexpr std::size_t kOwnText = 96;
  return bytes >= kOwnText && json_memory(value) <= (bytes - kOwnText) / kLongestEscape;
}

std::size_t json_parse_memory(std::string_view text) noexcept {
  std::size_t values = 1;
  // The loop has no branch, so that it runs over many bytes at once.
  for (const char c : text)
    values += static_cast<std::size_t>((c == ',') | (c == ':') | (c == '[') | (c == '{'));
  return text.size() + values * kParsedValue;
}

std::size_t json_object_count(std::string_view text) noexcept {
  std::size_t count = 0;
  bool in_string = false;
  for (std::size_t i = 0; i < text.size(); ++i) {
    const char c = text[i];
    if (c == '"') in_string = !in_string;
    if (in_string && c == '\\') ++i;  // what follows is a part of the string
    if (!in_string && c == '{') ++count;
  }
  return count;
}

}  // namespace shunt::base
