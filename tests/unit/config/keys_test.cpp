#include <gmock/gmock.h>
#include <unistd.h>

#include <cstdlib>
#include <filesystem>
#include <fstream>

#include "configuration_fixture.hpp"
#include "shunt/base/digest.hpp"

namespace shunt::config {
namespace {

using testing::HasSubstr;
using testing::Not;

std::string key(const std::string& name, const std::string& secret, const std::string& more = "") {
  return "[[server.keys]]\nname = \"" + name + "\"\nsha256 = \"" + sha256_hex(secret) + "\"\n" + more;
}

TEST(Keys, have_hash_and_limits_of_their_own) {
  const Loaded loaded = Given(key("ci", "one",
                                  "max_concurrent = 2\nrequests_per_second = 0.5\nburst = 3\n"
                                  "max_body_bytes = \"8MiB\"\n") +
                              key("web", "two") + kOneModel)
                            .loaded();
  const auto& keys = loaded.configuration.server.keys;
  ASSERT_EQ(keys.size(), 2U);
  EXPECT_EQ(keys[0].name, "ci");
  EXPECT_EQ(keys[0].sha256_hex, sha256_hex("one"));
  EXPECT_EQ(keys[0].max_concurrent, 2U);
  EXPECT_EQ(keys[0].requests_per_second, 0.5);
  EXPECT_EQ(keys[0].burst, 3U);
  EXPECT_EQ(keys[0].max_body_bytes, std::size_t{8} << 20U);
  EXPECT_EQ(keys[1].name, "web");
  EXPECT_EQ(keys[1].requests_per_second, 0.0);
}

TEST(Keys, are_shown_without_their_hash) {
  const Loaded loaded = Given(key("ci", "one") + kOneModel).loaded();
  EXPECT_EQ(explained(loaded, "server.keys.ci.sha256").value, "(set)");
  EXPECT_EQ(short_source(explained(loaded, "server.keys.ci.sha256")), "shunt.toml:3");
}

TEST(Keys, mistakes_are_named) {
  const std::vector<std::pair<std::string, std::string>> kMistakes = {
      {"[server]\nkeys = \"x\"\n", "shunt.toml:2: server.keys must be [[server.keys]] tables; got \"x\""},
      {"[server.keys]\nname = \"x\"\n",
       "shunt.toml:1: server.keys must be [[server.keys]] tables; got a table"},
      {"[server]\nkeys = [1]\n", "shunt.toml:2: server.keys[0] must be a table; got 1"},
      {"[[server.keys]]\n", "shunt.toml:1: server.keys[0].name is missing"},
      {"[[server.keys]]\nname = \"\"\n",
       "shunt.toml:2: server.keys[0].name must be a text that is not empty"},
      {"[[server.keys]]\nname = \"ci\"\n",
       "server.keys.ci.sha256 is missing; it must be a SHA-256 as 64 lower-case"},
      {key("ci", "one") + key("ci", "two"), "shunt.toml:4: server.keys.ci.name is taken by an earlier key"},
      {key("ci", "one") + key("web", "one"), "server.keys.web.sha256 is that of the key \"ci\" already"},
      {key("ci", "one", "rate = 5\n"), "shunt.toml:4: server.keys.ci.rate is not a setting"},
      {key("ci", "one", "requests_per_second = -1\n"), "from 0 to 1000000 (0: no limit); got -1"},
  };
  for (const auto& [text, expected] : kMistakes) {
    EXPECT_THAT(Given(text + kOneModel).mistakes(), HasSubstr(expected)) << text;
  }
}

class KeyFiles : public testing::Test {
 protected:
  KeyFiles() {
    std::string name = "/tmp/shunt-key-file-XXXXXX";
    ::close(::mkstemp(name.data()));
    path_ = name;
  }
  ~KeyFiles() override { std::filesystem::remove(path_); }

  std::string holding(const std::string& text, const std::string& more = "") {
    std::ofstream(path_, std::ios::binary) << text;
    return "[[server.keys]]\nname = \"ci\"\nsha256_file = \"" + path_ + "\"\n" + more + kOneModel;
  }

  std::string path_;
};

TEST_F(KeyFiles, a_hash_may_come_from_a_file) {
  for (const char* end : {"", "\n", "\r\n"}) {
    const Loaded loaded = Given(holding(sha256_hex("one") + end)).loaded();
    EXPECT_EQ(loaded.configuration.server.keys.at(0).sha256_hex, sha256_hex("one"));
  }
}

TEST_F(KeyFiles, a_file_that_holds_no_hash_is_named_and_not_quoted) {
  for (const std::string& text : {std::string("sk-hunter2"), std::string(), std::string(1 << 20, 'a')}) {
    const std::string message = Given(holding(text)).mistakes();
    EXPECT_THAT(message, HasSubstr("server.keys.ci.sha256_file names \"" + path_ + '"'));
    EXPECT_THAT(message, Not(HasSubstr("hunter2")));
  }
  EXPECT_THAT(Given(holding("", "sha256 = \"" + sha256_hex("one") + "\"\n")).mistakes(),
              HasSubstr("server.keys.ci.sha256 and sha256_file cannot both be given"));
}

TEST(Keys, a_key_in_place_of_its_hash_is_refused_and_not_repeated) {
  const std::string message =
      Given("[[server.keys]]\nname = \"ci\"\nsha256 = \"sk-hunter2\"\n" + std::string(kOneModel)).mistakes();
  EXPECT_THAT(message, HasSubstr("shunt.toml:3: server.keys.ci.sha256 must be a SHA-256"));
  EXPECT_THAT(message, Not(HasSubstr("hunter2")));
}

}  // namespace
}  // namespace shunt::config
