#pragma once

#include <string>
#include <string_view>
#include <vector>

#include "support/namespace.hpp"

namespace shunt::testing {

// One way in which a real server answers, rebuilt from a public report in our own words and values, and what
// has to come of it. tests/unit/generation/drivers/openai/shapes_*.cpp are the table.
struct AnswerShape {
  std::string name;
  std::string server;
  std::string source;  // "owner/repository#number" of the report, or the address of the page
  std::string body;
  // Success: the text and the whole result, as JSON.
  std::string text{};
  std::string result{};
  // Or failure: the error's code.
  std::string error{};
  bool retryable = true;

  std::string content_type = "text/event-stream";
  bool cut = false;  // the connection breaks behind the body
  int status = 200;
  bool waits = false;  // the driver asks again until the model is loaded
};

using AnswerShapes = std::vector<AnswerShape>;

[[nodiscard]] const AnswerShapes& text_shapes();
[[nodiscard]] const AnswerShapes& tool_call_shapes();
[[nodiscard]] const AnswerShapes& reasoning_shapes();
[[nodiscard]] const AnswerShapes& ending_shapes();
[[nodiscard]] const AnswerShapes& error_shapes();
[[nodiscard]] const AnswerShapes& noise_shapes();

// "data: DOCUMENT" and an empty line for each.
[[nodiscard]] inline std::string events(const std::vector<std::string>& documents) {
  std::string all;
  for (const std::string& document : documents) all += "data: " + document + "\n\n";
  return all;
}

// A chunk whose delta has these members, as in R"("content":"Hi")".
[[nodiscard]] inline std::string delta(std::string_view members) {
  return R"({"object":"chat.completion.chunk","choices":[{"index":0,"delta":{)" + std::string(members) +
         R"(},"finish_reason":null}]})";
}

[[nodiscard]] inline std::string text(std::string_view content) {
  return delta(R"("content":")" + std::string(content) + '"');
}

// A chunk with tool calls, as in R"({"index":0,"id":"a"})".
[[nodiscard]] inline std::string calls(std::string_view elements) {
  return delta(R"("tool_calls":[)" + std::string(elements) + ']');
}

[[nodiscard]] inline std::string finish(std::string_view reason) {
  return R"({"object":"chat.completion.chunk","choices":[{"index":0,"delta":{},"finish_reason":")" +
         std::string(reason) + R"("}]})";
}

inline const std::string kDone = "[DONE]";
inline const std::string kStopped = R"({"finish_reason":"stop"})";

}  // namespace shunt::testing
