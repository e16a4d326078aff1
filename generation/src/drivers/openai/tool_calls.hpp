#pragma once

#include <cstddef>
#include <cstdint>
#include <optional>
#include <string>
#include <vector>

#include "drivers/openai/answer_piece.hpp"
#include "drivers/openai/argument_text.hpp"
#include "shunt/base/json.hpp"
#include "shunt/base/result.hpp"
#include "shunt/generation/namespace.hpp"

namespace shunt::generation::openai {

// The tool calls of an answer, from `delta.tool_calls` of its chunks. docs/generators/openai/answers.md has
// the rule: which piece belongs to which call, and what of it grows or is repeated.
class ToolCalls {
 public:
  // Fails with `upstream_broken` beyond 1,024 calls.
  [[nodiscard]] Result<void> take(const JsonArray& elements, AnswerPieces& pieces);
  // No more elements: tells what was held back.
  void finish(AnswerPieces& pieces);

  [[nodiscard]] bool empty() const noexcept { return calls_.empty(); }
  // The calls as the protocol has them whole. An `index` is there if the server gave one, never twice.
  [[nodiscard]] JsonArray result() const;

  // What the calls hold, as the allocator gives it. Looks at every value.
  [[nodiscard]] std::size_t held_bytes() const noexcept;

 private:
  struct Element {
    std::optional<std::int64_t> index{};
    std::string id{};
    std::string name{};
    std::string arguments{};
    bool has_arguments = false;
    bool custom = false;         // `custom` with `input`, where others have `function` with `arguments`
    JsonObject rest{};           // type, extra_content, ...
    JsonObject function_rest{};  // of `function`, beside name and arguments
  };
  struct Call {
    std::optional<std::int64_t> index{};
    std::string id{};
    std::string name{};
    ArgumentText arguments{};
    bool has_arguments = false;
    bool custom = false;
    JsonObject rest{};
    JsonObject function_rest{};
    std::size_t opened_in = 0;  // the list of elements that it began with
  };

  [[nodiscard]] static Element read(const JsonObject& element);
  // `position` within its list, if the list has several.
  [[nodiscard]] Call* find(const Element& element, std::optional<std::size_t> position);
  [[nodiscard]] Call* by_index(const Element& element);
  [[nodiscard]] Call* by_id(const std::string& id);
  [[nodiscard]] bool begins_another(const Call& call, const Element& element) const;
  [[nodiscard]] static Result<void> merge_rest(Call& call, const Element& element, ToolCallPiece& piece);
  [[nodiscard]] Result<void> merge(Call& call, const Element& element, AnswerPieces& pieces);

  std::vector<Call> calls_;
  std::size_t list_ = 0;
};

}  // namespace shunt::generation::openai
