#include <gmock/gmock.h>

#include "configuration_fixture.hpp"

namespace shunt::config {
namespace {

using Headers = std::vector<std::pair<std::string, std::string>>;

Configuration with(const std::string& variable, const std::string& value) {
  return Given(kOneModel).variable(variable, value).loaded().configuration;
}

TEST(Tracing, is_off_unless_a_collector_is_named) {
  EXPECT_EQ(traces_url(Given(kOneModel).loaded().configuration.tracing), "");
}

TEST(Tracing, appends_the_path_to_an_endpoint_and_takes_a_whole_address_as_it_is) {
  const struct {
    const char* endpoint;
    const char* traces_endpoint;
    const char* url;
  } cases[] = {
      {"http://collector:4318", "", "http://collector:4318/v1/traces"},
      {"http://collector:4318/", "", "http://collector:4318/v1/traces"},
      {"https://host/otlp", "", "https://host/otlp/v1/traces"},
      {"", "http://host/custom", "http://host/custom"},
      {"http://collector:4318", "http://host/", "http://host/"},
  };
  for (const auto& c : cases) {
    TracingSettings settings;
    settings.otlp_endpoint = c.endpoint;
    settings.otlp_traces_endpoint = c.traces_endpoint;
    EXPECT_EQ(traces_url(settings), c.url);
  }
}

TEST(Tracing, takes_the_variables_that_opentelemetry_has_for_it) {
  const Loaded loaded = Given(kOneModel)
                            .variable("OTEL_EXPORTER_OTLP_ENDPOINT", "http://a:4318")
                            .variable("OTEL_EXPORTER_OTLP_TRACES_ENDPOINT", "http://b/x")
                            .variable("OTEL_SERVICE_NAME", "speech")
                            .loaded();
  EXPECT_EQ(loaded.configuration.tracing.otlp_endpoint, "http://a:4318");
  EXPECT_EQ(loaded.configuration.tracing.otlp_traces_endpoint, "http://b/x");
  EXPECT_EQ(loaded.configuration.tracing.service_name, "speech");
}

TEST(Tracing, reads_headers_from_a_table_and_from_a_list) {
  const Loaded file =
      Given(std::string("tracing.otlp_headers = { a = \"1\", \"x-b\" = \"two, three\" }\n") + kOneModel)
          .loaded();
  EXPECT_EQ(file.configuration.tracing.exporter.headers, (Headers{{"a", "1"}, {"x-b", "two, three"}}));
  const struct {
    const char* list;
    Headers headers;
  } cases[] = {
      {"a=1", {{"a", "1"}}},
      {"a=1,b=2", {{"a", "1"}, {"b", "2"}}},
      {"b=2,a=1", {{"a", "1"}, {"b", "2"}}},
      {" a = 1 , b = 2 ,", {{"a", "1"}, {"b", "2"}}},
      {"authorization=Basic%20YQ==", {{"authorization", "Basic YQ=="}}},
      {"a=1%2C2", {{"a", "1,2"}}},
      {"a=", {{"a", ""}}},
  };
  for (const auto& c : cases) {
    EXPECT_EQ(with("OTEL_EXPORTER_OTLP_HEADERS", c.list).tracing.exporter.headers, c.headers) << c.list;
  }
}

TEST(Tracing, refuses_headers_that_are_none_and_does_not_quote_them) {
  for (const char* list : {"secret", "=secret", "a b=secret", "a=secret%0Asecret", "a=secret%", "a=secret%4",
                           "a=secret%BA", "a=1,a=secret"}) {
    const std::string mistakes = Given(kOneModel).variable("OTEL_EXPORTER_OTLP_HEADERS", list).mistakes();
    EXPECT_THAT(mistakes, testing::HasSubstr("environment OTEL_EXPORTER_OTLP_HEADERS")) << list;
    EXPECT_THAT(mistakes, testing::Not(testing::HasSubstr("secret"))) << list;
  }
}

TEST(Tracing, refuses_endpoints_that_are_no_http_addresses) {
  for (const char* endpoint :
       {"collector:4318", "grpc://collector:4317", "http://", "http:///path", "http://a b"}) {
    EXPECT_THAT(Given(kOneModel).variable("OTEL_EXPORTER_OTLP_ENDPOINT", endpoint).mistakes(),
                testing::HasSubstr("must be empty, or an address that begins with http:// or https://"))
        << endpoint;
  }
}

TEST(Tracing, shows_no_secrets) {
  const Loaded loaded = Given(kOneModel)
                            .variable("OTEL_EXPORTER_OTLP_ENDPOINT", "http://user:secret@collector:4318")
                            .variable("OTEL_EXPORTER_OTLP_HEADERS", "authorization=secret")
                            .loaded();
  EXPECT_EQ(explained(loaded, "tracing.otlp_endpoint").value, "\"http://user:***@collector:4318\"");
  EXPECT_EQ(explained(loaded, "tracing.otlp_headers").value, "{ authorization = \"(set)\" }");
}

}  // namespace
}  // namespace shunt::config
