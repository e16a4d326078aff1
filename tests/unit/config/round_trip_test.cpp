#include <gmock/gmock.h>

#include "configuration_fixture.hpp"

namespace shunt::config {
namespace {

// A file that gives every setting the value that `loaded` shows for it.
std::string as_file(const Loaded& loaded) {
  std::string text;
  for (const Explained& each : loaded.explained) {
    if (each.value != "none") text += each.name + " = " + each.value + '\n';
  }
  return text;
}

TEST(RoundTrip, what_is_shown_can_be_written_into_a_file_and_means_the_same) {
  const Loaded first = Given(R"(
server.listen = "[::1]:0"
[models."a.b"]
driver = "command"
argv = ["p", "quote \" backslash \\ tab \t newline \n bell \u0007 ü"]
defaults = { "odd key" = "x", plain = "y" }
max_output_bytes = 1000
max_cpu = "90s"
input."odd.key" = { type = "string", pattern = '\\d "+', enum = ["1 \""], max_length = 5 }
input.n = { type = "number", minimum = -0.5, default = 2.0, description = 'so "many"' }
input.list = { type = "array", max_items = 3, default = ["a", "b"], items = { type = "string", max_length = 4 } }
input.image = { type = "file", types = ["image/png"], max_bytes = "1MiB", urls = ["https", "data"], url_hosts = ["*.example.com"] }
[models."a.b".input.box]
type = "object"
unlisted = "refuse"
default = { "a b" = 1, c = [true] }
[models."a.b".input.box.properties."a b"]
type = "integer"
[models."a.b".input.box.properties.c]
type = "array"
items = { type = "boolean" }
[models.sim]
driver = "simulator"
spread = 0.1
failure_rate = 1e-9
result_bytes = "3KiB"
first_token = "1500ms"
)")
                           .loaded();
  const Loaded second = Given(as_file(first)).loaded();
  ASSERT_EQ(first.explained.size(), second.explained.size());
  for (std::size_t i = 0; i < first.explained.size(); ++i) {
    EXPECT_EQ(first.explained[i].name, second.explained[i].name);
    EXPECT_EQ(first.explained[i].value, second.explained[i].value) << first.explained[i].name;
  }
  const auto& before = std::get<CommandOptions>(first.configuration.models.front().driver);
  const auto& after = std::get<CommandOptions>(second.configuration.models.front().driver);
  EXPECT_EQ(before.argv, after.argv);
  EXPECT_EQ(before.defaults, after.defaults);
  EXPECT_EQ(first.configuration.models.front().input_rules.at("odd.key").pattern,
            second.configuration.models.front().input_rules.at("odd.key").pattern);
  const auto schema = [](const Loaded& loaded) {
    return Json(InputRules::compile(loaded.configuration.models.front().input_rules).value().schema());
  };
  EXPECT_EQ(schema(first), schema(second));
  EXPECT_EQ(schema(first).at("properties").at("list").at("items").at("maxLength"), 4);
  EXPECT_EQ(schema(first).at("properties").at("box").at("default"),
            (Json(JsonObject{{"a b", 1}, {"c", JsonArray{true}}})));
}

TEST(RoundTrip, every_variable_of_the_reference_takes_the_value_that_is_shown) {
  const Loaded first = Given(kOneModel).loaded();
  for (const Explained& each : first.explained) {
    if (each.name.starts_with("models.")) continue;
    std::string variable = "SHUNT_" + each.name;
    for (char& c : variable)
      c = c == '.' ? '_' : static_cast<char>(std::toupper(static_cast<unsigned char>(c)));
    if (each.name == "queue.enabled") variable = "QUEUE_ENABLED";
    if (each.name == "redis.url") variable = "REDIS_URL";
    if (each.name == "tracing.otlp_endpoint") variable = "OTEL_EXPORTER_OTLP_ENDPOINT";
    if (each.name == "tracing.otlp_traces_endpoint") variable = "OTEL_EXPORTER_OTLP_TRACES_ENDPOINT";
    if (each.name == "tracing.otlp_headers") variable = "OTEL_EXPORTER_OTLP_HEADERS";
    if (each.name == "tracing.service_name") variable = "OTEL_SERVICE_NAME";
    std::string value = each.value;
    if (value.starts_with('"')) value = value.substr(1, value.size() - 2);
    if (each.name == "tracing.otlp_headers") value = "name=value";
    if (value.empty() && each.name.starts_with("tracing.")) value = "http://host:4318";
    if (value.empty() && (each.name.starts_with("webhooks.") || each.name == "server.public_url"))
      value = "https://shunt.example.com";
    if (each.name == "redis.password_file") value = "/run/secrets/redis";
    if (value.empty()) value = each.name == "worker.listen" ? "127.0.0.1:9090" : "redis://host";
    const Loaded second = Given(kOneModel).variable(variable, value).loaded();
    EXPECT_EQ(explained(second, each.name).source, "environment " + variable);
  }
}

}  // namespace
}  // namespace shunt::config
