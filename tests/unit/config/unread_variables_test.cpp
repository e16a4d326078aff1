#include "unread_variables.hpp"

#include <gmock/gmock.h>

#include <optional>

#include "configuration_fixture.hpp"

namespace shunt::config {
namespace {

using testing::ElementsAre;
using testing::IsEmpty;

const std::vector<SettingVariable> kSettings{{"server.listen", "SHUNT_SERVER_LISTEN"},
                                             {"queue.enabled", "QUEUE_ENABLED"},
                                             {"redis.url", "REDIS_URL"},
                                             {"roles", "SHUNT_ROLES"}};

struct Case {
  std::string name;
  std::string advice;  // "": it is left alone
};

TEST(UnreadVariables, are_those_that_were_meant_for_a_setting) {
  for (const Case& each : std::vector<Case>{
           {"SHUNT_QUEUE_ENABLED", "Did you mean QUEUE_ENABLED?"},
           {"SHUNT_REDIS_URL", "Did you mean REDIS_URL?"},
           {"SHUNT_SERVR_LISTEN", "Did you mean SHUNT_SERVER_LISTEN?"},
           {"SHUNT_LISTEN", "Did you mean SHUNT_SERVER_LISTEN?"},
           {"SHUNT_ROLE", "Did you mean SHUNT_ROLES?"},
           {"SHUNT_MODELS_CHAT_CONCURRENCY",
            "A model's settings come from the file or by --set models.NAME.SETTING=VALUE."},
           {"SHUNT_SERVER_LISTEN", ""},
           {"SHUNT_BIN", ""},
           {"SHUNT_", ""},
           {"SHUNT_" + std::string(100'000, 'A'), ""},
           {"QUEUE_ENABLE", ""},
           {"SHUNT_PORT", ""},
           {"SHUNT_PORT_8080_TCP_ADDR", ""},
           {"SHUNT_REDIS_SERVICE_HOST", ""},
           {"SHUNT_REDIS_SERVICE_PORT", ""},
           {"SHUNT_ROLEZ", ""},
       }) {
    const std::vector<std::string> used{"SHUNT_ROLEZ"};
    const auto unread = unread_variables({each.name}, kSettings, used);
    if (each.advice.empty()) {
      EXPECT_THAT(unread, IsEmpty()) << each.name.substr(0, 80);
    } else {
      EXPECT_THAT(unread, ElementsAre(UnreadVariable{each.name, each.advice}));
    }
  }
}

TEST(UnreadVariables, are_told_with_the_configuration_that_was_loaded) {
  const ScratchFolder folder;
  Sources sources;
  sources.file = folder.write("shunt.toml",
                              "[models.m]\ndriver = \"command\"\nargv = [\"true\"]\n"
                              "pass_environment = [\"SHUNT_ROLEZ\"]\n");
  sources.environment = [](const std::string&) -> std::optional<std::string> { return std::nullopt; };
  sources.variables = {"PATH",          "SHUNT_STRATGY",       "SHUNT_CONFIG",
                       "SHUNT_API_KEY", "SHUNT_QUEUE_ENABLED", "SHUNT_ROLEZ"};
  const auto loaded = load(sources);
  ASSERT_TRUE(loaded.ok());
  EXPECT_THAT(loaded->unread_variables,
              ElementsAre(UnreadVariable{"SHUNT_QUEUE_ENABLED", "Did you mean QUEUE_ENABLED?"},
                          UnreadVariable{"SHUNT_STRATGY", "Did you mean SHUNT_STRATEGY?"}));
}

}  // namespace
}  // namespace shunt::config
