// Answers of upstreams, whole and streamed: however the bytes are split the outcome is the same, it is strict
// JSON, and its pieces join to what it says.
#include <cstdint>
#include <cstdlib>
#include <string>
#include <string_view>
#include <vector>

#include "drivers/openai/answer_deltas.hpp"
#include "drivers/openai/answer_reader.hpp"
#include "support/fuzzing.hpp"

namespace {

using namespace shunt;
using namespace shunt::base;
using namespace shunt::generation;
using namespace shunt::generation::openai;
using shunt::fuzz::check;

constexpr std::size_t kMaxEventBytes = 4096;

struct Outcome {
  bool complete = false;
  std::string error{};
  std::string text{};
  std::string result{};
  std::vector<std::string> arguments{};  // of each tool call, as told
  std::string parts{};                   // of all deltas, put together
  [[nodiscard]] bool operator==(const Outcome&) const = default;
};

// The deltas that the pieces become say what they say, without a gap between their calls.
std::string parts_of(const AnswerPieces& pieces, const Outcome& outcome) {
  std::vector<AnswerDelta> deltas;
  if (!AnswerDeltas().take(pieces, deltas)) return "no base64";
  MessageParts whole;
  std::string text;
  for (const AnswerDelta& delta : deltas) {
    text += delta.text;
    append_parts(whole, delta.parts);
  }
  check(text == outcome.text, "the deltas have the text");
  check(whole.tool_calls.size() == outcome.arguments.size(), "the deltas have the calls");
  for (std::size_t i = 0; i < whole.tool_calls.size(); ++i) {
    check(whole.tool_calls[i].index == i, "calls begin one after another");
    check(whole.tool_calls[i].arguments == outcome.arguments[i], "the deltas have the arguments");
  }
  return whole.reasoning + '|' + whole.refusal + '|' + whole.audio.bytes + '|' +
         std::to_string(whole.images.size());
}

void gather(const AnswerPieces& pieces, Outcome& outcome) {
  for (const AnswerPiece& piece : pieces) {
    if (const auto* text = std::get_if<TextPiece>(&piece)) outcome.text += text->text;
    const auto* call = std::get_if<ToolCallPiece>(&piece);
    if (call == nullptr) continue;
    if (outcome.arguments.size() <= call->call) outcome.arguments.resize(call->call + 1);
    outcome.arguments[call->call] += call->arguments;
  }
}

Outcome outcome_of(std::string_view type, std::string_view body, bool cut, std::size_t step) {
  AnswerReader reader(type, kMaxEventBytes, {256});
  AnswerPieces pieces;
  Outcome outcome;
  Result<void> read;
  for (std::size_t at = 0; read && at < body.size(); at += step)
    read = reader.feed(body.substr(at, step), pieces);
  if (read) read = reader.end(cut ? AnswerReader::Ending::kCut : AnswerReader::Ending::kInOrder, pieces);
  outcome.complete = read.ok() && reader.complete();
  if (!read) outcome.error = read.error().code;
  if (outcome.complete) {
    read = reader.finish(pieces);
    if (read) outcome.result = to_json_text(reader.take_result());
  }
  gather(pieces, outcome);
  outcome.parts = parts_of(pieces, outcome);
  return outcome;
}

// A client that joins what it was told has what the result says.
void check_told(const Outcome& outcome) {
  const auto result = parse_json(outcome.result);
  check(result.ok());
  const Json* message = result->get_object().if_contains("message");
  const Json* calls = message == nullptr ? nullptr : message->get_object().if_contains("tool_calls");
  if (calls == nullptr || !calls->is_array() || message->get_object().contains("function_call")) return;
  const JsonArray& list = calls->get_array();
  for (std::size_t i = 0; i < list.size() && i < outcome.arguments.size(); ++i) {
    const Json* function = list[i].is_object() ? list[i].get_object().if_contains("function") : nullptr;
    const Json* arguments = function != nullptr && function->is_object()
                                ? function->get_object().if_contains("arguments")
                                : nullptr;
    if (arguments == nullptr || !arguments->is_string()) continue;
    check(to_valid_utf8(outcome.arguments[i]) == arguments->get_string());
  }
}

}  // namespace

// The first byte says what the answer is labelled as, how it ends and how it is split.
extern "C" int LLVMFuzzerTestOneInput(const std::uint8_t* data, std::size_t size) {
  if (size == 0) return 0;
  constexpr std::string_view kTypes[] = {"text/event-stream", "application/json", "", "text/plain"};
  const std::string_view body(reinterpret_cast<const char*>(data) + 1, size - 1);
  const std::string_view type = kTypes[data[0] % 4];
  const bool cut = (data[0] & 4) != 0;
  const Outcome whole = outcome_of(type, body, cut, body.size() + 1);
  check(outcome_of(type, body, cut, 1) == whole);
  check(outcome_of(type, body, cut, 2 + data[0] / 8) == whole);
  if (!whole.result.empty()) check_told(whole);
  return 0;
}
