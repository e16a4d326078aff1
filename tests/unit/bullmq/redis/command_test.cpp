#include "redis/command.hpp"

#include <gtest/gtest.h>

#include "redis/reply_reader.hpp"

namespace bullmq::detail {
namespace {

constexpr Script kPaint{.name = "paint",
                        .keys = 2,
                        .index = 0,
                        .sha1 = "0123456789abcdef0123456789abcdef01234567",
                        .text = "return 1"};
constexpr Script kOther{.name = "other",
                        .keys = 0,
                        .index = 1,
                        .sha1 = "76543210fedcba9876543210fedcba9876543210",
                        .text = "return 2"};

// A command is an array of texts, so the reader of replies reads it. All that were sent, in order.
std::vector<std::vector<std::string>> read_back(const std::string& bytes) {
  ReplyReader reader(1'000'000);
  reader.feed(bytes);
  std::vector<std::vector<std::string>> commands;
  while (const auto command = reader.next()) {
    auto& arguments = commands.emplace_back();
    for (const Reply& argument : command->elements) {
      EXPECT_EQ(argument.type, Reply::Type::string);
      arguments.push_back(argument.text);
    }
  }
  return commands;
}

using Commands = std::vector<std::vector<std::string>>;

TEST(Command, IsAnArrayOfTexts) {
  const std::string bytes("\0\r\n$", 4);
  const Command command = make_command("HSET", bytes, std::string(), 12, INT64_MIN, UINT32_MAX, true);
  EXPECT_EQ(read_back(command.bytes),
            (Commands{{"HSET", bytes, "", "12", "-9223372036854775808", "4294967295", "1"}}));
  EXPECT_EQ(command.argument_count, 7U);
  EXPECT_EQ(command.replies, 1U);
  EXPECT_EQ(command.script, nullptr);
  EXPECT_FALSE(command.idempotent);
  EXPECT_EQ(make_command("PING").bytes, "*1\r\n$4\r\nPING\r\n");
}

TEST(Command, ThatOnlyReadsMayBeSentAgain) {
  EXPECT_TRUE(make_query("GET", "a").idempotent);
  EXPECT_TRUE(ScriptCall(kOther, 0).idempotent().take().idempotent);
  EXPECT_FALSE(ScriptCall(kOther, 0).take().idempotent);
}

TEST(Command, CallsAScriptByItsHash) {
  const Command command = ScriptCall(kPaint, 3).add_all("k1", "k2").add("a").add(7).add("").take();
  EXPECT_EQ(command.argument_count, 8U);
  EXPECT_EQ(command.script, &kPaint);
  EXPECT_EQ(read_back(command.bytes),
            (Commands{{"EVALSHA", std::string(kPaint.sha1), "2", "k1", "k2", "a", "7", ""}}));
}

TEST(Command, CallsTheSameScriptByItsText) {
  const Command command = ScriptCall(kPaint, 1).add_all("k1", "k2").add(std::string("\r\n\0", 3)).take();
  EXPECT_EQ(read_back(with_script_text(command)),
            (Commands{{"EVAL", "return 1", "2", "k1", "k2", std::string("\r\n\0", 3)}}));
}

TEST(Transaction, SendsEachScriptsTextOnce) {
  const Command call = ScriptCall(kPaint, 0).add_all("k1", "k2").take();
  const Command other = ScriptCall(kOther, 0).take();
  Transaction transaction;
  EXPECT_EQ(transaction.size(), 0U);
  for (const Command& command : {call, make_command("GET", "a"), other, call, other})
    transaction.add(command);
  EXPECT_EQ(transaction.size(), 5U);
  const Command all = transaction.take();
  EXPECT_EQ(all.replies, 7U);
  EXPECT_EQ(read_back(all.bytes), (Commands{
                                      {"MULTI"},
                                      {"EVAL", "return 1", "2", "k1", "k2"},
                                      {"GET", "a"},
                                      {"EVAL", "return 2", "0"},
                                      {"EVALSHA", std::string(kPaint.sha1), "2", "k1", "k2"},
                                      {"EVALSHA", std::string(kOther.sha1), "0"},
                                      {"EXEC"},
                                  }));
}

}  // namespace
}  // namespace bullmq::detail
