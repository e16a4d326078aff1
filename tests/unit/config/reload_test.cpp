#include <gmock/gmock.h>

#include "configuration_fixture.hpp"

namespace shunt::config {
namespace {

using ::testing::Contains;
using ::testing::ElementsAre;
using ::testing::IsEmpty;

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
  EXPECT_THAT(made.kept,
              ElementsAre("server.listen", "store.max_generations", "models.simulator.concurrency"));
  const Reload again = reload(made.merged, fresh);
  EXPECT_THAT(again.taken, IsEmpty());
  EXPECT_EQ(again.kept, made.kept) << "what waits for a restart goes on waiting";
}

TEST(Reload, names_models_that_came_and_went_once) {
  const Loaded running = Given(kOneModel).loaded();
  const Loaded fresh = Given("[models.other]\ndriver = \"simulator\"\n").loaded();
  const Reload made = reload(running, fresh);
  EXPECT_THAT(made.kept, Contains("models.other"));
  EXPECT_THAT(made.kept, Contains("models.simulator"));
  EXPECT_EQ(made.merged.configuration.models.front().model.name, "simulator");
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
