#include "drivers/openai/upstream_headers.hpp"

#include <gmock/gmock.h>

#include <cstdlib>
#include <filesystem>
#include <fstream>

#include "drivers/openai/upstream.hpp"

namespace shunt::generation::openai {
namespace {

using ::testing::Contains;
using ::testing::ElementsAre;
using ::testing::HasSubstr;
using ::testing::Not;
using ::testing::StartsWith;

OpenAiOptions options() {
  OpenAiOptions given;
  given.base_url = "https://name.openai.azure.com/openai/deployments/dep";
  given.model = "tiny";
  return given;
}

class SetVariable {
 public:
  SetVariable(const char* name, const char* value) : name_(name) { setenv(name, value, 1); }
  ~SetVariable() { unsetenv(name_); }
  SetVariable(const SetVariable&) = delete;
  SetVariable& operator=(const SetVariable&) = delete;

 private:
  const char* name_;
};

TEST(UpstreamHeaders, CarryAzuresKeyAndVersion) {
  const SetVariable key("SHUNT_TEST_AZURE", "hunter2hunter2");
  OpenAiOptions given = options();
  given.api_key_env = "SHUNT_TEST_AZURE";
  given.api_key_header = "api-key";
  given.query = {{"api-version", "2024-10-21"}, {"a&b", "c d/\xC3\xA9"}};
  const auto upstream = make_upstream(given);
  ASSERT_TRUE(upstream.ok()) << upstream.error().message;
  EXPECT_EQ(upstream->url,
            "https://name.openai.azure.com/openai/deployments/dep/chat/completions?a%26b=c%20d%2F%C3%A9&"
            "api-version=2024-10-21");
  EXPECT_THAT(request_headers(*upstream, {}), Contains("api-key: hunter2hunter2"));
  EXPECT_THAT(request_headers(*upstream, {}), Not(Contains(StartsWith("Authorization"))));
  EXPECT_THAT(upstream->secrets, ElementsAre("hunter2hunter2"));
}

TEST(UpstreamHeaders, ComeFromTheFileTheEnvironmentAndSecretFiles) {
  const SetVariable key("SHUNT_TEST_TEAM", " team-secret\n");
  const std::string path = ::testing::TempDir() + "shunt-header-" + std::to_string(::getpid());
  std::ofstream(path) << "file-secret\n";
  OpenAiOptions given = options();
  given.headers = {{"X-Title", "Shunt"}, {"Authorization", "Basic dXNlcjpwdw=="}, {"User-Agent", "mine/1"}};
  given.headers_env = {{"X-Team", "SHUNT_TEST_TEAM"}};
  given.headers_file = {{"X-File", path}};
  const auto upstream = make_upstream(given);
  std::filesystem::remove(path);
  ASSERT_TRUE(upstream.ok()) << upstream.error().message;
  const auto headers = request_headers(*upstream, {});
  for (const char* const line : {"X-Title: Shunt", "Authorization: Basic dXNlcjpwdw==", "X-Team: team-secret",
                                 "X-File: file-secret", "User-Agent: mine/1"}) {
    EXPECT_THAT(headers, Contains(line));
  }
  EXPECT_THAT(headers, Not(Contains("User-Agent: shunt")));
  for (const char* const secret : {"team-secret", "file-secret", "dXNlcjpwdw=="}) {
    EXPECT_THAT(upstream->secrets, Contains(secret));
  }
  EXPECT_THAT(upstream->secrets, Not(Contains("Shunt")));
}

TEST(UpstreamHeaders, RefuseWhatCouldBringAnotherHeaderOrContradictTheDriver) {
  const std::pair<std::string, std::string> wrong[] = {{"X-A", "hunter2\r\nX-Evil: 1"},
                                                       {"X-A", "hunter2\nX-Evil: 1"},
                                                       {"X-A", std::string("hunter2\0x", 9)},
                                                       {"X-A", "hunter2\xC3\xA9"},
                                                       {"X-A", ""},
                                                       {"X-A\r\nX-Evil", "hunter2"},
                                                       {"X A", "hunter2"},
                                                       {"X-A:", "hunter2"},
                                                       {"", "hunter2"},
                                                       {"Content-Length", "5"},
                                                       {"content-type", "text/plain"},
                                                       {"Host", "evil"},
                                                       {"transfer-ENCODING", "chunked"},
                                                       {"Connection", "close"},
                                                       {"Expect", "100-continue"},
                                                       {"traceparent", "00"},
                                                       {"X-A", std::string(20'000, 'h')}};
  for (const auto& [name, value] : wrong) {
    OpenAiOptions given = options();
    given.headers = {{name, value}};
    const auto upstream = make_upstream(given);
    ASSERT_FALSE(upstream.ok()) << name << ": " << value;
    EXPECT_EQ(upstream.error().code, "invalid_configuration");
    EXPECT_EQ(upstream.error().details.at("field"), "/headers") << name;
    EXPECT_THAT(upstream.error().message, Not(HasSubstr("hunter2")));
  }
  OpenAiOptions from_env = options();
  const SetVariable evil("SHUNT_TEST_EVIL", "hunter2\r\nX-Evil: 1");
  from_env.headers_env = {{"X-A", "SHUNT_TEST_EVIL"}};
  const auto upstream = make_upstream(from_env);
  ASSERT_FALSE(upstream.ok());
  EXPECT_EQ(upstream.error().details.at("field"), "/headers_env");
  EXPECT_THAT(upstream.error().message, Not(HasSubstr("hunter2")));
}

TEST(UpstreamHeaders, RefuseTheSameHeaderTwice) {
  const SetVariable key("SHUNT_TEST_KEY2", "sk-1234");
  OpenAiOptions given = options();
  given.api_key_env = "SHUNT_TEST_KEY2";
  given.headers = {{"authorization", "Bearer other"}};
  EXPECT_FALSE(make_upstream(given).ok());
  given.api_key_header = "api-key";
  EXPECT_TRUE(make_upstream(given).ok());
  given.headers_env = {{"API-Key", "SHUNT_TEST_KEY2"}};
  EXPECT_FALSE(make_upstream(given).ok());
}

TEST(UpstreamHeaders, NameTheVariableOrFileThatIsMissing) {
  OpenAiOptions given = options();
  given.headers_env = {{"X-A", "SHUNT_TEST_NOT_SET"}};
  EXPECT_THAT(make_upstream(given).error().message, HasSubstr("SHUNT_TEST_NOT_SET"));
  given.headers_env.clear();
  given.headers_file = {{"X-A", "/nonexistent/key"}};
  EXPECT_THAT(make_upstream(given).error().message, HasSubstr("/nonexistent/key"));
}

TEST(UpstreamHeaders, BoundTheirNumberAndTheQuerys) {
  OpenAiOptions given = options();
  for (int i = 0; i < 65; ++i) given.headers["X-" + std::to_string(i)] = "v";
  EXPECT_FALSE(make_upstream(given).ok());
  given.headers.clear();
  for (int i = 0; i < 65; ++i) given.query["q" + std::to_string(i)] = "v";
  EXPECT_EQ(make_upstream(given).error().details.at("field"), "/query");
  given.query = {{"", "v"}};
  EXPECT_FALSE(make_upstream(given).ok());
}

}  // namespace
}  // namespace shunt::generation::openai
