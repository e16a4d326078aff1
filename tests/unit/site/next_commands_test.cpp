#include "shunt/site/next_commands.hpp"

#include <gmock/gmock.h>

namespace shunt::site {
namespace {

using testing::ElementsAre;

ConfigurationPlan plan_for(ModelUse use, const std::string& name) {
  ConfigurationPlan plan;
  ProposedModel model;
  model.name = name;
  model.use = use;
  plan.models = {model};
  return plan;
}

TEST(NextCommands, look_generate_and_serve) {
  EXPECT_THAT(next_commands(plan_for(ModelUse::kChat, "tiny"), "shunt.toml"),
              ElementsAre("shunt doctor", "shunt generate --model tiny \"Good morning\"", "shunt serve"));
}

TEST(NextCommands, name_a_file_that_is_not_found_by_itself) {
  EXPECT_THAT(
      next_commands(plan_for(ModelUse::kTranscription, "x"), "/etc/my shunt.toml"),
      ElementsAre("shunt doctor --config '/etc/my shunt.toml'",
                  "shunt generate --model x --file audio=@recording.wav --config '/etc/my shunt.toml'",
                  "shunt serve --config '/etc/my shunt.toml'"));
}

TEST(ShellWord, stays_one_word) {
  EXPECT_EQ(shell_word("a/b.toml"), "a/b.toml");
  EXPECT_EQ(shell_word(""), "''");
  EXPECT_EQ(shell_word("it's; rm"), "'it'\\''s; rm'");
}

TEST(Loopback, is_what_other_machines_cannot_reach) {
  for (const char* listen : {"127.0.0.1:8080", "127.9.9.9:1", "[::1]:80", "localhost:80"})
    EXPECT_TRUE(is_loopback(listen)) << listen;
  for (const char* listen : {"0.0.0.0:8080", "[::]:80", "10.0.0.1:80", ":80", ""})
    EXPECT_FALSE(is_loopback(listen)) << listen;
}

}  // namespace
}  // namespace shunt::site
