#include <gmock/gmock.h>

#include "configuration_fixture.hpp"

namespace shunt::config {
namespace {

using ::testing::Contains;
using ::testing::ElementsAre;
using ::testing::IsEmpty;
using ::testing::Pair;

const std::string kHash(64, 'a');
const std::string kOtherHash(64, 'b');

std::string key(const std::string& name, const std::string& hash, const std::string& more = {}) {
  return "[[server.keys]]\nname = \"" + name + "\"\nsha256 = \"" + hash + "\"\n" + more;
}

TEST(Reload, takes_keys_limits_and_the_log_level_and_leaves_the_rest) {
  const Loaded running = Given(std::string(kOneModel) +
                               "[server]\nmax_connections = 10\nlisten = \"127.0.0.1:1\"\n"
                               "[store]\nmax_generations = 5\n" +
                               key("ann", kHash))
                             .loaded();
  const Loaded fresh =
      Given(
          "[log]\nlevel = \"debug\"\n[models.simulator]\ndriver = \"simulator\"\nconcurrency = 7\n"
          "[server]\nmax_connections = 20\nlisten = \"127.0.0.1:2\"\n[store]\nmax_generations = 6\n" +
          key("ann", kOtherHash) + key("bob", kHash, "scopes = [\"metrics\"]\n"))
          .loaded();
  const Reload made = reload(running, fresh);
  const Configuration& now = made.merged.configuration;
  EXPECT_EQ(now.server.max_connections, 20U);
  EXPECT_EQ(now.server.port, 1);
  EXPECT_EQ(now.store.max_generations, 5U);
  EXPECT_EQ(now.log_level, log::Level::kDebug);
  ASSERT_EQ(now.server.keys.size(), 2U);
  EXPECT_EQ(now.server.keys.front().sha256_hex, kOtherHash);
  EXPECT_THAT(made.taken, Contains("server.max_connections"));
  EXPECT_THAT(made.taken, Contains("server.keys.ann.sha256")) << "a secret that changed has changed";
  EXPECT_THAT(made.taken, Contains("server.keys.bob")) << "one line for a new key";
  EXPECT_THAT(made.taken, Contains("models.simulator.concurrency"));
  EXPECT_EQ(now.models.front().model.concurrency, 7U);
  EXPECT_THAT(made.kept, ElementsAre("server.listen", "store.max_generations"));
  const Reload again = reload(made.merged, fresh);
  EXPECT_THAT(again.taken, IsEmpty());
  EXPECT_EQ(again.kept, made.kept) << "what waits for a restart goes on waiting";
}

TEST(Reload, names_models_that_came_and_went_once) {
  const Loaded running = Given(kOneModel).loaded();
  const Loaded fresh = Given("[models.other]\ndriver = \"simulator\"\n").loaded();
  const Reload made = reload(running, fresh);
  EXPECT_THAT(made.taken, ElementsAre("default_model", "models.other", "models.simulator"));
  EXPECT_THAT(made.kept, IsEmpty());
  EXPECT_THAT(made.models,
              ElementsAre(Pair("other", ModelChange::kAdded), Pair("simulator", ModelChange::kRemoved)));
  EXPECT_EQ(made.merged.configuration.models.front().model.name, "other");
  EXPECT_THAT(made.changes, Contains(SettingChange{"models.other", std::nullopt, "", true}));
  EXPECT_THAT(made.changes, Contains(SettingChange{"models.simulator", "", std::nullopt, true}));
}

TEST(Reload, tells_what_runs_a_model_from_its_limits) {
  const std::string head = "[models.chat]\ndriver = \"openai\"\nbase_url = \"http://a/v1\"\nmodel = \"m\"\n";
  struct Case {
    const char* more;
    std::optional<ModelChange> change;
  };
  for (const Case& each :
       {Case{"", std::nullopt}, Case{"concurrency = 9\n", ModelChange::kLimits},
        Case{"description = \"d\"\n", ModelChange::kLimits}, Case{"timeout = \"3s\"\n", ModelChange::kLimits},
        Case{"limits.max_events = 99\n", ModelChange::kLimits},
        Case{"on_lost = \"fail\"\n", ModelChange::kLimits},
        Case{"sticky_field = \"user\"\n", ModelChange::kGenerator},
        Case{"api_key_env = \"KEY\"\n", ModelChange::kGenerator},
        Case{"unlisted_input = \"refuse\"\n", ModelChange::kGenerator},
        Case{"input.prompt.type = \"string\"\n", ModelChange::kGenerator}}) {
    const Reload made = reload(Given(head).loaded(), Given(head + each.more).loaded());
    const auto found = made.models.find("chat");
    EXPECT_EQ(found == made.models.end() ? std::optional<ModelChange>() : found->second, each.change)
        << each.more;
    EXPECT_THAT(made.kept, IsEmpty()) << each.more;
    EXPECT_EQ(made.taken.empty(), !each.change) << each.more;
  }
}

TEST(Reload, sees_that_a_file_has_another_secret) {
  const std::string text =
      "[models.chat]\ndriver = \"openai\"\nbase_url = \"http://a/v1\"\nmodel = \"m\"\napi_key_file = "
      "\"/key\"\n";
  const auto with = [&text](const char* digest) {
    Loaded loaded = Given(text).loaded();
    for (Explained& each : loaded.explained) {
      if (each.name == "models.chat.api_key_file") each.secrets = digest;
    }
    return loaded;
  };
  EXPECT_TRUE(reload(with("one"), with("one")).models.empty());
  const Reload made = reload(with("one"), with("two"));
  EXPECT_THAT(made.models, ElementsAre(Pair("chat", ModelChange::kGenerator)));
  EXPECT_THAT(made.taken, ElementsAre("models.chat.api_key_file"));
  EXPECT_EQ(digest_of(with("one")), digest_of(with("two"))) << "processes that run the same look the same";
}

TEST(Reload, a_digest_goes_by_values_and_not_by_where_they_came_from) {
  const Loaded file = Given("[log]\nlevel = \"debug\"\n" + std::string(kOneModel)).loaded();
  const Loaded variable = Given(kOneModel).variable("SHUNT_LOG_LEVEL", "debug").loaded();
  EXPECT_EQ(digest_of(file), digest_of(variable));
  EXPECT_NE(digest_of(file), digest_of(Given(kOneModel).loaded()));
}

TEST(Reload, of_the_same_changes_nothing) {
  const std::string text = kOneModel + key("ann", kHash);
  const Reload made = reload(Given(text).loaded(), Given(text).loaded());
  EXPECT_THAT(made.taken, IsEmpty());
  EXPECT_THAT(made.kept, IsEmpty());
}

TEST(Reload, sees_a_secret_that_changed) {
  const auto with = [](const char* password) {
    return Given(kOneModel).variable("REDIS_URL", std::string("redis://:") + password + "@host").loaded();
  };
  EXPECT_THAT(reload(with("one"), with("two")).kept, ElementsAre("redis.url"));
}

TEST(Neighbours, lists_are_exact) {
  EXPECT_EQ(Given(std::string(kOneModel) + "[server]\nallowed_hosts = [\"api\", \"10.0.0.1\"]\n").mistakes(),
            "");
  for (const char* wrong :
       {"allowed_hosts = [\"*\"]", "allowed_hosts = [\"http://a\"]", "cors_origins = [\"*\"]",
        "cors_origins = [\"null\"]", "cors_origins = [\"https://a/\"]", "trusted_proxies = [\"proxy\"]",
        "trusted_proxies = [\"10.0.0.0/99\"]"}) {
    EXPECT_NE(Given(std::string(kOneModel) + "[server]\n" + wrong + "\n").mistakes(), "") << wrong;
  }
  const Loaded loaded = Given(kOneModel).variable("SHUNT_SERVER_ALLOWED_HOSTS", "api,shunt").loaded();
  EXPECT_THAT(loaded.configuration.server.allowed_hosts, ElementsAre("api", "shunt"));
}

TEST(Neighbours, a_key_names_scopes_and_models_that_there_are) {
  EXPECT_EQ(
      Given(kOneModel + key("ann", kHash, "scopes = [\"generate\", \"admin\"]\nmodels = [\"simulator\"]\n"))
          .mistakes(),
      "");
  EXPECT_THAT(Given(kOneModel + key("ann", kHash, "scopes = [\"root\"]\n")).mistakes(),
              ::testing::HasSubstr("\"generate\", \"metrics\", \"status\", \"admin\""));
  EXPECT_THAT(Given(kOneModel + key("ann", kHash, "models = [\"simulatr\"]\n")).mistakes(),
              ::testing::HasSubstr("did you mean \"simulator\""));
}

}  // namespace
}  // namespace shunt::config
