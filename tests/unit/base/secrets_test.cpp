#include "shunt/base/secrets.hpp"

#include <gtest/gtest.h>
#include <sys/stat.h>
#include <sys/wait.h>
#include <unistd.h>

#include <cstdlib>
#include <filesystem>
#include <fstream>
#include <iterator>

#include "support/emulation.hpp"

namespace shunt::base {
namespace {

// In a process whose environment is the one that it was started with, as /proc shows it.
TEST(HiddenVariables, AreGoneFromTheProcessAndStillKnown) {
  if (testing::is_emulated()) GTEST_SKIP() << "starts itself";
  const char* const self = "/proc/self/exe";
  const pid_t child = ::fork();
  if (child == 0) {
    ::setenv("SHUNT_TEST_HIDE", "s3cret", 1);
    ::setenv("SHUNT_TEST_KEEP", "kept", 1);
    ::execl(self, "secrets", "--gtest_filter=HiddenVariables.DISABLED_inside",
            "--gtest_also_run_disabled_tests", nullptr);
    ::_exit(1);
  }
  int status = 0;
  ASSERT_EQ(::waitpid(child, &status, 0), child);
  EXPECT_EQ(WEXITSTATUS(status), 0);
}

TEST(HiddenVariables, DISABLED_inside) {
  const auto block = [] {
    std::ifstream file("/proc/self/environ", std::ios::binary);
    return std::string(std::istreambuf_iterator<char>(file), {});
  };
  if (std::getenv("SHUNT_TEST_HIDE") == nullptr) GTEST_SKIP() << "only from the test above";
  ASSERT_NE(block().find("s3cret"), std::string::npos);
  hide_variables({"SHUNT_TEST_HIDE", "SHUNT_TEST_ABSENT", ""});
  EXPECT_EQ(block().find("s3cret"), std::string::npos);
  EXPECT_NE(block().find("SHUNT_TEST_KEEP=kept"), std::string::npos);
  EXPECT_EQ(std::getenv("SHUNT_TEST_HIDE"), nullptr);
  EXPECT_EQ(environment_variable("SHUNT_TEST_HIDE"), "s3cret");
  EXPECT_EQ(environment_variable("SHUNT_TEST_KEEP"), "kept");
  EXPECT_EQ(environment_variable("SHUNT_TEST_ABSENT"), std::nullopt);
}

TEST(SecretFile, GivesItsFirstLineOrSaysWhatIsWrongWithIt) {
  const std::string path = ::testing::TempDir() + "shunt_secret_" + std::to_string(::getpid());
  const auto with = [&](const std::string& text) {
    std::ofstream(path, std::ios::binary) << text;
    return read_secret_file(path);
  };
  EXPECT_EQ(with("s3cret").value(), "s3cret");
  EXPECT_EQ(with("s3cret\r\nsecond").value(), "s3cret");
  EXPECT_EQ(with(" with blanks \n").value(), " with blanks ");
  for (const std::string& text : {std::string(), std::string("\nx"), std::string(17 * 1024, 'x')}) {
    const auto read = with(text);
    ASSERT_FALSE(read.ok()) << text.size();
    EXPECT_EQ(read.error().message.find("xxx"), std::string::npos) << "a secret is never quoted";
    EXPECT_TRUE(read.error().message.starts_with(path));
  }
  std::filesystem::remove(path);
  EXPECT_FALSE(read_secret_file(path).ok());
  EXPECT_FALSE(read_secret_file("/tmp").ok());
  ASSERT_EQ(::mkfifo(path.c_str(), 0600), 0);
  EXPECT_FALSE(read_secret_file(path).ok()) << "nobody writes to it";
  std::filesystem::remove(path);
}

}  // namespace
}  // namespace shunt::base
