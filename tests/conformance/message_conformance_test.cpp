// What is said beside text, through every executor.
#include "conformance/executor_conformance.hpp"
#include "shunt/generation/error_codes.hpp"
#include "shunt/generation/message_parts.hpp"

namespace shunt::testing {
namespace {

// Each delta's text and what else it says, in a line.
std::string told(const std::vector<GenerationEvent>& events) {
  std::string all;
  for (const GenerationEvent& event : events) {
    const auto* delta = std::get_if<event::Delta>(&event.payload);
    if (delta == nullptr) continue;
    all += '[' + delta->text;
    if (delta->parts) {
      const MessageParts& parts = *delta->parts;
      all += "|" + parts.reasoning;
      for (const ToolCall& call : parts.tool_calls)
        all += std::to_string(call.index) + ':' + call.id + ':' + call.name + ':' + call.arguments + ' ';
      if (!parts.logprobs.empty()) all += "logprobs";
      if (!parts.audio.empty()) all += "audio";
      if (!parts.refusal.empty()) all += "refusal " + std::to_string(parts.refusal.size());
    }
    all += ']';
  }
  return all;
}

TEST_P(ExecutorConformance, WhatIsSaidBesideTextComesInOrderWithIt) {
  const GenerationId id = client_.start(request("talk"));
  const auto events = client_.events(id);
  EXPECT_EQ(told(events),
            "[|Let me ][|see.][|\xF0\x9F\x9A\x82][I look ][it up|logprobs]"
            "[|0:call_a:weather:{\"city\": ][|1:call_b:time: 0:::\"Paris\"} ][|audio]"
            "[|refusal 65536][|refusal 34464][.]");
  // From the middle, as a client comes back with its Last-Event-ID.
  const auto rest = client_.events(id, {.after_sequence = 8});
  ASSERT_EQ(rest.size(), events.size() - 8);
  EXPECT_EQ(told(rest), told({events.begin() + 8, events.end()}));
}

TEST_P(ExecutorConformance, TheRecordHasTheWholeOfWhatWasSaid) {
  const GenerationRecord record = client_.wait_for_end(client_.start(request("talk")));
  EXPECT_EQ(record.state, GenerationState::kSucceeded);
  EXPECT_EQ(record.text, "I look it up.");
  ASSERT_NE(record.parts, nullptr);
  EXPECT_EQ(record.parts->reasoning, "Let me see.\xF0\x9F\x9A\x82");
  EXPECT_EQ(record.parts->refusal, std::string(100'000, 'n'));
  ASSERT_EQ(record.parts->tool_calls.size(), 2U);
  EXPECT_EQ(record.parts->tool_calls[0].arguments, "{\"city\":\"Paris\"}");
  EXPECT_EQ(record.parts->tool_calls[1].name, "time");
  EXPECT_EQ(record.parts->logprobs.content.size(), 1U);
  EXPECT_EQ(record.parts->audio.bytes, std::string("\0\xFF", 2));
}

TEST_P(ExecutorConformance, WhatIsSaidBesideTextHasALimit) {
  const GenerationRecord record = client_.wait_for_end(client_.start(request("terse")));
  EXPECT_EQ(record.state, GenerationState::kFailed);
  EXPECT_EQ(record.error->code, error_code::kOutputTooLarge);
  EXPECT_EQ(record.error->details.at("what"), "message bytes");
  EXPECT_EQ(record.error->details.at("limit"), 64);
}

TEST_P(ExecutorConformance, AToolCallThatLeavesAGapFailsTheGeneration) {
  const GenerationRecord record = client_.wait_for_end(client_.start(request("gap")));
  EXPECT_EQ(record.state, GenerationState::kFailed);
  EXPECT_EQ(record.error->code, error_code::kInvalidOutput);
}

}  // namespace
}  // namespace shunt::testing
