#include "drivers/openai/sse_parser.hpp"

#include <gmock/gmock.h>

#include "shunt/generation/error_codes.hpp"

namespace shunt::openai {

bool operator==(const SseEvent& a, const SseEvent& b) {
  return a.type == b.type && a.data == b.data;
}
void PrintTo(const SseEvent& event, std::ostream* out) {
  *out << '{' << event.type << "; " << event.data << '}';
}

namespace {

using Events = std::vector<SseEvent>;

Events parse(const std::vector<std::string_view>& pieces) {
  SseParser parser(1024);
  Events events;
  for (const auto piece : pieces) EXPECT_TRUE(parser.feed(piece, events).ok());
  return events;
}

struct Case {
  std::string name;
  std::string stream;
  Events events;
};

const std::vector<Case> kCases{
    {"LineFeeds", "data: one\n\ndata: two\n\n", {{"", "one"}, {"", "two"}}},
    {"CarriageReturnsAndLineFeeds", "data: one\r\n\r\ndata: two\r\n\r\n", {{"", "one"}, {"", "two"}}},
    {"CarriageReturnsAlone", "data: one\r\rdata: two\r\r", {{"", "one"}, {"", "two"}}},
    {"NoSpaceAfterTheColon", "data:one\n\n", {{"", "one"}}},
    {"OnlyTheFirstSpaceIsTaken", "data:  one \n\n", {{"", " one "}}},
    {"DataOverSeveralLines", "data: one\ndata: two\ndata:\n\n", {{"", "one\ntwo\n"}}},
    {"DataWithoutAColonIsAnEmptyLine", "data\n\n", {{"", ""}}},
    {"CommentsAreSkipped", ": ping\n\n:\n\ndata: one\n: between\n\n", {{"", "one"}}},
    {"AnEventWithoutDataIsNone", "event: ping\n\ndata: one\n\n", {{"", "one"}}},
    {"TheTypeBelongsToOneEvent", "event: error\ndata: one\n\ndata: two\n\n", {{"error", "one"}, {"", "two"}}},
    {"OtherFieldsAreSkipped", "id: 7\nretry: 10\nfoo: bar\ndata: one\n\n", {{"", "one"}}},
    {"ColonsInDataStay", "data: {\"a\":1}\n\n", {{"", "{\"a\":1}"}}},
    {"AByteOrderMarkAtTheBeginning",
     "\xEF\xBB\xBF"
     "data: one\n\ndata: \xEF\xBB\xBF\n\n",
     {{"", "one"}, {"", "\xEF\xBB\xBF"}}},
    {"AnUnfinishedEventIsNotGiven", "data: one\n\ndata: two\n", {{"", "one"}}},
};

TEST(SseParser, ReadsWhatTheStandardSays) {
  for (const Case& c : kCases) EXPECT_EQ(parse({c.stream}), c.events) << c.name;
}

TEST(SseParser, GivesTheSameEventsWhereverTheStreamIsCut) {
  for (const Case& c : kCases) {
    const std::string_view all = c.stream;
    for (std::size_t first = 0; first <= all.size(); ++first) {
      for (std::size_t second = first; second <= all.size(); ++second) {
        const Events events =
            parse({all.substr(0, first), all.substr(first, second - first), all.substr(second)});
        ASSERT_EQ(events, c.events) << c.name << " cut at " << first << " and " << second;
      }
    }
  }
}

TEST(SseParser, GivesTheLastEventWithoutItsEmptyLineAtTheEnd) {
  SseParser parser(1024);
  Events events;
  ASSERT_TRUE(parser.feed("data: [DONE]", events).ok());
  EXPECT_TRUE(events.empty());
  parser.finish(events);
  EXPECT_EQ(events, (Events{{"", "[DONE]"}}));
}

TEST(SseParser, RefusesALineBeyondItsBoundBeforeHoldingIt) {
  SseParser parser(16);
  Events events;
  ASSERT_TRUE(parser.feed("data: 0123456789", events).ok());
  const auto refused = parser.feed("x", events);
  ASSERT_FALSE(refused.ok());
  EXPECT_EQ(refused.error().code, error_code::kUpstreamBroken);
  EXPECT_EQ(refused.error().details.at("limit"), 16);
}

TEST(SseParser, RefusesAnEventOfManyLinesBeyondItsBound) {
  SseParser parser(16);
  Events events;
  ASSERT_TRUE(parser.feed("data: 0123\ndata: 4567\n", events).ok());
  EXPECT_FALSE(parser.feed("data: 89", events).ok());
}

TEST(SseParser, BoundsEachEventNotTheStream) {
  SseParser parser(16);
  Events events;
  for (int i = 0; i < 100; ++i) ASSERT_TRUE(parser.feed("data: 0123456\n\n", events).ok());
  EXPECT_EQ(events.size(), 100U);
}

}  // namespace
}  // namespace shunt::openai
