#include "core/event_codec.hpp"

#include <gtest/gtest.h>

#include "bullmq/error.hpp"
#include "support/redis_replies.hpp"

namespace bullmq::detail {
namespace {

using replies::array;
using replies::integer;
using replies::nil;
using replies::text;
using replies::texts;

Reply entry(const std::string& id, const std::vector<std::string>& fields) {
  return array({text(id), array(texts(fields))});
}
// The reply to XREAD of one stream.
Reply stream(std::vector<Reply> entries) {
  return array({array({text("bull:q:events"), array(std::move(entries))})});
}

TEST(EventCodec, TellsWhatHappenedInTheOrderOfTheStream) {
  const auto events = decode_events(stream(
      {entry("1-0", {"event", "added", "jobId", "7", "name", "paint"}),
       entry("1-1", {"event", "completed", "jobId", "7", "returnvalue", "{\"a\":1}", "prev", "active"}),
       entry("2-0", {"event", "drained"})}));
  ASSERT_EQ(events.size(), 3U);
  EXPECT_EQ(events[0].id, "1-0");
  EXPECT_EQ(events[0].name, "added");
  EXPECT_EQ(events[0].job_id(), "7");
  EXPECT_EQ(events[1].field("returnvalue"), "{\"a\":1}");
  EXPECT_EQ(events[1].field("prev"), "active");
  EXPECT_EQ(events[1].fields.size(), 3U);
  EXPECT_EQ(events[2].name, "drained");
  EXPECT_EQ(events[2].job_id(), "");
}

TEST(EventCodec, TakesTheNameFromWhereverItStands) {
  const auto events = decode_events(stream({entry("1-0", {"jobId", "7", "event", "failed"})}));
  ASSERT_EQ(events.size(), 1U);
  EXPECT_EQ(events[0].name, "failed");
  EXPECT_EQ(events[0].job_id(), "7");
}

TEST(EventCodec, LetsTheLastOfTwoFieldsCountAsNodeDoes) {
  const auto events =
      decode_events(stream({entry("1-0", {"event", "a", "jobId", "1", "event", "b", "jobId", "2"})}));
  ASSERT_EQ(events.size(), 1U);
  EXPECT_EQ(events[0].name, "b");
  EXPECT_EQ(events[0].job_id(), "2");
}

TEST(EventCodec, KeepsBytesAsTheyAre) {
  const std::string bytes("\0\xff\r\n\0", 5);
  const auto events = decode_events(stream({entry("1-0", {"event", "custom", bytes, bytes})}));
  ASSERT_EQ(events.size(), 1U);
  EXPECT_EQ(events[0].field(bytes), bytes);
}

struct Malformed {
  const char* name;
  Reply reply;
  std::vector<std::string> ids;  // of the events that are left
};

TEST(EventCodec, LeavesOutWhatIsNoEntry) {
  const Reply good = entry("9-0", {"event", "drained"});
  const Malformed cases[] = {
      {"nil", nil(), {}},
      // Of a stream that is cut to nothing by what woke the reader.
      {"no entries", stream({}), {}},
      {"an entry that is nil", stream({nil(), good}), {"9-0"}},
      {"an empty entry", stream({array({}), good}), {"9-0"}},
      {"an entry without an id", stream({array({nil(), array({})}), good}), {"9-0"}},
      {"an entry with an empty id", stream({entry("", {}), good}), {"9-0"}},
      {"an entry whose id is a number", stream({array({integer(1), array({})}), good}), {"9-0"}},
      {"an entry whose id is a word", stream({entry("last", {}), good}), {"9-0"}},
      {"an entry whose id is half one", stream({entry("12-", {}), entry("-1", {}), good}), {"9-0"}},
      {"an entry whose id has no end", stream({entry(std::string(99, '1') + "-0", {}), good}), {"9-0"}},
      {"an entry without fields", stream({array({text("1-0")}), good}), {"1-0", "9-0"}},
      {"an entry whose fields are nil", stream({array({text("1-0"), nil()}), good}), {"1-0", "9-0"}},
      {"an entry whose fields are a text", stream({array({text("1-0"), text("x")}), good}), {"1-0", "9-0"}},
  };
  for (const Malformed& c : cases) {
    std::vector<std::string> ids;
    for (const QueueEvent& event : decode_events(c.reply)) ids.push_back(event.id);
    EXPECT_EQ(ids, c.ids) << c.name;
  }
}

TEST(EventCodec, RefusesWhatIsNoStream) {
  const Malformed cases[] = {
      {"a number", integer(3), {}},
      {"a text", text("OK"), {}},
      {"no stream", array({}), {}},
      {"two streams", array({array({text("a"), array({})}), array({text("b"), array({})})}), {}},
      {"a stream that is nil", array({nil()}), {}},
      {"a stream without entries", array({array({text("key")})}), {}},
      {"entries that are nil", array({array({text("key"), nil()})}), {}},
      // The position to read on from would stay the same.
      {"no entry that is one", stream({nil(), array({}), entry("last", {})}), {}},
  };
  for (const Malformed& c : cases)
    EXPECT_THROW(static_cast<void>(decode_events(c.reply)), UnexpectedReplyError) << c.name;
  EXPECT_THROW(static_cast<void>(decode_events(replies::error("ERR no"))), RedisError);
}

TEST(EventCodec, LeavesOutFieldsWithoutAValue) {
  const auto events = decode_events(stream({
      entry("1-0", {"event", "completed", "jobId"}),
      array({text("2-0"), array({text("event"), nil(), text("jobId"), text("7"), nil(), text("x")})}),
      array({text("3-0"),
             array({text("event"), text("failed"), array({}), array({}), text("jobId"), text("8")})}),
  }));
  ASSERT_EQ(events.size(), 3U);
  EXPECT_EQ(events[0].name, "completed");
  EXPECT_EQ(events[0].job_id(), "");
  EXPECT_EQ(events[1].name, "");
  EXPECT_EQ(events[1].job_id(), "7");
  EXPECT_EQ(events[1].fields.size(), 1U);
  EXPECT_EQ(events[2].name, "failed");
  EXPECT_EQ(events[2].job_id(), "8");
}

TEST(EventCodec, FindsWhereTheStreamEnds) {
  EXPECT_EQ(last_event_id(array({entry("5-3", {"event", "drained"})})), "5-3");
  EXPECT_EQ(last_event_id(array({})), "0-0");
  const Reply lies[] = {nil(),      array({nil()}), array({array({})}),     array({array({nil()})}),
                        integer(1), text("5-3"),    array({entry("x", {})})};
  for (const Reply& reply : lies) EXPECT_THROW(static_cast<void>(last_event_id(reply)), UnexpectedReplyError);
}

}  // namespace
}  // namespace bullmq::detail
