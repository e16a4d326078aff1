// Every way in which real servers answer (shapes_*.cpp), read at once and in every split of its bytes.

#include <gtest/gtest.h>

#include <array>
#include <ostream>
#include <random>
#include <set>

#include "answer_shape.hpp"
#include "drivers/openai/answer_reader.hpp"
#include "shunt/generation/error_codes.hpp"

namespace shunt::generation::openai {
namespace {

using testing::AnswerShape;
using testing::AnswerShapes;

constexpr std::size_t kMaxEventBytes = 64 * 1024;

// What came of an answer, as the driver would have it.
struct Outcome {
  std::string text{};
  std::string result{};
  std::string error{};
  bool retryable = true;
  AnswerPieces pieces{};
  [[nodiscard]] bool operator==(const Outcome& other) const {
    return text == other.text && result == other.result && error == other.error &&
           retryable == other.retryable;
  }
};

std::ostream& operator<<(std::ostream& to, const Outcome& outcome) {
  return to << '"' << outcome.text << "\" " << outcome.result << outcome.error
            << (outcome.error.empty() ? ""
                : outcome.retryable   ? " (retryable)"
                                      : " (not retryable)");
}

std::string text_of(const AnswerPieces& pieces) {
  std::string all;
  for (const AnswerPiece& piece : pieces) {
    if (const auto* text = std::get_if<TextPiece>(&piece)) all += text->text;
  }
  return to_valid_utf8(all);
}

Outcome failed(AnswerPieces pieces, const Error& error) {
  return {text_of(pieces), "", error.code.to_string(), error.is_retryable(), std::move(pieces)};
}

Outcome outcome_of(const AnswerShape& shape, const std::vector<std::string_view>& split) {
  if (shape.status != 200) return failed({}, error_for_status(shape.status, shape.body, {512}));
  AnswerReader reader(shape.content_type, kMaxEventBytes, {512});
  AnswerPieces pieces;
  for (const std::string_view part : split) {
    if (auto read = reader.feed(part, pieces); !read) return failed(std::move(pieces), read.error());
  }
  const auto ending = shape.cut ? AnswerReader::Ending::kCut : AnswerReader::Ending::kInOrder;
  if (auto ended = reader.end(ending, pieces); !ended) return failed(std::move(pieces), ended.error());
  if (!reader.complete()) {
    return failed(std::move(pieces), Error{error_code::kUpstreamBroken, "", Retryable::kYes});
  }
  EXPECT_TRUE(reader.finish(pieces).ok());
  const std::string result = to_json_text(reader.take_result());
  return {text_of(pieces), result, "", true, std::move(pieces)};
}

// Members in any order are the same object.
std::string sorted(const Json& value) {
  if (value.is_array()) {
    std::string text = "[";
    for (const Json& element : value.get_array()) text += sorted(element) + ',';
    return text + ']';
  }
  if (!value.is_object()) return to_json_text(value);
  std::set<std::string> members;
  for (const auto& [key, member] : value.get_object()) {
    members.insert(to_json_text(Json(key)) + ':' + sorted(member));
  }
  std::string text = "{";
  for (const std::string& member : members) text += member + ',';
  return text + '}';
}

std::vector<const AnswerShape*> all_shapes() {
  std::vector<const AnswerShape*> all;
  for (const AnswerShapes* table :
       {&testing::text_shapes(), &testing::tool_call_shapes(), &testing::reasoning_shapes(),
        &testing::ending_shapes(), &testing::error_shapes(), &testing::noise_shapes()}) {
    for (const AnswerShape& shape : *table) all.push_back(&shape);
  }
  return all;
}

std::string named(const AnswerShape& shape) {
  return shape.name + " (" + shape.server + ", " + shape.source + ")";
}

TEST(AnswerShapes, AreAtLeastEightyWithASourceEach) {
  std::set<std::string> names;
  for (const AnswerShape* shape : all_shapes()) {
    EXPECT_TRUE(names.insert(shape->name).second) << shape->name << " stands twice";
    EXPECT_TRUE(shape->source.starts_with("https://") || shape->source.find('#') != std::string::npos)
        << shape->name;
    EXPECT_NE(shape->result.empty(), shape->error.empty()) << shape->name;
  }
  EXPECT_GE(names.size(), 80U);
}

TEST(AnswerShapes, ComeToWhatTheyMean) {
  for (const AnswerShape* shape : all_shapes()) {
    const Outcome outcome = outcome_of(*shape, {shape->body});
    EXPECT_EQ(outcome.error, shape->error) << named(*shape);
    EXPECT_EQ(outcome.text, shape->text) << named(*shape);
    EXPECT_EQ(outcome.retryable, shape->retryable) << named(*shape);
    if (shape->result.empty() || outcome.result.empty()) continue;
    EXPECT_EQ(sorted(parse_json(outcome.result).value()), sorted(parse_json(shape->result).value()))
        << named(*shape);
  }
}

TEST(AnswerShapes, SayWhichModelsAreWaitedFor) {
  for (const AnswerShape* shape : all_shapes()) {
    EXPECT_EQ(says_model_is_loading(shape->status, shape->body), shape->waits) << named(*shape);
  }
}

TEST(AnswerShapes, ComeToTheSameHoweverTheirBytesAreSplit) {
  std::mt19937 random(20261127);
  for (const AnswerShape* shape : all_shapes()) {
    const std::string_view body = shape->body;
    const Outcome whole = outcome_of(*shape, {body});
    std::vector<std::string_view> bytes;
    for (std::size_t i = 0; i < body.size(); ++i) bytes.push_back(body.substr(i, 1));
    ASSERT_EQ(outcome_of(*shape, bytes), whole) << named(*shape) << ", byte by byte";
    for (std::size_t cut = 0; cut <= body.size(); ++cut) {
      ASSERT_EQ(outcome_of(*shape, {body.substr(0, cut), body.substr(cut)}), whole)
          << named(*shape) << ", cut at " << cut;
    }
    for (int round = 0; round < 20; ++round) {
      std::vector<std::string_view> parts;
      for (std::size_t at = 0; at < body.size(); at += parts.back().size()) {
        parts.push_back(body.substr(at, 1 + random() % 40));
      }
      ASSERT_EQ(outcome_of(*shape, parts), whole) << named(*shape) << ", at random";
    }
  }
}

// The pieces, joined, are what the result says: so a client that follows them ends with the same.
TEST(AnswerShapes, TellTheirResultInPieces) {
  struct Told {
    std::string id, name, arguments;
  };
  for (const AnswerShape* shape : all_shapes()) {
    const Outcome outcome = outcome_of(*shape, {shape->body});
    if (!outcome.error.empty()) continue;
    std::vector<Told> calls;
    std::string reasoning;
    std::string refusal;
    for (const AnswerPiece& piece : outcome.pieces) {
      if (const auto* thought = std::get_if<ReasoningPiece>(&piece)) reasoning += thought->text;
      if (const auto* part = std::get_if<RefusalPiece>(&piece)) refusal += part->text;
      const auto* call = std::get_if<ToolCallPiece>(&piece);
      if (call == nullptr) continue;
      if (calls.size() <= call->call) calls.resize(call->call + 1);
      calls[call->call].id += call->id;
      calls[call->call].name += call->name;
      calls[call->call].arguments += call->arguments;
    }
    const Json result = parse_json(outcome.result).value();
    const Json* message = result.get_object().if_contains("message");
    const JsonObject members = message == nullptr ? JsonObject() : message->get_object();
    const auto text_in = [](const JsonObject& object, std::string_view key) {
      const Json* value = object.if_contains(key);
      return value != nullptr && value->is_string() ? std::string(value->get_string()) : std::string();
    };
    EXPECT_EQ(refusal, text_in(members, "refusal")) << named(*shape);
    const std::string thoughts = text_in(members, "reasoning_content");
    EXPECT_EQ(reasoning, thoughts.empty() ? text_in(members, "reasoning") : thoughts) << named(*shape);
    const Json* list = members.if_contains("tool_calls");
    const JsonArray whole = list == nullptr ? JsonArray() : list->get_array();
    if (members.contains("function_call")) continue;
    ASSERT_EQ(calls.size(), whole.size()) << named(*shape);
    for (std::size_t i = 0; i < whole.size(); ++i) {
      const JsonObject& call = whole[i].get_object();
      const JsonObject& function = call.at("function").get_object();
      EXPECT_EQ(calls[i].id, text_in(call, "id")) << named(*shape);
      EXPECT_EQ(calls[i].name, text_in(function, "name")) << named(*shape);
      EXPECT_EQ(calls[i].arguments, text_in(function, "arguments")) << named(*shape);
    }
  }
}

}  // namespace
}  // namespace shunt::generation::openai
