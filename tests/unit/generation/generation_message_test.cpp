// What a generator says beside text, in the events and in the record of its generation.
#include <gmock/gmock.h>
#include <gtest/gtest.h>

#include <limits>

#include "shunt/base/memory_budget.hpp"
#include "shunt/generation/error_codes.hpp"
#include "shunt/generation/event_codec.hpp"
#include "shunt/generation/generation.hpp"
#include "shunt/generation/message_parts.hpp"
#include "support/manual_clock.hpp"

namespace shunt::generation {
namespace {

MessageParts reasoning(std::string text) {
  MessageParts parts;
  parts.reasoning = std::move(text);
  return parts;
}

MessageParts call(std::uint32_t index, std::string arguments, std::string name = "") {
  MessageParts parts;
  parts.tool_calls.push_back({.index = index, .name = std::move(name), .arguments = std::move(arguments)});
  return parts;
}

class GenerationMessageTest : public ::testing::Test {
 protected:
  std::shared_ptr<Generation> make(const OutputLimits& limits = {},
                                   MemoryBudget& memory = MemoryBudget::unlimited()) {
    Envelope envelope;
    envelope.id = ids_.next();
    envelope.request.model = "m";
    envelope.created_at = clock_.now();
    return std::make_shared<Generation>(envelope, clock_, limits, memory);
  }
  static std::vector<GenerationEvent> all_events(Generation& generation, std::uint64_t after = 0) {
    return generation.watch({.after_sequence = after})->read(std::numeric_limits<std::size_t>::max());
  }
  static std::string text_of(const GenerationRecord& record) {
    std::string text;
    append_record_json(text, record);
    return text.substr(text.find("\"output\""));
  }

