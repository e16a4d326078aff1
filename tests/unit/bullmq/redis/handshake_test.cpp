#include "redis/handshake.hpp"

#include <gtest/gtest.h>

#include <functional>

#include "bullmq/error.hpp"
#include "redis/reply_reader.hpp"
#include "support/redis_replies.hpp"

namespace bullmq::detail {
namespace {

using replies::array;
using replies::error;
using replies::integer;
using replies::nil;
using replies::status;
using replies::text;

// The commands that are said, as texts with spaces.
std::vector<std::string> said(const Handshake& handshake) {
  ReplyReader reader(100'000);
  reader.feed(handshake.bytes);
  std::vector<std::string> commands;
  while (const auto command = reader.next()) {
    std::string line;
    for (const Reply& argument : command->elements) line += (line.empty() ? "" : " ") + argument.text;
    commands.push_back(line);
  }
  return commands;
}

TEST(Handshake, SaysWhatTheOptionsAskFor) {
  ConnectionOptions options;
  const std::vector<std::string> bare{"CLIENT ID", "ROLE", "INFO server", "PING"};
  EXPECT_EQ(said(make_handshake(options)), bare);

  // One without a password logs in all the same: its user may be a "nopass" one.
  options.username = "me";
  EXPECT_EQ(said(make_handshake(options)).front(), "AUTH me ");

  options.password = "secret";
  options.database = 3;
  options.client_name = "bull:cQ==";
  std::vector<std::string> full{"AUTH me secret", "SELECT 3", "CLIENT SETNAME bull:cQ=="};
  full.insert(full.end(), bare.begin(), bare.end());
  EXPECT_EQ(said(make_handshake(options)), full);
  EXPECT_EQ(make_handshake(options).steps.size(), full.size());

  options.username.clear();
  EXPECT_EQ(said(make_handshake(options)).front(), "AUTH secret");
}

ConnectionOptions full_options() {
  ConnectionOptions options;
  options.password = "secret";
  options.database = 3;
  options.client_name = "name";
  return options;
}

// The answers of a healthy primary; one may be replaced.
std::vector<Reply> answers_with(Handshake::Step step, const Reply& answer) {
  std::vector<Reply> answers;
  for (const auto each : make_handshake(full_options()).steps) {
    using Step = Handshake::Step;
    Reply good = status("OK");
    if (each == Step::client_id) good = integer(42);
    if (each == Step::role) good = array({text("master"), integer(0), array({})});
    if (each == Step::info) good = text("# Server\r\nredis_version:7.0.15\r\nredis_mode:standalone\r\n");
    if (each == Step::ping) good = status("PONG");
    answers.push_back(each == step ? answer : good);
  }
  return answers;
}

HandshakeResult judged(Handshake::Step step, const Reply& answer,
                       const ConnectionOptions& options = full_options()) {
  return judge_handshake(make_handshake(full_options()), answers_with(step, answer), options);
}

TEST(Handshake, TellsTheVersionAndTheId) {
  const HandshakeResult result = judged(Handshake::Step::ping, status("PONG"));
  EXPECT_EQ(result.version, (ServerVersion{7, 0, 15}));
  EXPECT_EQ(result.client_id, 42);
}

struct Answer {
  Handshake::Step step;
  Reply reply;
  const char* message;  // empty: accepted
};

TEST(Handshake, IsJudgedByEveryAnswer) {
  using Step = Handshake::Step;
  const char* const noperm = "NOPERM this user has no permissions to run the 'x' command";
  const char* const unknown = "ERR unknown command 'client', with args beginning with: ";
  const char* const loading = "LOADING Redis is loading the dataset in memory";
  const char* const replica =
      "the server is a replica, which takes no writes: give the address of its primary";
  const Answer answers[] = {
      {Step::auth, error("WRONGPASS invalid username-password pair or user is disabled."),
       "WRONGPASS invalid username-password pair or user is disabled."},
      {Step::auth, error("ERR Client sent AUTH, but no password is set"),
       "ERR Client sent AUTH, but no password is set"},
      {Step::select, error("ERR DB index is out of range"), "ERR DB index is out of range"},
      {Step::select, error(noperm), noperm},
      {Step::set_name, error(noperm), ""},
      {Step::set_name, error(unknown), ""},
      {Step::set_name, error("ERR Client names cannot contain spaces, newlines or special characters."),
       "ERR Client names cannot contain spaces, newlines or special characters."},
      {Step::client_id, error(noperm), ""},
      {Step::client_id, nil(), ""},
      {Step::role, error(noperm), ""},
      {Step::role, error(unknown), ""},
      {Step::role, error(loading), loading},
      {Step::role, error("NOAUTH Authentication required."), "NOAUTH Authentication required."},
      {Step::role, array({text("slave"), text("10.0.0.1"), integer(6379)}), replica},
      {Step::role, array({text("master")}), ""},
      {Step::role, array({}), ""},
      {Step::role, nil(), ""},
      {Step::info, error(noperm), ""},
      {Step::info, nil(), ""},
      {Step::info, text(""), ""},
      {Step::info, text("redis_version:5.0.0"), ""},
      {Step::info, text("redis_version:4.0.14\r\n"),
       "Redis version needs to be greater or equal than 5.0.0 Current: 4.0.14"},
      {Step::ping, error(loading), loading},
      {Step::ping, error("MASTERDOWN Link with MASTER is down"), "MASTERDOWN Link with MASTER is down"},
  };
  for (const Answer& answer : answers) {
    std::string message;
    try {
      (void)judged(answer.step, answer.reply);
    } catch (const Error& refused) {
      message = refused.what();
    }
    EXPECT_EQ(message, answer.message) << answer.reply.text;
  }
}

TEST(Handshake, AcceptsAReplicaAndAnOldServerWhenItIsTold) {
  ConnectionOptions options = full_options();
  options.allow_replica = true;
  options.skip_version_check = true;
  EXPECT_NO_THROW((void)judged(Handshake::Step::role, array({text("slave")}), options));
  EXPECT_EQ(judged(Handshake::Step::info, text("redis_version:2.8.0"), options).version,
            (ServerVersion{2, 8, 0}));
}

TEST(Handshake, FindsTheVersionInInfo) {
  const std::pair<const char*, ServerVersion> infos[] = {
      {"redis_version:7.0.15", {7, 0, 15}},
      {"# Server\r\nredis_version:6.2\r\n", {6, 2, 0}},
      {"redis_version:7", {7, 0, 0}},
      {"redis_version:7.2.4-rc1\r\n", {7, 2, 4}},
      {"redis_version:255.255.255\n", {255, 255, 255}},
      {"redis_version:", {}},
      {"redis_version:x.y.z", {}},
      {"redis_version:99999999999.1.1", {}},
      {"redis_version:7..1", {7, 0, 0}},
      {"", {}},
      {"valkey_version:8.0.0\r\nredis_version:7.2.4\r\n", {7, 2, 4}},
  };
  for (const auto& [info, version] : infos) EXPECT_EQ(parse_version(info), version) << info;
}

}  // namespace
}  // namespace bullmq::detail
