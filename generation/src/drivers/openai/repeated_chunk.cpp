#include "drivers/openai/repeated_chunk.hpp"

#include <algorithm>
#include <initializer_list>

#include "shunt/base/json_members.hpp"

namespace shunt::generation::openai {
namespace {

// What a chunk has beside its text: some 200 bytes. It is held for each stream.
constexpr std::size_t kMaxFrameBytes = 2048;

// A text that has one of these is not written as it is.
constexpr bool stands_for_itself(char c) {
  return static_cast<unsigned char>(c) >= 0x20 && c != '"' && c != '\\';
}

bool is_plain(std::string_view text) {
  return std::ranges::all_of(text, stands_for_itself);
}

// Beside `told` there are names alone, which say the same however often they come.
bool has_only(std::string_view told, std::initializer_list<std::string_view> names,
              const JsonObject& object) {
  return std::ranges::all_of(object, [&](const auto& member) {
    const std::string_view key = member.key();
    if (key == told || member.value().is_null()) return true;
    return std::ranges::find(names, key) != names.end() && member.value().is_string();
  });
}

bool is_open_choice(const JsonObject& choice) {
  return std::ranges::all_of(choice, [](const auto& member) {
    const std::string_view key = member.key();
    if (key == "delta" || member.value().is_null()) return true;
    if (key == "index") return member.value().is_int64();
    // "" is some servers' null.
    return key == "finish_reason" && member.value().is_string() && member.value().get_string().empty();
  });
}

}  // namespace

std::optional<std::string_view> only_text_of(const Json& document) {
  if (!document.is_object() || !has_only("choices", {"model", "object"}, document.get_object()))
    return std::nullopt;
  const JsonArray& choices = array_in(document.get_object(), "choices");
  if (choices.size() != 1 || !choices.front().is_object()) return std::nullopt;
  const JsonObject& choice = choices.front().get_object();
  const JsonObject* const delta = find_object(choice, "delta");
  if (delta == nullptr || !is_open_choice(choice) || !has_only("content", {"role"}, *delta))
    return std::nullopt;
  const std::string_view text = text_in(*delta, "content");
  if (text.empty()) return std::nullopt;
  return text;
}

void RepeatedChunk::remember(std::string_view chunk, std::string_view text) {
  constexpr std::string_view kKey = R"("content")";
  constexpr std::string_view kSpace = " \t\r\n";
  forget();
  // Without an escape every key stands in the chunk as it is, so the only one of this name is the text's.
  if (text.empty() || !is_plain(text) || chunk.size() - text.size() > kMaxFrameBytes) return;
  if (chunk.find('\\') != std::string_view::npos) return;
  const std::size_t key = chunk.find(kKey);
  if (key == std::string_view::npos || chunk.find(kKey, key + 1) != std::string_view::npos) return;
  std::size_t begin = chunk.find_first_not_of(kSpace, key + kKey.size());
  if (begin == std::string_view::npos || chunk[begin] != ':') return;
  begin = chunk.find_first_not_of(kSpace, begin + 1);
  if (begin == std::string_view::npos || chunk[begin] != '"') return;
  ++begin;
  const std::string_view rest = chunk.substr(begin);
  if (!rest.starts_with(text) || !rest.substr(text.size()).starts_with('"')) return;
  before_ = chunk.substr(0, begin);
  after_ = rest.substr(text.size());
}

void RepeatedChunk::forget() noexcept {
  before_.clear();
  after_.clear();
}

std::optional<std::string_view> RepeatedChunk::text_in(std::string_view chunk) const noexcept {
  if (before_.empty() || chunk.size() <= before_.size() + after_.size()) return std::nullopt;
  if (!chunk.starts_with(before_) || !chunk.ends_with(after_)) return std::nullopt;
  const std::string_view text = chunk.substr(before_.size(), chunk.size() - before_.size() - after_.size());
  if (!is_plain(text)) return std::nullopt;
  return text;
}

}  // namespace shunt::generation::openai
