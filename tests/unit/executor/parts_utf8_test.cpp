#include "parts_utf8.hpp"

#include <gtest/gtest.h>

namespace shunt::executor {
namespace {

using generation::MessageParts;

MessageParts call(std::uint32_t index, std::string arguments) {
  MessageParts parts;
  parts.tool_calls.push_back({.index = index, .arguments = std::move(arguments)});
  return parts;
}

TEST(PartsUtf8, ACharacterThatAPieceCutsWaitsForTheNextOfItsKind) {
  PartsUtf8 texts;
  MessageParts first = call(0, "{\"a\":\"\xC3");
  first.reasoning = "\xF0\x9F";
  first.refusal = "n\xC3";
  texts.push(first);
  EXPECT_EQ(first.reasoning, "");
  EXPECT_EQ(first.refusal, "n");
  EXPECT_EQ(first.tool_calls[0].arguments, "{\"a\":\"");
  MessageParts other = call(1, "\xC3\xA9");
  texts.push(other);
  EXPECT_EQ(other.tool_calls[0].arguments, "\xC3\xA9") << "another call is another stream";
  MessageParts next = call(0, "\xA9\"}");
  next.reasoning = "\x9A\x82";
  texts.push(next);
  EXPECT_EQ(next.reasoning, "\xF0\x9F\x9A\x82");
  EXPECT_EQ(next.tool_calls[0].arguments, "\xC3\xA9\"}");
  const MessageParts rest = texts.finish();
  EXPECT_EQ(rest.refusal, "\xEF\xBF\xBD");
  EXPECT_TRUE(rest.reasoning.empty() && rest.tool_calls.empty());
  EXPECT_TRUE(texts.finish().empty());
}

TEST(PartsUtf8, WhatDoesNotGrowIsMadeValidAtOnce) {
  PartsUtf8 texts;
  MessageParts piece = call(4'000'000'000, "\xC3");
  piece.tool_calls[0].name = "f\xC3";
  piece.audio.id = "\xFF";
  piece.images.push_back({0, "data:\xFF"});
  texts.push(piece);
  EXPECT_EQ(piece.tool_calls[0].name, "f\xEF\xBF\xBD");
  EXPECT_EQ(piece.audio.id, "\xEF\xBF\xBD");
  EXPECT_EQ(piece.images[0].url, "data:\xEF\xBF\xBD");
}

}  // namespace
}  // namespace shunt::executor
