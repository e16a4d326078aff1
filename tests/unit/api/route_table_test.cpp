#include "surface/route_table.hpp"

#include <gtest/gtest.h>

#include "shunt/http/request_target.hpp"

namespace shunt::api {
namespace {

const Route* matched(std::string_view method, std::string_view path, RouteMatch* out = nullptr) {
  static http::RequestTarget target;
  EXPECT_TRUE(target.parse(path).ok());
  const RouteMatch match = match_route(method, target);
  if (out != nullptr) *out = match;
  return match.route;
}

TEST(RouteTable, EveryRouteMatchesItsOwnPath) {
  for (const Route& route : routes()) {
    EXPECT_EQ(matched(route.method, route.path), &route) << route.path;
  }
}

TEST(RouteTable, GivesTheNamedSegments) {
  RouteMatch match;
  const Route* const route = matched("GET", "/v1/generations/gen_1/artifacts/a.wav", &match);
  ASSERT_NE(route, nullptr);
  EXPECT_EQ(route->id, RouteId::kGetArtifact);
  EXPECT_EQ(match.parameters[0], "gen_1");
  EXPECT_EQ(match.parameters[1], "a.wav");
}

TEST(RouteTable, HasFilesAndModelsBelowOpenAisPrefixToo) {
  RouteMatch ours;
  RouteMatch theirs;
  const Route* const own = matched("GET", "/v1/files/file-1/content", &ours);
  const Route* const again = matched("GET", "/openai/v1/files/file-1/content", &theirs);
  ASSERT_NE(own, nullptr);
  ASSERT_NE(again, nullptr);
  EXPECT_EQ(again->id, own->id);
  EXPECT_EQ(theirs.parameters[0], "file-1");
  EXPECT_TRUE(own->is_own());
  EXPECT_FALSE(again->is_own());
  EXPECT_NE(own->write_error, nullptr) << "both forms";
  EXPECT_NE(again->write_error, own->write_error) << "OpenAI's alone";
}

TEST(RouteTable, HasAFormOfErrorsForPathsThatAreNotThere) {
  struct Case {
    const char* path;
    bool problem;  // and nothing else
  };
  for (const Case& each :
       {Case{"/v1/moderations", false}, Case{"/openai/v1/x", false}, Case{"/openai", false},
        Case{"/v2/x", true}, Case{"/", true}, Case{"/admin/x", true}}) {
    RouteMatch match;
    (void)matched("PATCH", each.path, &match);
    EXPECT_EQ(match.write_error == nullptr, each.problem) << each.path;
  }
  RouteMatch match;
  (void)matched("POST", "/v1/generations", &match);
  EXPECT_EQ(match.write_error, nullptr) << "our own clients' alone";
}

TEST(RouteTable, TellsAWrongMethodFromAnUnknownPath) {
  RouteMatch match;
  EXPECT_EQ(matched("DELETE", "/v1/generations", &match), nullptr);
  EXPECT_TRUE(match.path_known);
  EXPECT_EQ(matched("GET", "/v2/generations", &match), nullptr);
  EXPECT_FALSE(match.path_known);
  EXPECT_EQ(matched("GET", "/v1/generations/", &match), nullptr) << "an empty segment is no id";
  EXPECT_EQ(matched("GET", "/1/2/3/4/5/6/7/8/9/10", &match), nullptr);
}

TEST(RouteTable, HeadGoesWhereGetGoes) {
  EXPECT_NE(matched("HEAD", "/healthz"), nullptr);
}

TEST(RouteTable, AllowNamesEveryMethodOfAPath) {
  http::RequestTarget target;
  ASSERT_TRUE(target.parse("/v1/generations").ok());
  EXPECT_EQ(allowed_methods(target), "POST, GET, HEAD, OPTIONS");
  ASSERT_TRUE(target.parse("/v1/generations/x/cancel").ok());
  EXPECT_EQ(allowed_methods(target), "POST, OPTIONS");
}

}  // namespace
}  // namespace shunt::api
