#include <gmock/gmock.h>
#include <sys/stat.h>
#include <unistd.h>

#include "configuration_fixture.hpp"

namespace shunt::config {
namespace {

using testing::HasSubstr;

std::string file_with(const std::string& listen) {
  return "[server]\nlisten = \"" + listen + "\"\n" + kOneModel;
}

std::function<std::optional<std::string>(const std::string&)> only(const std::string& variable,
                                                                   const std::string& value) {
  return [=](const std::string& name) { return name == variable ? std::optional(value) : std::nullopt; };
}

// Each case runs in an empty current folder.
class ConfigFile : public testing::Test {
 protected:
  void SetUp() override {
    before_ = std::filesystem::current_path();
    std::filesystem::current_path(folder_.path());
  }
  void TearDown() override { std::filesystem::current_path(before_); }

  ScratchFolder folder_;
  std::filesystem::path before_;
};

TEST_F(ConfigFile, without_any_the_built_in_one_is_used) {
  const auto loaded = load({});
  ASSERT_TRUE(loaded.ok()) << loaded.error().message;
  EXPECT_EQ(loaded->file, "(built in)");
  EXPECT_EQ(loaded->configuration.models.size(), 2U);
}

TEST_F(ConfigFile, shunt_toml_of_the_current_folder_is_used) {
  folder_.write("shunt.toml", file_with("127.0.0.1:1"));
  const auto loaded = load({});
  ASSERT_TRUE(loaded.ok()) << loaded.error().message;
  EXPECT_EQ(loaded->file, "shunt.toml");
  EXPECT_EQ(loaded->configuration.server.port, 1);
  EXPECT_EQ(explained(*loaded, "server.listen").source, "shunt.toml:2");
}

TEST_F(ConfigFile, SHUNT_CONFIG_is_stronger_than_the_current_folder_and_the_flag_stronger_still) {
  folder_.write("shunt.toml", file_with("127.0.0.1:1"));
  const std::string second = folder_.write("second.toml", file_with("127.0.0.1:2"));
  Sources sources;
  sources.environment = only("SHUNT_CONFIG", second);
  auto loaded = load(sources);
  ASSERT_TRUE(loaded.ok()) << loaded.error().message;
  EXPECT_EQ(loaded->configuration.server.port, 2);
  EXPECT_EQ(loaded->file, second);

  sources.file = folder_.write("third.toml", file_with("127.0.0.1:3"));
  loaded = load(sources);
  ASSERT_TRUE(loaded.ok()) << loaded.error().message;
  EXPECT_EQ(loaded->configuration.server.port, 3);
}

TEST_F(ConfigFile, an_empty_SHUNT_CONFIG_counts_as_not_set) {
  Sources sources;
  sources.environment = only("SHUNT_CONFIG", "");
  const auto loaded = load(sources);
  ASSERT_TRUE(loaded.ok()) << loaded.error().message;
  EXPECT_EQ(loaded->file, "(built in)");
}

TEST_F(ConfigFile, a_file_that_was_asked_for_and_is_not_there_is_an_error_that_says_who_asked) {
  Sources by_flag;
  by_flag.file = "absent.toml";
  const auto first = load(by_flag);
  ASSERT_FALSE(first.ok());
  EXPECT_EQ(first.error().code, "invalid_configuration");
  EXPECT_THAT(first.error().message, HasSubstr("--config: cannot read absent.toml: No such file"));

  Sources by_variable;
  by_variable.environment = only("SHUNT_CONFIG", "absent.toml");
  const auto second = load(by_variable);
  ASSERT_FALSE(second.ok());
  EXPECT_THAT(second.error().message, HasSubstr("environment SHUNT_CONFIG: cannot read absent.toml"));
}

TEST_F(ConfigFile, a_folder_in_its_place_is_an_error) {
  Sources sources;
  sources.file = folder_.path().string();
  const auto loaded = load(sources);
  ASSERT_FALSE(loaded.ok());
  EXPECT_THAT(loaded.error().message, HasSubstr("it is a folder"));
}

TEST_F(ConfigFile, one_that_never_ends_is_an_error) {
  Sources sources;
  sources.file = "/dev/zero";
  const auto loaded = load(sources);
  ASSERT_FALSE(loaded.ok());
  EXPECT_THAT(loaded.error().message, HasSubstr("larger than 16MiB"));
}

}  // namespace
}  // namespace shunt::config
