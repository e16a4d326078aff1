#include "surface/openapi.hpp"

#include <gtest/gtest.h>

#include <set>

#include "shunt/base/json.hpp"
#include "shunt/http/ascii.hpp"
#include "surface/route_table.hpp"

namespace shunt::api {
namespace {

JsonObject document() {
  auto parsed = parse_json(openapi_document(ModelRegistry().all()));
  EXPECT_TRUE(parsed.ok());
  return parsed->as_object();
}

// Collects every "$ref" below `value`.
void collect_references(const Json& value, std::set<std::string>& references) {
  if (const auto* const array = value.if_array()) {
    for (const Json& element : *array) collect_references(element, references);
  } else if (const auto* const object = value.if_object()) {
    for (const auto& [key, member] : *object) {
      if (key == "$ref") references.insert(std::string(member.as_string()));
      collect_references(member, references);
    }
  }
}

TEST(OpenApi, IsVersion31WithEveryRoute) {
  const JsonObject openapi = document();
  EXPECT_EQ(openapi.at("openapi"), "3.1.0");
  EXPECT_TRUE(openapi.at("info").as_object().contains("title"));
  EXPECT_TRUE(openapi.at("info").as_object().contains("version"));
  const auto& paths = openapi.at("paths").as_object();
  std::size_t operations = 0;
  for (const auto& [path, methods] : paths) operations += methods.as_object().size();
  EXPECT_EQ(operations, std::ranges::count_if(routes(), &Route::is_own));
  for (const Route& route : routes()) {
    if (!route.is_own()) continue;
    std::string method;
    for (const char c : route.method) method += http::ascii_lower(c);
    const auto& operation = paths.at(boost::json::string_view(route.path)).as_object().at(method).as_object();
    EXPECT_EQ(operation.at("operationId").as_string(), boost::json::string_view(route.operation));
    EXPECT_FALSE(operation.at("responses").as_object().empty());
  }
}

TEST(OpenApi, EveryPathParameterIsDeclaredAndEveryReferenceLeadsSomewhere) {
  const JsonObject openapi = document();
  for (const auto& [path, methods] : openapi.at("paths").as_object()) {
    for (const auto& [method, operation] : methods.as_object()) {
      std::size_t declared = 0;
      if (const Json* const parameters = operation.as_object().if_contains("parameters")) {
        for (const Json& parameter : parameters->as_array()) {
          if (parameter.as_object().at("in") != "path") continue;
          ++declared;
          EXPECT_EQ(parameter.as_object().at("required"), true);
          EXPECT_NE(path.find('{' + std::string(parameter.as_object().at("name").as_string()) + '}'),
                    path.npos);
        }
      }
      EXPECT_EQ(declared, static_cast<std::size_t>(std::count(path.begin(), path.end(), '{'))) << path;
    }
  }
  std::set<std::string> references;
  collect_references(openapi, references);
  EXPECT_GE(references.size(), 8u);
  const auto& schemas = openapi.at("components").as_object().at("schemas").as_object();
  for (const std::string& reference : references) {
    const std::string prefix = "#/components/schemas/";
    ASSERT_EQ(reference.substr(0, prefix.size()), prefix);
    EXPECT_TRUE(schemas.contains(reference.substr(prefix.size()))) << reference;
  }
}

Model with_rules(std::string name) {
  Model model;
  model.name = std::move(name);
  InputRule rule;
  rule.type = InputRule::Type::kString;
  rule.max_length = 7;
  model.input_rules = InputRules::compile({{"prompt", rule}}).value();
  return model;
}

TEST(OpenApi, HasTheInputOfEachModelThatIsVisible) {
  ModelRegistry models;
  ASSERT_TRUE(models.add(with_rules("a:b")).ok());
  ASSERT_TRUE(models.add(with_rules("a/b")).ok());
  ASSERT_TRUE(models.add(with_rules("secret")).ok());
  const std::string text =
      openapi_document(models.all(), [](std::string_view model) { return model != "secret"; });
  EXPECT_EQ(text.find("secret"), std::string::npos);
  const Json document = parse_json(text).value();
  const JsonObject& schemas = document.at("components").at("schemas").as_object();
  EXPECT_EQ(schemas.at("Input_a_b").at("properties").at("prompt").at("maxLength"), 7);
  EXPECT_TRUE(schemas.contains("Input_a_b_2"));
  const JsonArray& conditions = schemas.at("GenerationRequest").at("allOf").as_array();
  ASSERT_EQ(conditions.size(), 2U);
  EXPECT_EQ(conditions[0].at("if").at("properties").at("model").at("const"), "a/b");
  EXPECT_EQ(conditions[0].at("then").at("properties").at("input").at("$ref"),
            "#/components/schemas/Input_a_b");
}

}  // namespace
}  // namespace shunt::api
