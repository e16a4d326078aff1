#include "redis/endpoint.hpp"

#include <gtest/gtest.h>

#include "support/redis_replies.hpp"

namespace bullmq::detail {
namespace {

using replies::array;
using replies::integer;
using replies::nil;
using replies::text;

TEST(HashSlot, IsWhatTheClusterComputes) {
  // CLUSTER KEYSLOT of Redis 7.0.
  const std::pair<std::string_view, int> slots[] = {
      {"", 0},
      {"foo", 12182},
      {"bar", 5061},
      {"hello", 866},
      {"somekey", 11058},
      {"123456789", 12739},
      {"foo{hash_tag}", 2515},
      {"bar{hash_tag}", 2515},
      {"hash_tag", 2515},
      {"{user1000}.following", 3443},
      {"user1000", 3443},
  };
  for (const auto& [key, slot] : slots) EXPECT_EQ(hash_slot(key), slot) << key;
}

TEST(HashSlot, IsOfTheTagAlone) {
  const std::pair<std::string_view, std::optional<std::string_view>> tags[] = {
      {"{a}", "a"},         {"x{a}y", "a"},        {"{a}{b}", "a"},         {"{{a}}", "{a"},
      {"}{a}", "a"},        {"{}a", std::nullopt}, {"{}{a}", std::nullopt}, {"{a", std::nullopt},
      {"a}", std::nullopt}, {"}a{", std::nullopt}, {"", std::nullopt},      {"{", std::nullopt},
  };
  for (const auto& [key, tag] : tags) {
    EXPECT_EQ(hash_tag(key), tag) << key;
    if (tag) {
      EXPECT_EQ(hash_slot(key), hash_slot(*tag)) << key;
    }
  }
}

TEST(HashSlot, IsInRange) {
  for (int i = 0; i < 10'000; ++i) ASSERT_LT(hash_slot("key" + std::to_string(i)), 16'384);
}

struct RedirectCase {
  const char* error;
  bool ask;
  const char* host;
  int port;
};

TEST(Redirect, SaysWhereTheSlotIs) {
  const RedirectCase cases[] = {
      {"MOVED 3999 10.0.0.1:6379", false, "10.0.0.1", 6379},
      {"ASK 3999 10.0.0.1:7000", true, "10.0.0.1", 7000},
      {"MOVED 3999 :6381", false, "asked.example", 6381},
      {"MOVED 3999 node.example:1", false, "node.example", 1},
      {"MOVED 3999 ::1:65535", false, "::1", 65535},
      {"MOVED 3999 [::1]:6379", false, "::1", 6379},
  };
  for (const RedirectCase& c : cases) {
    const auto redirect = parse_redirect(c.error, "asked.example");
    ASSERT_TRUE(redirect) << c.error;
    EXPECT_EQ(redirect->ask, c.ask) << c.error;
    EXPECT_EQ(redirect->address.host, c.host) << c.error;
    EXPECT_EQ(redirect->address.port, c.port) << c.error;
  }
}

TEST(Redirect, IsNothingElse) {
  for (const char* error : {"", "MOVED", "MOVED ", "ASK", "ASK ", "MOVED 3999", "MOVED 3999 host",
                            "MOVED 3999 host:", "MOVED 3999 host:0", "MOVED 3999 host:65536",
                            "MOVED 3999 host:-1", "MOVED 3999 host:1x", "MOVED 3999 host:99999999999",
                            "ERR MOVED 3999 10.0.0.1:6379", "ASKING 1 a:1", "moved 1 a:1"})
    EXPECT_FALSE(parse_redirect(error, "asked.example")) << error;
}

Reply range(std::int64_t first, std::int64_t last, Reply host, Reply port) {
  return array({integer(first), integer(last), array({std::move(host), std::move(port), text("id")})});
}

TEST(SlotOwner, IsThePrimaryOfTheRange) {
  const Reply slots = array({
      range(0, 99, text("a"), integer(7000)),
      range(100, 199, text(""), integer(7001)),
      range(200, 299, nil(), integer(7002)),
      range(300, 399, text("?"), integer(7003)),
      range(400, 400, text("::1"), integer(7004)),
  });
  const std::pair<int, RedisAddress> owners[] = {
      {0, {"a", 7000}},       {99, {"a", 7000}},      {100, {"asked", 7001}},
      {250, {"asked", 7002}}, {399, {"asked", 7003}}, {400, {"::1", 7004}},
  };
  for (const auto& [slot, owner] : owners)
    EXPECT_EQ(slot_owner(slots, static_cast<std::uint16_t>(slot), "asked"), owner) << slot;
  EXPECT_EQ(slot_owner(slots, 401, "asked"), std::nullopt);
}

TEST(SlotOwner, IsNobodyInAReplyThatMakesNoSense) {
  const Reply replies[] = {
      nil(),
      integer(5),
      replies::error("ERR This instance has cluster support disabled"),
      array({}),
      array({nil(), integer(1), array({}), array({integer(0), integer(9)})}),
      array({array({integer(0), integer(9), nil()})}),
      array({array({integer(0), integer(9), array({text("a")})})}),
      array({range(0, 9, text("a"), integer(0))}),
      array({range(0, 9, text("a"), integer(65'536))}),
      array({range(0, 9, text("a"), nil())}),
      array({range(9, 0, text("a"), integer(1))}),
  };
  for (const Reply& reply : replies) EXPECT_EQ(slot_owner(reply, 5, "asked"), std::nullopt);
}

TEST(RedisAddress, IsNamedInMessages) {
  EXPECT_EQ(to_string(RedisAddress{"a.example", 1}), "a.example:1");
}

}  // namespace
}  // namespace bullmq::detail
