#pragma once

#include <optional>
#include <string>
#include <string_view>

#include "shunt/base/json.hpp"
#include "shunt/generation/namespace.hpp"

namespace shunt::generation::openai {

// What a server says of an error, wherever and however it says it.
struct ReportedError {
  std::string message{};
  std::string type{};
  std::string code{};
  int status = 0;  // its own HTTP status, 0 = not said
};

// Finds the report in a document that may be an answer: {"error": object, text or true} beside or without
// choices, {"object": "error"}, {"type": "error"}, an error inside a choice, {"errors": [...]},
// {"base_resp": {"status_code": not 0}}, {"code", "message"}, {"detail"}, and any of these inside an array.
[[nodiscard]] std::optional<ReportedError> find_report(const Json& document);

// The words of a document that is known to be a report, whatever its form.
[[nodiscard]] ReportedError words_of(const Json& document);

}  // namespace shunt::generation::openai
