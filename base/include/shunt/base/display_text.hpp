#pragma once

#include <cstddef>
#include <string>
#include <string_view>

// Text that others wrote (a request, a model, a program, an upstream, Redis) on its way to people: into error
// messages, log lines and onto terminals.
namespace shunt::base {

// A message quotes this much of a foreign text.
inline constexpr std::size_t kExcerptBytes = 120;

// `text` if it has at most `limit` bytes; else its beginning, cut between characters, and how long it was:
// "abc... (900000 bytes)".
[[nodiscard]] std::string excerpt(std::string_view text, std::size_t limit = kExcerptBytes);

enum class LineBreaks { kEscaped, kKept };

// Whether a terminal shows `text` as it is: UTF-8 without control characters (C0 with escape sequences, DEL,
// C1) and without characters that turn or hide what stands around them (bidirectional controls, line
// separators, tags).
[[nodiscard]] bool is_displayable(std::string_view text, LineBreaks breaks = LineBreaks::kEscaped) noexcept;

// `text` with each character that is_displayable refuses written out ("\x1b", "\u202e") and each malformed
// byte as U+FFFD. With LineBreaks::kKept, line feeds and tabs stay, and a carriage return before a line feed
// goes.
[[nodiscard]] std::string displayable(std::string_view text, LineBreaks breaks = LineBreaks::kEscaped);

// The same for JSON text: such characters can only stand in strings there, and become their \u escapes, so
// that the document means what it meant.
[[nodiscard]] std::string displayable_json(std::string_view json);

}  // namespace shunt::base
