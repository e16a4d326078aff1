#include "shunt/http/sse_reader.hpp"

#include <gmock/gmock.h>

namespace shunt::http {

bool operator==(const SseEvent& a, const SseEvent& b) {
  return a.type == b.type && a.data == b.data;
}
void PrintTo(const SseEvent& event, std::ostream* out) {
  *out << '{' << event.type << "; " << event.data << '}';
}

namespace {

using Events = std::vector<SseEvent>;

Events read(const std::vector<std::string_view>& pieces) {
  SseReader reader(1024);
  Events events;
  for (const auto piece : pieces) EXPECT_TRUE(reader.feed(piece, events).ok());
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

TEST(SseReader, ReadsWhatTheStandardSays) {
  for (const Case& c : kCases) EXPECT_EQ(read({c.stream}), c.events) << c.name;
}

TEST(SseReader, GivesTheSameEventsWhereverTheStreamIsCut) {
  for (const Case& c : kCases) {
    const std::string_view all = c.stream;
    for (std::size_t first = 0; first <= all.size(); ++first) {
      for (std::size_t second = first; second <= all.size(); ++second) {
        const Events events =
            read({all.substr(0, first), all.substr(first, second - first), all.substr(second)});
        ASSERT_EQ(events, c.events) << c.name << " cut at " << first << " and " << second;
      }
    }
  }
}

TEST(SseReader, AnIdBelongsToTheEventsAfterItUntilTheNext) {
  SseReader reader(1024);
  Events events;
  ASSERT_TRUE(reader.feed("data: a\n\nid: 7\ndata: b\n\ndata: c\n\nid\ndata: d\n\n", events).ok());
  std::vector<std::string> ids;
  for (const SseEvent& event : events) ids.push_back(event.id);
  EXPECT_EQ(ids, (std::vector<std::string>{"", "7", "7", ""}));
}

TEST(SseReader, BareJsonIsAnEventWhereItIsAskedFor) {
  Events events;
  ASSERT_TRUE(SseReader(1024).feed("{\"a\":1}\n\ndata: b\n\n", events).ok());
  EXPECT_EQ(events, (Events{{"", "b"}}));
  events.clear();
  ASSERT_TRUE(SseReader(1024, BareJson::kEvent).feed("{\"a\":1}\n\ndata: b\n\n", events).ok());
  EXPECT_EQ(events, (Events{{"", "{\"a\":1}"}, {"", "b"}}));
  EXPECT_TRUE(events.front().bare);
}

TEST(SseReader, CountsIdsAndTypesToo) {
  SseReader reader(16);
  Events events;
  ASSERT_TRUE(reader.feed("id: 0123456789\n", events).ok());
  EXPECT_FALSE(reader.feed("data: 0", events).ok());
}

TEST(SseReader, GivesTheLastEventWithoutItsEmptyLineAtTheEnd) {
  SseReader reader(1024);
  Events events;
  ASSERT_TRUE(reader.feed("data: [DONE]", events).ok());
  EXPECT_TRUE(events.empty());
  reader.finish(events);
  EXPECT_EQ(events, (Events{{"", "[DONE]"}}));
}

TEST(SseReader, RefusesALineBeyondItsBoundBeforeHoldingIt) {
  SseReader reader(16);
  Events events;
  ASSERT_TRUE(reader.feed("data: 0123456789", events).ok());
  const auto refused = reader.feed("x", events);
  ASSERT_FALSE(refused.ok());
  EXPECT_EQ(refused.error().code, kSseEventTooLarge);
  EXPECT_EQ(refused.error().details.at("limit"), 16);
}

TEST(SseReader, RefusesAnEventOfManyLinesBeyondItsBound) {
  SseReader reader(16);
  Events events;
  ASSERT_TRUE(reader.feed("data: 0123\ndata: 4567\n", events).ok());
  EXPECT_FALSE(reader.feed("data: 89", events).ok());
}

TEST(SseReader, BoundsEachEventNotTheStream) {
  SseReader reader(16);
  Events events;
  for (int i = 0; i < 100; ++i) ASSERT_TRUE(reader.feed("data: 0123456\n\n", events).ok());
  EXPECT_EQ(events.size(), 100U);
}

}  // namespace
}  // namespace shunt::http
