#include "drivers/openai/upstream.hpp"

#include <gmock/gmock.h>

#include <cstdlib>
#include <filesystem>
#include <fstream>

namespace shunt::generation::openai {
namespace {

using ::testing::Contains;
using ::testing::HasSubstr;
using ::testing::Not;
using ::testing::StartsWith;

OpenAiOptions options_for(const std::string& base_url) {
  OpenAiOptions options;
  options.base_url = base_url;
  options.model = "tiny";
  return options;
}

class KeyFile {
 public:
  explicit KeyFile(std::string_view text) { std::ofstream(path_, std::ios::binary) << text; }
  ~KeyFile() { std::filesystem::remove(path_); }
  [[nodiscard]] std::string path() const { return path_; }

 private:
  const std::string path_ = ::testing::TempDir() + "shunt-key-" + std::to_string(::getpid()) +
                            ::testing::UnitTest::GetInstance()->current_test_info()->name();
};

TEST(Upstream, KnowsWhereToConnectAndWhatToAsk) {
  struct Case {
    std::string base_url, url, host;
    int port;
  };
  for (const Case& c :
       {Case{"http://127.0.0.1:8000/v1", "http://127.0.0.1:8000/v1/chat/completions", "127.0.0.1", 8000},
        Case{"https://llm.example//", "https://llm.example/chat/completions", "llm.example", 443},
        Case{"http://[::1]/v1/", "http://[::1]/v1/chat/completions", "::1", 80}}) {
    const auto upstream = make_upstream(options_for(c.base_url));
    ASSERT_TRUE(upstream.ok()) << upstream.error().message;
    EXPECT_EQ(upstream->url, c.url);
    EXPECT_EQ(upstream->endpoint.host, c.host);
    EXPECT_EQ(upstream->endpoint.port, c.port);
  }
}

TEST(Upstream, IsRefusedWhereItsAddressHasThePathThatIsAdded) {
  for (const std::string base_url :
       {"http://127.0.0.1:8000/v1/chat/completions", "http://127.0.0.1:8000/v1/chat/completions/"}) {
    const auto upstream = make_upstream(options_for(base_url));
    ASSERT_FALSE(upstream.ok()) << base_url;
    EXPECT_THAT(upstream.error().message,
                HasSubstr("base_url must end before /chat/completions, which is added to it"));
  }
  OpenAiOptions embeddings = options_for("http://127.0.0.1:8000/embeddings/v1");
  embeddings.operation = OpenAiOperation::kEmbeddings;
  EXPECT_TRUE(make_upstream(embeddings).ok());
}

TEST(Upstream, ConnectsToTheProxyIfThereIsOne) {
  OpenAiOptions options = options_for("http://llm.example/v1");
  options.proxy = "http://10.0.0.1:3128";
  const auto upstream = make_upstream(options);
  ASSERT_TRUE(upstream.ok());
  EXPECT_EQ(upstream->endpoint.host, "10.0.0.1");
  EXPECT_EQ(upstream->endpoint.port, 3128);
  EXPECT_EQ(upstream->address, "llm.example:80");
}

TEST(Upstream, RefusesAddressesThatItCannotUseWithoutQuotingThem) {
  for (const std::string base_url :
       {"", "127.0.0.1:8000", "ftp://host/v1", "file:///etc/passwd", "http://", "http://a:hunter2@host/v1",
        "http://host/v1?key=hunter2", "http://host/v1#x"}) {
    const auto upstream = make_upstream(options_for(base_url));
    ASSERT_FALSE(upstream.ok()) << base_url;
    EXPECT_EQ(upstream.error().code, "invalid_configuration");
    EXPECT_EQ(upstream.error().details.at("field"), "/base_url") << base_url;
    EXPECT_THAT(upstream.error().message, Not(HasSubstr("hunter2")));
  }
}

TEST(Upstream, RefusesUnusableLimitsByName) {
  const std::pair<std::string_view, void (*)(OpenAiOptions&)> cases[] = {
      {"/model", [](OpenAiOptions& o) { o.model.clear(); }},
      {"/connect_timeout", [](OpenAiOptions& o) { o.connect_timeout = {}; }},
      {"/first_byte_timeout", [](OpenAiOptions& o) { o.first_byte_timeout = {}; }},
      {"/idle_timeout", [](OpenAiOptions& o) { o.idle_timeout = std::chrono::milliseconds(-1); }},
      {"/max_response_bytes", [](OpenAiOptions& o) { o.max_response_bytes = 0; }},
      {"/proxy", [](OpenAiOptions& o) { o.proxy = "socks5://host"; }}};
  for (const auto& [field, spoil] : cases) {
    OpenAiOptions options = options_for("http://host/v1");
    spoil(options);
    const auto upstream = make_upstream(options);
    ASSERT_FALSE(upstream.ok()) << field;
    EXPECT_EQ(upstream.error().details.at("field"), boost::json::string(field));
  }
}

TEST(Upstream, ReadsTheKeyFromAFileWithoutTheSpaceAroundIt) {
  const KeyFile file(" sk-123 \r\n\n");
  OpenAiOptions options = options_for("http://host/v1");
  options.api_key_file = file.path();
  const auto upstream = make_upstream(options);
  ASSERT_TRUE(upstream.ok()) << upstream.error().message;
  EXPECT_THAT(request_headers(*upstream, {}), Contains("Authorization: Bearer sk-123"));
}

TEST(Upstream, ReadsTheKeyFromTheEnvironmentAtConstruction) {
  setenv("SHUNT_TEST_KEY", "sk-env\n", 1);
  OpenAiOptions options = options_for("http://host/v1");
  options.api_key_env = "SHUNT_TEST_KEY";
  const auto upstream = make_upstream(options);
  unsetenv("SHUNT_TEST_KEY");
  ASSERT_TRUE(upstream.ok()) << upstream.error().message;
  EXPECT_EQ(upstream->api_key, "sk-env");
  const auto missing = make_upstream(options);
  ASSERT_FALSE(missing.ok());
  EXPECT_EQ(missing.error().details.at("field"), "/api_key_env");
  EXPECT_THAT(missing.error().message, HasSubstr("SHUNT_TEST_KEY"));
}

TEST(Upstream, RefusesWhatCannotBeAKeyWithoutShowingIt) {
  for (const std::string& text : {std::string(), std::string(" \n"), std::string("hunter2\nX-Evil: hunter2"),
                                  std::string("hunter2\0", 8), std::string(20'000, 'h')}) {
    const KeyFile file(text);
    OpenAiOptions options = options_for("http://host/v1");
    options.api_key_file = file.path();
    const auto upstream = make_upstream(options);
    ASSERT_FALSE(upstream.ok()) << text;
    EXPECT_EQ(upstream.error().details.at("field"), "/api_key_file");
    EXPECT_THAT(upstream.error().message, Not(HasSubstr("hunter2")));
  }
}

TEST(Upstream, RefusesAMissingKeyFileAFolderAndTwoSources) {
  OpenAiOptions options = options_for("http://host/v1");
  for (const std::string& path : {std::string("/nonexistent/key"), ::testing::TempDir()}) {
    options.api_key_file = path;
    EXPECT_FALSE(make_upstream(options).ok()) << path;
  }
  const KeyFile file("sk-123");
  options.api_key_file = file.path();
  options.api_key_env = "HOME";
  EXPECT_FALSE(make_upstream(options).ok());
}

TEST(Upstream, SendsTheTraceContextUnlessItIsNoHeaderValue) {
  const auto upstream = make_upstream(options_for("http://host/v1"));
  ASSERT_TRUE(upstream.ok());
  GenerationRequest::Context context;
  context.traceparent = "00-0af7651916cd43dd8448eb211c80319c-b7ad6b7169203331-01";
  context.tracestate = "vendor=x";
  EXPECT_THAT(request_headers(*upstream, context), Contains("traceparent: " + context.traceparent));
  EXPECT_THAT(request_headers(*upstream, context), Contains("tracestate: vendor=x"));
  context.tracestate = "vendor=x\r\nX-Evil: 1";
  EXPECT_THAT(request_headers(*upstream, context), Not(Contains(StartsWith("tracestate"))));
  context.traceparent = "00\nX-Evil: 1";
  EXPECT_THAT(request_headers(*upstream, context), Not(Contains(StartsWith("traceparent"))));
}

}  // namespace
}  // namespace shunt::generation::openai