  testing::ManualClock clock_;
  GenerationIdSource ids_{clock_};
};

TEST_F(GenerationMessageTest, PiecesAndTextComeInTheOrderInWhichTheyWereSaid) {
  const auto generation = make();
  generation->start();
  generation->delta("", reasoning("Let me "));
  generation->delta("", reasoning("see."));
  generation->delta("It is ");
  generation->delta("sunny", reasoning("!"));
  generation->delta("", call(0, "{", "weather"));
  generation->delta(".");
  generation->delta("", call(0, "}"));
  generation->succeed(nullptr);
  std::string order;
  for (const auto& event : all_events(*generation)) {
    const auto* delta = std::get_if<event::Delta>(&event.payload);
    if (delta == nullptr) continue;
    order += '[' + delta->text + '|' + (delta->parts ? delta->parts->reasoning : "");
    if (delta->parts && !delta->parts->tool_calls.empty()) order += delta->parts->tool_calls[0].arguments;
    order += ']';
  }
  EXPECT_EQ(order, "[|Let me ][|see.][It is |][sunny|!][|{][.|][|}]");
  EXPECT_THAT(text_of(generation->record()),
              ::testing::HasSubstr(R"("output":{"text":"It is sunny.","reasoning":"Let me see.!",)"
                                   R"("tool_calls":[{"index":0,"name":"weather","arguments":"{}"}]})"));
  EXPECT_EQ(all_events(*generation, 5).front().sequence, 6U);
}

TEST_F(GenerationMessageTest, ARecordTakenMeanwhileDoesNotChange) {
  const auto generation = make();
  generation->delta("", reasoning("a"));
  const GenerationRecord before = generation->record();
  generation->delta("", reasoning("b"));
  EXPECT_EQ(before.parts->reasoning, "a");
  generation->succeed(nullptr);
  EXPECT_EQ(generation->record().parts->reasoning, "ab");
  EXPECT_EQ(generation->record().parts, generation->record_at_end()->parts) << "shared, not copied";
  EXPECT_EQ(generation->record(Generation::Detail::kSummary).parts, nullptr);
}

// The other process gets the same events, and its record is the same.
TEST_F(GenerationMessageTest, AReplicaIsTheSame) {
  const auto generation = make();
  generation->start();
  generation->delta("text", reasoning("thought"));
  generation->delta("", call(0, "{\"a\":1}", "f"));
  generation->succeed(nullptr);
  const auto replica = make();
  auto events = decode_events(encode_events(all_events(*generation)));
  ASSERT_TRUE(events.ok());
  for (std::size_t i = 1; i < events->size(); ++i) ASSERT_TRUE(replica->apply(std::move((*events)[i])));
  EXPECT_EQ(text_of(replica->record()), text_of(generation->record()));
  EXPECT_EQ(encode_events(all_events(*replica)), encode_events(all_events(*generation)));
}

TEST_F(GenerationMessageTest, ARestartVoidsWhatWasSaid) {
  const auto replica = make();
  const auto apply = [&](GenerationEvent::Payload payload) {
    ASSERT_TRUE(replica->apply({replica->last_sequence() + 1, clock_.now(), std::move(payload)}));
  };
  apply(event::Started{});
  apply(event::Delta{"old", std::make_shared<const MessageParts>(reasoning("old thought"))});
  apply(event::Restarted{2});
  EXPECT_EQ(replica->record().parts, nullptr);
  apply(event::Delta{"", std::make_shared<const MessageParts>(reasoning("new"))});
  EXPECT_EQ(replica->record().parts->reasoning, "new");
  const auto events = all_events(*replica);
  EXPECT_EQ(std::get<event::Delta>(events[2].payload).parts->reasoning, "old thought");
  EXPECT_EQ(std::get<event::Delta>(events[2].payload).text, "old");
}

TEST_F(GenerationMessageTest, WhatIsSaidBesideTextHasALimitOfItsOwn) {
  const auto generation = make({.max_text_bytes = 4, .max_message_bytes = 8});
  EXPECT_TRUE(generation->delta("1234", reasoning("12345678")));
  EXPECT_FALSE(generation->delta("", reasoning("9")));
  const auto record = generation->record();
  EXPECT_EQ(record.error->code, error_code::kOutputTooLarge);
  EXPECT_EQ(record.error->details.at("what"), "message bytes");
  EXPECT_EQ(record.error->details.at("limit"), 8);
  EXPECT_EQ(record.error->details.at("received"), 9);
  EXPECT_EQ(record.parts->reasoning, "12345678") << "what came before stays";
}

TEST_F(GenerationMessageTest, AGapInTheIndicesFailsTheGeneration) {
  const auto failure = [this](std::initializer_list<std::uint32_t> indices) {
    const auto generation = make();
    for (const std::uint32_t index : indices) generation->delta("", call(index, "{}"));
    const auto record = generation->record();
    return record.error ? record.error->message : std::string();
  };
  EXPECT_EQ(failure({0, 1, 0, 1, 2}), "");
  EXPECT_THAT(failure({1}), ::testing::HasSubstr("leave a gap: 0 had come, and then the index 1"));
  EXPECT_THAT(failure({0, 2}), ::testing::HasSubstr("gap: 1 had come, and then the index 2"));
  const auto generation = make();
  for (std::uint32_t i = 0; i < kMaxToolCalls; ++i) ASSERT_TRUE(generation->delta("", call(i, "")));
  EXPECT_FALSE(generation->delta("", call(kMaxToolCalls, "")));
  EXPECT_EQ(generation->record().error->code, error_code::kInvalidOutput);
}

TEST_F(GenerationMessageTest, WhatIsNoJsonFailsTheGeneration) {
  MessageParts parts;
  parts.logprobs.content = {JsonObject{{"logprob", std::numeric_limits<double>::infinity()}}};
  const auto generation = make();
  EXPECT_FALSE(generation->delta("text", parts));
  EXPECT_EQ(generation->record().error->code, error_code::kInvalidOutput);
  EXPECT_EQ(generation->record().text, "");
}

// No event is too large to travel.
TEST_F(GenerationMessageTest, ALongPieceBecomesSeveralEvents) {
  const auto generation = make();
  generation->delta(std::string(100'000, 't'), reasoning(std::string(200'000, 'r')));
  generation->succeed(nullptr);
  std::string text;
  std::string thought;
  for (const auto& event : all_events(*generation)) {
    const auto* delta = std::get_if<event::Delta>(&event.payload);
    if (delta == nullptr) continue;
    EXPECT_LE(delta->text.size(), 64U * 1024);
    text += delta->text;
    if (!delta->parts) continue;
    EXPECT_LE(delta->parts->reasoning.size(), 64U * 1024);
    thought += delta->parts->reasoning;
  }
  EXPECT_EQ(text.size(), 100'000U);
  EXPECT_EQ(thought.size(), 200'000U);
}

TEST_F(GenerationMessageTest, PastTheEventLimitPiecesAreJoinedAndTheWholeIsWhole) {
  const auto generation = make({.max_events = 10});
  std::string sent;
  for (int i = 0; i < 5'000; ++i) {
    sent += 'x';
    ASSERT_TRUE(generation->delta(i % 3 == 0 ? "t" : "", reasoning("x")));
  }
  generation->succeed(nullptr);
  std::string received;
  const auto events = all_events(*generation);
  for (const auto& event : events) {
    const auto* delta = std::get_if<event::Delta>(&event.payload);
    if (delta != nullptr && delta->parts) received += delta->parts->reasoning;
  }
  EXPECT_EQ(received, sent);
  EXPECT_EQ(generation->record().parts->reasoning, sent);
  EXPECT_LT(events.size(), 30U);
}

TEST_F(GenerationMessageTest, WhatIsSaidIsCountedAndGivenBack) {
  MemoryBudget memory(64UL * 1024 * 1024);
  const auto generation = make({}, memory);
  const std::size_t before = generation->approximate_bytes();
  generation->delta("", reasoning(std::string(50'000, 'r')));
  EXPECT_GE(generation->approximate_bytes(), before + 100'000) << "in the event and in the record";
  generation->succeed(nullptr);
  generation->keep_as_ended();
  generation->discard();
  EXPECT_LT(generation->approximate_bytes(), before + 10'000);
}

TEST_F(GenerationMessageTest, WhatOutgrowsTheMemoryFailsAsOverloaded) {
  MemoryBudget memory(256UL * 1024);
  const auto generation = make({}, memory);
  bool taken = true;
  for (int i = 0; i < 100 && taken; ++i) taken = generation->delta("", reasoning(std::string(10'000, 'r')));
  EXPECT_FALSE(taken);
  EXPECT_EQ(generation->record().error->code, "overloaded");
}

}  // namespace
}  // namespace shunt::generation
