#pragma once

#include <cstddef>
#include <optional>
#include <string>
#include <string_view>

#include "shunt/base/json.hpp"
#include "shunt/generation/namespace.hpp"

namespace shunt::generation::openai {

// The text of a chunk that brings nothing but a text: one choice without an end, its delta a `content`, and
// beside them only names. Nothing for every other document. The view is into the document.
[[nodiscard]] std::optional<std::string_view> only_text_of(const Json& document);

// Knows a chunk again that differs from the one before it in nothing but its text, as nearly every chunk of a
// stream does: such a one need not be read as JSON. Not thread-safe.
class RepeatedChunk {
 public:
  // Remembers `chunk`, which was read without a repair and told only `text`. A chunk in which the text has no
  // plain place, or of which too much is beside it, is forgotten.
  void remember(std::string_view chunk, std::string_view text);
  void forget() noexcept;

  // The text of `chunk` if reading it would tell what the remembered one told, but for this text. A view into
  // `chunk`.
  [[nodiscard]] std::optional<std::string_view> text_in(std::string_view chunk) const noexcept;

  [[nodiscard]] std::size_t held_bytes() const noexcept { return before_.capacity() + after_.capacity(); }

 private:
  std::string before_;  // with the quote that begins the text; empty = none is remembered
  std::string after_;   // with the quote that ends it
};

}  // namespace shunt::generation::openai
