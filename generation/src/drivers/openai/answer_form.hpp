#pragma once

#include <optional>
#include <string>
#include <string_view>

#include "shunt/generation/namespace.hpp"

namespace shunt::generation::openai {

enum class AnswerForm { kEvents, kJson, kOther };

// "Text/Event-Stream; charset=utf-8" -> "text/event-stream"
[[nodiscard]] std::string media_type_of(std::string_view content_type);

// `body` without the space and the byte order mark at its beginning.
[[nodiscard]] std::string_view without_lead(std::string_view body);

// The form of an answer by its first bytes, since servers and proxies label events as JSON and JSON as
// events. The media type decides only what the bytes leave open. Nothing = more bytes are needed, a few at
// most. `body` is without_lead().
[[nodiscard]] std::optional<AnswerForm> form_of(std::string_view body, std::string_view media_type);

}  // namespace shunt::generation::openai
