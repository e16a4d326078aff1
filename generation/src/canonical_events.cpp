#include "canonical_events.hpp"

#include <memory>
#include <optional>
#include <string>
#include <utility>

#include "shunt/base/clock.hpp"
#include "shunt/base/json.hpp"
#include "shunt/generation/message_parts.hpp"

namespace shunt::generation {
namespace {

// Reads from the front of a text. What does not fit leaves nothing that the caller could use: it gives up.
class Cursor {
 public:
  explicit Cursor(std::string_view text) : text_(text) {}

  bool skip(std::string_view word) {
    if (!text_.starts_with(word)) return false;
    text_.remove_prefix(word.size());
    return true;
  }

  // Up to the quote that ends it, without escapes.
  std::optional<std::string_view> word() {
    const std::size_t end = text_.find('"');
    if (end == std::string_view::npos) return std::nullopt;
    const std::string_view found = text_.substr(0, end);
    if (found.find('\\') != std::string_view::npos) return std::nullopt;
    text_.remove_prefix(end + 1);
    return found;
  }

  std::optional<std::uint64_t> number() {
    // All numbers of so many digits are within what JSON's readers agree on.
    constexpr std::size_t kMostDigits = 15;
    std::uint64_t value = 0;
    std::size_t digits = 0;
    while (digits < text_.size() && text_[digits] >= '0' && text_[digits] <= '9') {
      value = value * 10 + static_cast<std::uint64_t>(text_[digits++] - '0');
      if (digits > kMostDigits) return std::nullopt;
    }
    if (digits == 0 || (digits > 1 && text_.front() == '0')) return std::nullopt;
    text_.remove_prefix(digits);
    return value;
  }

  // The inside of a JSON string and the quote behind it.
  std::optional<std::string> string() {
    std::string found;
    while (true) {
      std::size_t plain = 0;
      while (plain < text_.size() && is_plain(text_[plain])) ++plain;
      const std::string_view piece = text_.substr(0, plain);
      if (!is_valid_utf8(piece)) return std::nullopt;
      found += piece;
      text_.remove_prefix(plain);
      if (skip("\"")) return found;
      if (text_.size() < 2 || text_.front() != '\\') return std::nullopt;
      const std::size_t which = kEscapes.find(text_[1]);
      if (which == std::string_view::npos) return std::nullopt;
      found += kEscaped[which];
      text_.remove_prefix(2);
    }
  }

  [[nodiscard]] std::string_view rest() const noexcept { return text_; }

 private:
  static constexpr std::string_view kEscapes = "\"\\/bfnrt";
  static constexpr std::string_view kEscaped = "\"\\/\b\f\n\r\t";

  static bool is_plain(char c) { return static_cast<unsigned char>(c) >= 0x20 && c != '"' && c != '\\'; }

  std::string_view text_;
};

std::optional<GenerationEvent> take_one(Cursor& cursor) {
  GenerationEvent event;
  if (!cursor.skip("{\"seq\":")) return std::nullopt;
  const auto sequence = cursor.number();
  if (!sequence || !cursor.skip(",\"type\":\"")) return std::nullopt;
  if (*sequence == 0) return std::nullopt;
  event.sequence = *sequence;
  const auto type = cursor.word();
  if (!type || !cursor.skip(",\"at\":\"")) return std::nullopt;
  const auto written = cursor.word();
  const auto at = written ? parse_rfc3339(*written) : std::nullopt;
  if (!at) return std::nullopt;
  event.at = *at;
  if (*type == "delta") {
    if (!cursor.skip(",\"text\":\"")) return std::nullopt;
    auto text = cursor.string();
    if (!text) return std::nullopt;
    event::Delta delta{std::move(*text)};
    if (cursor.skip(",\"reasoning\":\"")) {
      auto reasoning = cursor.string();
      if (!reasoning) return std::nullopt;
      MessageParts parts;
      parts.reasoning = std::move(*reasoning);
      if (!parts.empty()) delta.parts = std::make_shared<const MessageParts>(std::move(parts));
    }
    event.payload = std::move(delta);
  } else if (*type == "started") {
    event.payload = event::Started{};
  } else if (*type == "queued") {
    event.payload = event::Queued{};
  } else {
    return std::nullopt;
  }
  if (!cursor.skip("}")) return std::nullopt;
  return event;
}

}  // namespace

void take_canonical_events(std::string_view& elements, std::vector<GenerationEvent>& events) {
  Cursor cursor(elements);
  while (auto event = take_one(cursor)) {
    const bool more = cursor.skip(",");
    // Behind a comma there is something; behind the last there is the end. All else is not as it should be.
    if (!more && cursor.rest() != "]") return;
    if (more && cursor.rest().starts_with(']')) return;
    events.push_back(std::move(*event));
    elements = cursor.rest();
  }
}

}  // namespace shunt::generation
