#include <gmock/gmock.h>

#include "configuration_fixture.hpp"

namespace shunt::config {
namespace {

const std::string kListens = "server.listen = \"127.0.0.1:1\"\n" + std::string(kOneModel);

TEST(Precedence, a_setting_nobody_gives_has_its_default) {
  const Loaded loaded = Given(kOneModel).loaded();
  EXPECT_EQ(loaded.configuration.server.address, "127.0.0.1");
  EXPECT_EQ(loaded.configuration.server.port, 8080);
  EXPECT_EQ(explained(loaded, "server.listen").value, "\"127.0.0.1:8080\"");
  EXPECT_EQ(explained(loaded, "server.listen").source, "default");
}

TEST(Precedence, the_file_beats_the_default) {
  const Loaded loaded = Given(kListens).loaded();
  EXPECT_EQ(loaded.configuration.server.port, 1);
  EXPECT_EQ(short_source(explained(loaded, "server.listen")), "shunt.toml:1");
}

TEST(Precedence, the_environment_beats_the_file) {
  const Loaded loaded = Given(kListens).variable("SHUNT_SERVER_LISTEN", "127.0.0.1:2").loaded();
  EXPECT_EQ(loaded.configuration.server.port, 2);
  EXPECT_EQ(explained(loaded, "server.listen").source, "environment SHUNT_SERVER_LISTEN");
}

TEST(Precedence, a_flag_beats_the_environment) {
  const Loaded loaded = Given(kListens)
                            .variable("SHUNT_SERVER_LISTEN", "127.0.0.1:2")
                            .flag("server.listen", "[::1]:3")
                            .loaded();
  EXPECT_EQ(loaded.configuration.server.address, "::1");
  EXPECT_EQ(loaded.configuration.server.port, 3);
  EXPECT_EQ(explained(loaded, "server.listen").value, "\"[::1]:3\"");
  EXPECT_EQ(explained(loaded, "server.listen").source, "--listen");
}

TEST(Precedence, of_two_flags_the_last_one_counts) {
  const Loaded loaded = Given(kOneModel).flag("log.level", "warn").flag("log.level", "debug").loaded();
  EXPECT_EQ(loaded.configuration.log_level, log::Level::kDebug);
  EXPECT_EQ(explained(loaded, "log.level").source, "--set log.level");
}

TEST(Precedence, an_empty_variable_counts_as_not_set) {
  const Loaded loaded =
      Given(kListens).variable("SHUNT_SERVER_LISTEN", "").variable("QUEUE_ENABLED", "").loaded();
  EXPECT_EQ(loaded.configuration.server.port, 1);
  EXPECT_FALSE(loaded.configuration.queue_enabled);
}

TEST(Precedence, a_wrong_value_in_the_file_is_a_mistake_even_when_the_environment_overrides_it) {
  EXPECT_THAT(Given("server.listen = 5\n" + std::string(kOneModel))
                  .variable("SHUNT_SERVER_LISTEN", "127.0.0.1:2")
                  .mistakes(),
              testing::StartsWith("shunt.toml:1: server.listen must be"));
}

TEST(Precedence, a_flag_sets_what_a_model_has) {
  const Loaded loaded =
      Given("[models.\"a.b\"]\ndriver = \"simulator\"\n[models.a]\ndriver = \"simulator\"\n")
          .flag("models.a.concurrency", "7")
          .flag("models.\"a.b\".spread", "0.5")
          .loaded();
  EXPECT_EQ(loaded.configuration.models.at(1).model.concurrency, 7U);
  EXPECT_EQ(std::get<SimulatorOptions>(loaded.configuration.models.at(0).driver).spread, 0.5);
  EXPECT_EQ(explained(loaded, "models.a.concurrency").source, "--set models.a.concurrency");
}

TEST(Precedence, a_flag_may_name_a_model_without_quotes) {
  const Given two_models =
      Given("[models.\"a.b\"]\ndriver = \"simulator\"\n[models.a]\ndriver = \"simulator\"\n");
  const Loaded loaded =
      Given(two_models).flag("models.a.b.concurrency", "7").flag("models.a.concurrency", "8").loaded();
  EXPECT_EQ(loaded.configuration.models.at(0).model.concurrency, 7U);
  EXPECT_EQ(loaded.configuration.models.at(1).model.concurrency, 8U);
}

TEST(Precedence, the_queue_switch_comes_from_QUEUE_ENABLED_and_REDIS_URL) {
  const Loaded loaded =
      Given("queue.enabled = false\nredis.url = \"redis://file\"\n" + std::string(kOneModel))
          .variable("QUEUE_ENABLED", "true")
          .variable("REDIS_URL", "redis://app:hunter2@redis.internal:6379/0")
          .loaded();
  EXPECT_TRUE(loaded.configuration.queue_enabled);
  EXPECT_EQ(loaded.configuration.queue.redis_url, "redis://app:hunter2@redis.internal:6379/0");
  EXPECT_EQ(explained(loaded, "redis.url").value, "\"redis://app:***@redis.internal:6379/0\"");
  EXPECT_EQ(explained(loaded, "redis.url").source, "environment REDIS_URL");
}

TEST(Precedence, a_boolean_variable_takes_eight_words_in_any_case) {
  for (const auto* word : {"true", "1", "yes", "on", "TRUE", "On"}) {
    EXPECT_TRUE(Given(kOneModel).variable("QUEUE_ENABLED", word).loaded().configuration.queue_enabled)
        << word;
  }
  for (const auto* word : {"false", "0", "no", "off", "False"}) {
    EXPECT_FALSE(Given(kOneModel).variable("QUEUE_ENABLED", word).loaded().configuration.queue_enabled)
        << word;
  }
}

}  // namespace
}  // namespace shunt::config
