#include "core/script_answers.hpp"

#include <gtest/gtest.h>

#include <limits>
#include <utility>

#include "bullmq/error.hpp"
#include "support/redis_replies.hpp"

namespace bullmq::detail {
namespace {

using replies::array;
using replies::error;
using replies::integer;
using replies::nil;
using replies::text;
using replies::texts;

Reply taken(const char* id) {
  return array({array(texts({"name", "paint"})), text(id)});
}
Reply nothing(std::int64_t limit_ms = 0) {
  return array({integer(0), integer(0), integer(limit_ms), integer(0)});
}

struct Lie {
  const char* name;
  Reply reply;
};

// Shapes that no script answers, for whatever was asked.
std::vector<Lie> lies() {
  Reply deep = integer(1);
  for (int i = 0; i < 7; ++i) deep = array({std::move(deep)});
  return {{"nil", nil()},
          {"an integer", integer(0)},
          {"a large integer", integer(std::numeric_limits<std::int64_t>::min())},
          {"a text", text("OK")},
          {"an empty text", text("")},
          {"an empty array", array({})},
          {"a nested array", std::move(deep)},
          {"an array of nils", array({nil(), nil(), nil(), nil()})},
          {"far too many", array(std::vector<Reply>(1'000, integer(0)))}};
}

TEST(ShareOut, GivesEachCallerItsOwnAnswersInOrder) {
  const auto shared = share_out({{1, 0}, {0, 2}, {1, 0}, {0, 1}},
                                array({integer(0), integer(-2), taken("7"), taken("8"), taken("9")}));
  ASSERT_EQ(shared.size(), 4U);
  EXPECT_EQ(shared[0].at(0).integer, 0);
  EXPECT_EQ(shared[1].size(), 2U);
  EXPECT_EQ(shared[2].at(0).integer, -2);
  EXPECT_EQ(read_taken(shared[3].at(0)).record.id, "9");
}

TEST(ShareOut, LetsTheLastAnswerStandForTheSlotsBehindIt) {
  const auto shared = share_out({{0, 3}, {0, 2}}, array({taken("7"), nothing(250)}));
  ASSERT_EQ(shared[0].size(), 2U);
  ASSERT_EQ(shared[1].size(), 1U);
  EXPECT_TRUE(read_taken(shared[0][0]).has_job);
  EXPECT_EQ(read_taken(shared[0][1]).rate_limit_ms, 250);
  EXPECT_EQ(read_taken(shared[1][0]).rate_limit_ms, 250);
}

TEST(ShareOut, RefusesAnAnswerOfAnotherShape) {
  const std::vector<std::vector<EndShare>> asked{{{1, 0}}, {{0, 1}}, {{1, 0}, {0, 2}}, {{2, 0}}};
  for (const auto& shares : asked) {
    for (const Lie& lie : lies()) {
      // One that has the right length is for those who read its elements.
      const bool fits = lie.reply.is_array() && lie.reply.elements.size() == 1 && shares.size() == 1;
      if (fits) continue;
      EXPECT_THROW(static_cast<void>(share_out(shares, lie.reply)), UnexpectedReplyError) << lie.name;
    }
    EXPECT_THROW(static_cast<void>(share_out(shares, error("ERR no"))), RedisError);
  }
}

TEST(ShareOut, RefusesAJobThatStandsForSeveralSlots) {
  EXPECT_THROW(static_cast<void>(share_out({{0, 2}}, array({taken("7")}))), UnexpectedReplyError);
}

TEST(ReadTaken, ReadsAJobOrWhenToComeAgain) {
  EXPECT_FALSE(read_taken(integer(0)).has_job);
  EXPECT_EQ(read_taken(nothing(250)).rate_limit_ms, 250);
  const NextJob next = read_taken(taken("7"));
  EXPECT_TRUE(next.has_job);
  EXPECT_EQ(next.record.id, "7");
  EXPECT_EQ(next.record.name, "paint");
  EXPECT_TRUE(next.trouble.empty());
}

TEST(ReadTaken, TellsWhatWentWrongWithAnotherJob) {
  Reply with_job = taken("7");
  with_job.elements.push_back(text("WRONGTYPE"));
  EXPECT_EQ(read_taken(with_job).trouble, "WRONGTYPE");
  EXPECT_TRUE(read_taken(with_job).has_job);
  Reply without = nothing();
  without.elements.push_back(text("WRONGTYPE"));
  EXPECT_EQ(read_taken(without).trouble, "WRONGTYPE");
}

TEST(ReadTaken, RefusesAnAnswerOfAnotherShape) {
  std::vector<Lie> all = lies();
  all.erase(all.begin() + 1);  // 0 is an answer
  all.push_back({"no fields", array({nil(), text("7")})});
  all.push_back({"half a field", array({array({text("name")}), text("7")})});
  all.push_back({"a field of a number", array({array({text("name"), integer(1)}), text("7")})});
  all.push_back({"no id", array({array({}), nil()})});
  all.push_back({"an empty id", array({array({}), text("")})});
  all.push_back({"an id that is a list", array({array({}), array({})})});
  all.push_back({"trouble that is none", array({array({}), text("7"), integer(1)})});
  for (const Lie& lie : all) {
    EXPECT_THROW(static_cast<void>(read_taken(lie.reply)), UnexpectedReplyError) << lie.name;
  }
  EXPECT_THROW(static_cast<void>(read_taken(error("ERR no"))), RedisError);
  EXPECT_THROW(static_cast<void>(read_taken(array({array({}), error("ERR no")}))), RedisError);
}

TEST(ReadAdded, NumbersTheJobsAndTellsTheOddOnes) {
  const auto added =
      read_added(array({integer(5), integer(2), integer(0), integer(3), error("WRONGTYPE")}), 3);
  ASSERT_EQ(added.size(), 3U);
  EXPECT_EQ(added[0].number, 5);
  EXPECT_FALSE(added[0].duplicate);
  EXPECT_TRUE(added[1].duplicate);
  EXPECT_EQ(added[2].error, "WRONGTYPE");
}

TEST(ReadAdded, RefusesAnAnswerOfAnotherShape) {
  std::vector<Lie> all = lies();
  all.push_back({"a first number that is a text", array({text("5")})});
  all.push_back({"a first number beyond all", array({integer(std::numeric_limits<std::int64_t>::max())})});
  all.push_back({"a place without a result", array({integer(5), integer(1)})});
  all.push_back({"place 0", array({integer(5), integer(0), integer(0)})});
  all.push_back({"a place behind the last", array({integer(5), integer(3), integer(0)})});
  all.push_back({"a negative place", array({integer(5), integer(-1), integer(0)})});
  all.push_back({"a place that is a text", array({integer(5), text("1"), integer(0)})});
  all.push_back({"a result that is a text", array({integer(5), integer(1), text("OK")})});
  for (const Lie& lie : all) {
    EXPECT_THROW(static_cast<void>(read_added(lie.reply, 2)), UnexpectedReplyError) << lie.name;
  }
  EXPECT_THROW(static_cast<void>(read_added(error("ERR no"), 2)), RedisError);
}

}  // namespace
}  // namespace bullmq::detail
